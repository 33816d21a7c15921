from __future__ import annotations

from collections.abc import Callable

import pytest

from beaufort.plan.plan import Plan
from beaufort.render import Setting
from beaufort.render.nodes.shutdown import division, notice_seconds


@pytest.mark.parametrize(("provider", "seconds"), [("eks", 120), ("gke", 30), ("aks", 30), ("other", 30)])
def test_what_is_told_ahead_depends_on_the_provider(
    adjusted: Callable[..., Plan], named: Callable[..., Setting], provider: str, seconds: int
) -> None:
    plan = adjusted(named("spot").plan, cluster={"provider": provider})
    assert notice_seconds(Setting(plan, plan.regions[0], 30)) == seconds


@pytest.mark.parametrize("notice", [None, 4.0, 20.0, 60.0, 3600.0])
def test_a_spot_node_is_done_before_it_vanishes(
    adjusted: Callable[..., Plan], plan: Plan, notice: float | None
) -> None:
    plan = adjusted(plan, nodes={"reclaim_notice": notice})
    for region in plan.regions:
        setting = Setting(plan, region, 30)
        for pool in region.pools:
            found = division(setting, pool)
            assert found.pods >= 1
            assert found.critical >= 1
            if pool.capacity == "spot":
                assert found.pods + found.critical < notice_seconds(setting)
                assert bool(found.note) == (found.pods < plan.lifecycle.grace_seconds)
            else:
                assert (found.pods, found.note) == (plan.lifecycle.grace_seconds, "")
