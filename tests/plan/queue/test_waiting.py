import math
import random
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beaufort.plan.queue.waiting import CELLS, residual, waits


def within(rate: float, held: list[tuple[float, float]], burst: float, horizon: float) -> list[float]:
    return list(accumulate(waits(rate, held, burst, horizon)))


def exponential(mean: float, parts: int = 200) -> list[tuple[float, float]]:
    return [(1 / parts, -mean * math.log(1 - (part + 0.5) / parts)) for part in range(parts)]


@pytest.mark.parametrize("load", [0.2, 0.5, 0.8])
def test_exponential_services_wait_as_in_the_textbook(load: float) -> None:
    # M/M/1: P(W <= t) = 1 - rho exp(-(1 - rho) t / S)
    found = within(load, exponential(1.0), 1.0, 10.0)
    for node in (0, 6, 20, CELLS):
        exact = 1 - load * math.exp(-(1 - load) * 10 * node / CELLS)
        assert found[node] == pytest.approx(exact, abs=0.04 if node == 0 else 0.015)


def test_equal_services_wait_half_as_long_as_exponential_ones() -> None:
    horizon, load = 30.0, 0.7
    found = waits(load, [(1.0, 1.0)], 1.0, horizon)
    mean = sum(share * node * horizon / CELLS for node, share in enumerate(found))
    assert mean == pytest.approx(load / (2 * (1 - load)), rel=0.02)


@given(st.lists(st.floats(0.001, 5), min_size=1, max_size=20), st.floats(0.1, 50))
def test_a_residual_keeps_its_mean_when_the_horizon_holds_it(services: list[float], more: float) -> None:
    held = [(1 / len(services), seconds) for seconds in services]
    mean = sum(services) / len(services)
    step = (max(services) + more) / CELLS
    grid = residual(held, mean, step)
    assert sum(grid) == pytest.approx(1, abs=1e-6)
    expected = sum(seconds**2 for seconds in services) / len(services) / (2 * mean)
    assert sum(node * step * share for node, share in enumerate(grid)) == pytest.approx(expected, rel=1e-3, abs=1e-6)


def test_bursts_wait_as_they_do_when_simulated() -> None:
    rate, service, burst, horizon = 0.5, 1.0, 4.0, 16.0
    rng = random.Random(5)  # noqa: S311 - a seeded sequence is no secret
    free, now = 0.0, 0.0
    seen: list[float] = []
    while len(seen) < 60_000:
        now += rng.expovariate(rate / burst)
        size = 1
        while rng.random() > 1 / burst:
            size += 1
        free = max(free, now)
        for _ in range(size):
            seen.append(free - now)
            free += service
    found = within(rate, [(1.0, service)], burst, horizon)
    for node in (4, 8, 16, 32):
        limit = node * horizon / CELLS
        measured = sum(wait <= limit for wait in seen) / len(seen)
        assert found[node] == pytest.approx(measured, abs=0.03)


def test_an_idle_server_lets_nobody_wait() -> None:
    assert waits(1e-9, [(1.0, 1.0)], 1.0, 1.0)[0] == pytest.approx(1, abs=1e-6)
    assert residual([(1.0, 0.0)], 0.0, 1.0)[0] == 1
