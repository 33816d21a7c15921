from hypothesis import given
from hypothesis import strategies as st

from beaufort.fleet.backoff import HEALTHY_SECONDS, LONGEST_DELAY, Backoff


def delays(deaths: int, healthy: float = 0.0) -> list[float]:
    backoff = Backoff()
    result = []
    for _ in range(deaths):
        backoff = backoff.died(healthy)
        result.append(backoff.delay)
    return result


def test_the_first_restart_is_at_once_and_the_next_ones_double() -> None:
    assert delays(8) == [0, 1, 2, 4, 8, 16, 30, 30]


def test_a_minute_of_health_makes_up_for_every_death() -> None:
    backoff = Backoff(deaths=9).died(HEALTHY_SECONDS)
    assert backoff == Backoff(1)
    assert backoff.delay == 0


def test_less_health_makes_up_for_none() -> None:
    assert Backoff(9).died(HEALTHY_SECONDS - 0.1) == Backoff(10)


@given(st.lists(st.floats(0, 200), min_size=1, max_size=3000))
def test_a_delay_is_bounded_and_grows_only_by_doubling(lives: list[float]) -> None:
    backoff = Backoff()
    for life in lives:
        before, backoff = backoff, backoff.died(life)
        assert 0 <= backoff.delay <= LONGEST_DELAY
        assert backoff.delay == 0 or before.delay <= backoff.delay <= max(1.0, 2 * before.delay)
