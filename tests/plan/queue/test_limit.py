from hypothesis import given, settings
from hypothesis import strategies as st
from tests.plan.queue.test_station import station

from beaufort.plan.queue.limit import HIGHEST_LOAD, Target, limit, margin

AT = station()
GENEROUS = Target(1e6, 0.95, 1e6, 0.95)


def test_without_objectives_the_highest_load_is_the_limit() -> None:
    assert 0.99 * HIGHEST_LOAD * AT.most() < limit(AT, GENEROUS, 1.0) <= HIGHEST_LOAD * AT.most()


def test_what_no_replica_keeps_gives_nothing() -> None:
    assert limit(AT, Target(1e-6, 0.95, 1, 0.95), 1.0) == 0
    assert limit(AT, Target(1, 0.95, 1e-6, 0.95), 1.0) == 0


def test_at_the_limit_both_latencies_keep_their_margin() -> None:
    target = Target(0.5, 0.99, 0.03, 0.95)
    state = AT.at(limit(AT, target, 1.0), 1.0)
    assert state is not None
    assert state.ttft(99) * margin(1.0) <= 0.5 * 1.002
    assert state.tpot(95) * margin(1.0) <= 0.03 * 1.002
    beyond = AT.at(1.1 * limit(AT, target, 1.0), 1.0)
    assert beyond is not None
    assert not target.met(beyond)


@settings(max_examples=25, deadline=None)
@given(st.floats(0.02, 3), st.floats(0.01, 0.2), st.floats(0.5, 0.999), st.floats(1, 3), st.floats(1, 3))
def test_a_looser_target_never_gives_less(ttft: float, tpot: float, share: float, more: float, longer: float) -> None:
    tight = Target(ttft, share, tpot, share)
    loose = Target(ttft * more, share, tpot * longer, share)
    assert limit(AT, tight, 4.0) <= limit(AT, loose, 4.0)


def test_bursts_ask_for_a_larger_margin() -> None:
    assert margin(1.0) < margin(4.0) < margin(1e6) < 1.3
