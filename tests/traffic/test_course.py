import pytest
from hypothesis import given
from hypothesis import strategies as st

from beaufort.traffic.course import Course, Daily, Spiking, Steady, Windows

COURSES: list[Course] = [
    Steady(),
    Daily(2.5, 86400),
    Daily(100, 3600),
    Spiking(5, 1 / 60),
    Windows(60, (0.5, 1.0, 1.5)),
]


@pytest.mark.parametrize("course", COURSES, ids=lambda course: type(course).__name__)
def test_the_mean_is_one_and_the_peak_is_the_highest(course: Course) -> None:
    assert sum(share for share, _ in course.levels) == pytest.approx(1)
    assert sum(share * rate for share, rate in course.levels) == pytest.approx(1, rel=1e-6)
    assert max(rate for _, rate in course.levels) == pytest.approx(course.peak, rel=1e-6)


@given(st.floats(1.001, 100), st.floats(60, 1e6), st.floats(0, 1e6))
def test_a_day_grows_by_less_than_from_its_lowest_to_its_highest(peak: float, period: float, seconds: float) -> None:
    day = Daily(peak, period)
    lowest = min(rate for _, rate in day.levels)
    assert day.growth(seconds) >= 0
    # Compared in logarithms: the lowest rate of a sharp peak is no number any more.
    if lowest > 1e-12:
        assert 1 + day.growth(seconds) <= peak / lowest * 1.001


def test_a_day_grows_slowly_and_a_short_one_fast() -> None:
    assert Daily(2.5, 86400).growth(300) < 0.05
    assert Daily(2.5, 900).growth(300) > 1


def test_growth_is_what_the_curve_does_at_its_steepest() -> None:
    day = Daily(2.5, 720)
    rates = [rate for _, rate in day.levels]  # half a period, one rate a second
    steepest = max(earlier / later for earlier, later in zip(rates, rates[30:], strict=False))
    assert 1 + day.growth(30) == pytest.approx(steepest, rel=0.01)


def test_a_spike_grows_at_once_whatever_the_time() -> None:
    assert Spiking(5, 0.1).growth(0) == Spiking(5, 0.1).growth(1000) == 4
    assert Spiking(3, 2 / 30).peak == pytest.approx(3 / (1 + 2 * 2 / 30))


def test_windows_grow_to_the_highest_of_those_that_follow() -> None:
    windows = Windows(60, (1.0, 0.5, 1.0, 1.5))
    assert windows.growth(60) == pytest.approx(1)
    assert windows.growth(120) == pytest.approx(2)
    assert Windows(60, (1.5, 1.0, 0.5)).growth(600) == 0


def test_a_long_recording_is_told_in_few_levels_that_are_not_too_low() -> None:
    windows = Windows(60, tuple(float(rate) for rate in range(10_000)))
    assert len(windows.levels) <= 500
    assert sum(share for share, _ in windows.levels) == pytest.approx(1)
    assert sum(share * rate for share, rate in windows.levels) >= 4999.5
