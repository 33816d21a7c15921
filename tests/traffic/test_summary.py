import random
from collections.abc import Iterator

import pytest

from beaufort.traffic.course import Steady, Windows
from beaufort.traffic.summary import summarise
from beaufort.traffic.trace import Arrival, Trace


def arriving(gaps: Iterator[float], count: int) -> Trace:
    now, arrivals = 0.0, []
    for _ in range(count):
        arrivals.append(Arrival(now, 100, 10))
        now += next(gaps)
    return Trace(tuple(arrivals))


def exponential(rate: float, seed: int = 1) -> Iterator[float]:
    rng = random.Random(seed)  # noqa: S311 - a seeded sequence of arrivals is no secret
    while True:
        yield rng.expovariate(rate)


def bunched(rate: float, variation: float, seed: int = 1) -> Iterator[float]:
    rng = random.Random(seed)  # noqa: S311 - a seeded sequence of arrivals is no secret
    while True:
        yield rng.gammavariate(1 / variation**2, variation**2 / rate)


def test_a_poisson_process_has_its_rate_and_a_dispersion_of_one() -> None:
    told = summarise(arriving(exponential(8), 20_000))
    assert told.rate == pytest.approx(8, rel=0.02)
    assert told.dispersion == pytest.approx(1, abs=0.1)
    assert told.course.peak < 1.4
    assert (told.shared, told.clock_seconds, told.requests) == (0, 0, 20_000)


def test_bunches_are_dispersed_by_about_the_square_of_their_variation() -> None:
    told = summarise(arriving(bunched(50, 3), 50_000))
    assert 5 < told.dispersion < 10


def test_a_clock_of_three_seconds_is_no_burst() -> None:
    exact = arriving(exponential(3), 10_000)
    coarse = Trace(tuple(Arrival(each.seconds // 3 * 3, 100, 10) for each in exact.arrivals))
    assert summarise(coarse).clock_seconds == 3
    assert summarise(coarse).dispersion == pytest.approx(1, abs=0.35)


def test_a_rate_that_doubles_is_a_course() -> None:
    quiet = arriving(exponential(10), 6000).arrivals
    end = quiet[-1].seconds
    busy = [Arrival(end + each.seconds, 100, 10) for each in arriving(exponential(20, seed=2), 12_000).arrivals]
    told = summarise(Trace((*quiet, *busy)))
    assert isinstance(told.course, Windows)
    assert told.course.peak == pytest.approx(4 / 3, rel=0.1)
    assert told.course.growth(60) > 0.5


def test_what_began_an_earlier_prompt_is_shared() -> None:
    first = Arrival(0.0, 1024, 10, (1, 2))
    again = Arrival(10.0, 1224, 10, (1, 2, 3))  # its third block is 200 tokens, and new
    other = Arrival(30.0, 512, 10, (9,))
    middle = Arrival(40.0, 1024, 10, (8, 2))  # a block is known only after all before it
    told = summarise(Trace((first, again, other, middle), 512))
    assert told.shared == pytest.approx(1024 / (1024 + 1224 + 512 + 1024))
    assert told.reuse_seconds == pytest.approx(10)


def test_a_replay_is_as_much_faster() -> None:
    told = summarise(arriving(exponential(8), 20_000))
    demand = told.demand("the trace x", speed=4)
    assert demand.rate == pytest.approx(4 * told.rate)
    assert demand.reuse_seconds == pytest.approx(told.reuse_seconds / 4)
    assert isinstance(demand.course, Windows)
    assert demand.course.seconds == 15
    assert demand.source == "the trace x"


@pytest.mark.parametrize("times", [[0.0], [0.0, 0.0, 0.0], [0.0, 1.0], [0.0, 59.0, 61.0]])
def test_a_trace_of_few_requests_is_told_too(times: list[float]) -> None:
    told = summarise(Trace(tuple(Arrival(time, 5, 5) for time in times)))
    assert told.rate > 0
    assert told.course == Steady()
    assert told.dispersion >= 1
