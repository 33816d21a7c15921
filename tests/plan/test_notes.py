"""What a plan assumes is said in its notes."""

import pytest
from tests.plan.services import example, planned, service

L40S = "accelerators: [{product: L40S, pricePerHour: 1.9, maxNodes: 60%s}]"


def told(*lines: str, model: str = "") -> str:
    return "\n".join(planned(service(*lines, model=model)).notes)


def test_the_source_of_the_step_times_and_their_error_come_first() -> None:
    plan = planned(example("mistral-7b.yaml"))
    assert plan.notes[0] == f"Step times: {plan.expectation.source}; known error: {plan.expectation.known_error}."
    assert "15% to spare" in plan.notes[1]


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ("constant", "independently of each other"),
        ("{kind: bursty, variation: 3}", "varies 9 times as much as of independent ones"),
    ],
)
def test_how_requests_come(shape: str, said: str) -> None:
    assert said in told(L40S % "", f"traffic: {{rate: 5, shape: {shape}}}")


def test_prices_from_a_list_are_told_with_their_dates_and_those_of_the_file_are_not() -> None:
    listed = told("cluster: {provider: eks}", "accelerators: [{product: L40S, maxNodes: 4}]")
    assert "List prices are a beginning" in listed
    assert "AWS price list" in listed
    assert "2026-" in listed
    assert "List prices" not in told(L40S % "")


def test_how_long_a_start_takes_and_when_nothing_is_scaled_down() -> None:
    assert "after its pod has a node" in told(L40S % "")
    spiky = told(L40S % "", "traffic: {rate: 5, shape: {kind: spikes, height: 3, every: 30m, lasting: 2m}}")
    assert "Traffic may grow by 200% while a replica starts" in spiky


def test_what_spot_nodes_are_taken_to_do() -> None:
    spot = told(L40S % ", capacity: spot", "cluster: {provider: eks, zones: [a, b, c]}")
    assert "missing for 10% of the time" in spot
    assert "told of its end 120 s before" in spot
    few = told(L40S % ", capacity: spot", "objectives: {availability: 80%}")
    assert "does not cover a reclaim" in few
    assert "told of its end 30 s before" in few
    assert "spot" not in told(L40S % "")


def test_a_fixed_form_that_loses_more_than_allowed_is_told() -> None:
    lines = (L40S % "", "objectives: {maxAccuracyLoss: 0.1%}")
    assert "more than maxAccuracyLoss" in told(*lines, model=", quantisation: w4a16")
