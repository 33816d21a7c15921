"""What autoscaling holds, and what evictions may take."""

import pytest
from tests.plan.services import planned, service

NODES = "accelerators: [{product: L40S, pricePerHour: 2, maxNodes: 60}]"


def test_running_requests_over_their_target_are_the_planned_replicas() -> None:
    plan = planned(service(NODES, "traffic: {rate: 60, shape: constant}"))
    (region,) = plan.regions
    running = plan.expectation.running_per_replica * region.replicas.planned
    assert running / plan.scaling.running_target == pytest.approx(region.replicas.planned, rel=0.02)


def test_growth_during_a_start_lowers_the_target() -> None:
    plan = planned(service(NODES, "traffic: {rate: 60, shape: {kind: diurnal, peak: 4, period: 4h}}"))
    assert plan.regions[0].replicas.min < plan.regions[0].replicas.planned
    assert plan.scaling.running_target < plan.expectation.running_per_replica * 0.97


def test_evictions_may_take_what_is_spare() -> None:
    plan = planned(service(NODES, "traffic: {rate: 60}", "objectives: {availability: 99.9%}"))
    spare = plan.regions[0].replicas.spare
    assert spare >= 1
    assert plan.disruption.max_unavailable == spare
    none = planned(service(NODES, "traffic: {rate: 1}", "objectives: {availability: 90%}"))
    assert none.regions[0].replicas.spare == 0
    assert none.disruption.max_unavailable == 1
