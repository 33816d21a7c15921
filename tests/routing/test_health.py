from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beaufort.routing.health import (
    AttemptOutcome,
    Health,
    HealthPolicy,
    ProbeOutcome,
    State,
    after_attempt,
    after_probe,
    probing,
)

POLICY = HealthPolicy(interval=1.0, first_retry=0.1, failed_probes=2, failed_requests=5)
HEALTHY = after_probe(Health(), ProbeOutcome.READY, 0.0, POLICY)
OUTCOMES = st.one_of(st.sampled_from(ProbeOutcome), st.sampled_from(AttemptOutcome))
HISTORIES = st.lists(OUTCOMES, max_size=40)
DOUBTS = [AttemptOutcome.UNREACHABLE, AttemptOutcome.BROKEN, AttemptOutcome.SERVER_ERROR, AttemptOutcome.TIMED_OUT]


def step(health: Health, outcome: ProbeOutcome | AttemptOutcome, now: float) -> Health:
    if isinstance(outcome, ProbeOutcome):
        return after_probe(probing(health), outcome, now, POLICY)
    return after_attempt(health, outcome, now, POLICY)


def run(history: list[ProbeOutcome | AttemptOutcome]) -> Health:
    health = Health()
    for turn, outcome in enumerate(history):
        health = step(health, outcome, float(turn))
    return health


@given(HISTORIES)
def test_the_first_good_probe_brings_it_back(history: list[ProbeOutcome | AttemptOutcome]) -> None:
    assert step(run(history), ProbeOutcome.READY, 99.0).state is State.HEALTHY


@given(HISTORIES, st.sampled_from([ProbeOutcome.REFUSED, ProbeOutcome.NOT_READY]))
def test_what_is_certain_counts_at_once(history: list[ProbeOutcome | AttemptOutcome], outcome: ProbeOutcome) -> None:
    assert step(run(history), outcome, 99.0).state is State.UNHEALTHY


@given(HISTORIES, st.sampled_from([AttemptOutcome.REFUSED, AttemptOutcome.NOT_READY]))
def test_no_request_goes_where_one_was_refused(
    history: list[ProbeOutcome | AttemptOutcome], outcome: AttemptOutcome
) -> None:
    assert step(run(history), outcome, 99.0).state is not State.HEALTHY


@given(HISTORIES, OUTCOMES)
def test_the_next_probe_is_never_later_than_one_interval(
    history: list[ProbeOutcome | AttemptOutcome], outcome: ProbeOutcome | AttemptOutcome
) -> None:
    assert step(run(history), outcome, float(len(history))).probe_at <= len(history) + POLICY.interval


@given(HISTORIES)
def test_only_a_probe_makes_an_endpoint_healthy(history: list[ProbeOutcome | AttemptOutcome]) -> None:
    health = run(history)
    if health.state is not State.HEALTHY:
        for outcome in AttemptOutcome:
            assert step(health, outcome, 99.0).state is not State.HEALTHY


@given(st.sampled_from(DOUBTS), st.integers(1, 12))
def test_doubts_count_in_a_row(doubt: AttemptOutcome, times: int) -> None:
    health = HEALTHY
    for _ in range(times):
        health = step(health, doubt, 0.5)
    assert (health.state is State.UNHEALTHY) == (times >= POLICY.failed_requests)


def test_a_single_failed_probe_does_not_flap_but_is_repeated_soon() -> None:
    doubtful = step(HEALTHY, ProbeOutcome.FAILED, 1.0)
    assert doubtful.state is State.HEALTHY
    assert doubtful.probe_at == pytest.approx(1.1)
    assert step(doubtful, ProbeOutcome.FAILED, 2.0).state is State.UNHEALTHY


def test_a_served_request_forgives() -> None:
    doubtful = step(step(HEALTHY, ProbeOutcome.FAILED, 1.0), AttemptOutcome.SERVED, 1.5)
    assert step(doubtful, ProbeOutcome.FAILED, 2.0).state is State.HEALTHY


def test_a_served_request_costs_nothing_when_all_is_well() -> None:
    assert step(HEALTHY, AttemptOutcome.SERVED, 5.0) is HEALTHY


def test_a_good_probe_does_not_forgive_failed_requests() -> None:
    health = HEALTHY
    for _ in range(POLICY.failed_requests - 1):
        health = step(step(health, AttemptOutcome.SERVER_ERROR, 1.0), ProbeOutcome.READY, 1.1)
    down = step(health, AttemptOutcome.SERVER_ERROR, 1.2)
    assert down.state is State.UNHEALTHY
    assert down.reason == "5 requests in a row failed, the last one: it answers with a server error"


def test_a_doubt_brings_the_next_probe_forward() -> None:
    assert step(HEALTHY, AttemptOutcome.BROKEN, 0.2).probe_at == pytest.approx(0.3)
    assert step(replace(HEALTHY, probe_at=0.25), AttemptOutcome.BROKEN, 0.2).probe_at == pytest.approx(0.25)


def test_back_off_doubles_up_to_the_interval() -> None:
    health = step(HEALTHY, ProbeOutcome.REFUSED, 10.0)
    waits = [health.probe_at - 10.0]
    for _ in range(5):
        health = step(health, ProbeOutcome.REFUSED, 10.0)
        waits.append(health.probe_at - 10.0)
    assert waits == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.0, 1.0])


def test_requests_that_were_lost_do_not_postpone_the_probe() -> None:
    down = step(HEALTHY, AttemptOutcome.REFUSED, 10.0)
    assert step(down, AttemptOutcome.REFUSED, 10.05) is down


def test_an_endpoint_on_trial_takes_no_requests() -> None:
    down = step(HEALTHY, ProbeOutcome.REFUSED, 10.0)
    assert probing(down).state is State.PROBING
    assert probing(HEALTHY) is HEALTHY
