import pytest
from hypothesis import given
from hypothesis import strategies as st

from beaufort.fleet.state import NEXT, TRIES, Phase, State, show_exit


def test_a_life_without_trouble() -> None:
    state = State(0.0).answered(4.0).drained(60.0).died(0, 61.0)
    assert (state.phase, state.since, state.restarts) == (Phase.STOPPED, 61.0, 0)


def test_a_ready_process_that_is_killed_starts_again_at_once() -> None:
    state = State(0.0).answered(4.0).died(-9, 10.0)
    assert (state.phase, state.reason, state.exit_code) == (Phase.RESTARTING, "killed by SIGKILL", -9)
    assert state.retry_at == 10.0
    again = state.started(10.0)
    assert (again.phase, again.restarts) == (Phase.STARTING, 1)


@pytest.mark.parametrize("code", [2, 3])
def test_a_first_start_that_cannot_succeed_is_not_repeated(code: int) -> None:
    assert State(0.0).died(code, 1.0).phase is Phase.FAILED


@pytest.mark.parametrize("code", [2, 3])
def test_the_same_exit_code_later_is_an_accident(code: int) -> None:
    later = State(0.0).answered(1.0).died(1, 2.0).started(2.0)
    assert later.died(code, 3.0).phase is Phase.RESTARTING


def test_a_process_that_is_never_ready_is_given_up() -> None:
    state = State(0.0)
    for _ in range(TRIES - 1):
        state = state.died(1, state.since + 1)
        state = state.started(state.retry_at)
    assert state.died(1, state.since + 1).phase is Phase.FAILED


def test_a_process_that_was_ready_is_never_given_up() -> None:
    state = State(0.0).answered(1.0)
    for _ in range(5 * TRIES):
        state = state.died(1, state.since)
        state = state.started(state.retry_at)
    assert state.phase is Phase.STARTING
    assert state.restarts == 5 * TRIES


def test_who_waits_for_a_restart_has_nothing_to_finish() -> None:
    assert State(0.0).answered(1.0).died(1, 2.0).drained(2.0).phase is Phase.STOPPED


@pytest.mark.parametrize("phase", [Phase.STOPPED, Phase.FAILED])
def test_nothing_follows_the_end(phase: Phase) -> None:
    over = State(0.0, phase)
    assert over.over
    for step in (over.answered, over.started, over.drained):
        with pytest.raises(RuntimeError, match=f"cannot go from {phase}"):
            step(1.0)


def test_a_ready_process_cannot_be_started() -> None:
    with pytest.raises(RuntimeError, match="from ready to starting"):
        State(0.0).answered(1.0).started(2.0)


@given(st.lists(st.sampled_from(["answered", "started", "drained", "died 0", "died 2", "died -9"]), max_size=30))
def test_every_way_through_is_in_the_table(steps: list[str]) -> None:
    state = State(0.0)
    for now, step in enumerate(steps):
        verb, _, code = step.partition(" ")
        before = state
        try:
            state = state.died(int(code), now) if verb == "died" else getattr(state, verb)(float(now))
        except RuntimeError:
            continue
        assert state.phase in NEXT[before.phase]
        assert state.since == now
        assert state.restarts - before.restarts == (verb == "started")
        assert state.proven >= before.proven


@pytest.mark.parametrize(
    ("code", "words"),
    [(0, "exit code 0"), (3, "exit code 3"), (-15, "killed by SIGTERM"), (-40, "killed by signal 40")],
)
def test_how_a_process_ended(code: int, words: str) -> None:
    assert show_exit(code) == words
