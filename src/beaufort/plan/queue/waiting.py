"""How long a prompt waits for the prompts before it: a queue with one server, exactly, on a grid.

The wait in such a queue is a geometric number of residual services (Pollaczek and Khinchine):

    W = R_1 + ... + R_N,  P(N = n) = (1 - rho) rho^n,  density of R: P(H > t) / E H

With ``r_j`` the distribution of ``R`` on a grid that keeps its mean, that of ``W`` follows from Panjer's recursion:

    w_0 = (1 - rho) / (1 - rho r_0),   w_j = rho / (1 - rho r_0) sum_{i=1..j} r_i w_{j-i}

(H. Tijms, A First Course in Stochastic Models, 2003, section 9.2; H. Panjer, ASTIN Bulletin 12, 1981.) Requests that
come in bursts of a geometric number are one service of all of a burst, after which each waits for those before it in
its own burst, which is a geometric number again.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from operator import itemgetter, mul
from typing import TypeAlias

CELLS = 64
"""Of the grid: two digits of a probability, in a tenth of a millisecond."""

Grid: TypeAlias = list[float]

_FULL = 0.9999


def waits(rate: float, held: Sequence[tuple[float, float]], burst: float, horizon: float) -> Grid:
    """Return the probability of each wait up to ``horizon`` seconds, in ``CELLS`` equal steps from none on.

    Args:
        rate: Requests per second.
        held: Shares of the requests, and the seconds for which they hold the server.
        burst: Mean size of a burst; 1 when requests come one by one.
        horizon: Seconds.
    """
    step = horizon / CELLS
    services = _split(held, step)
    mean = sum(share * seconds for share, seconds in held)
    rho = min(rate * mean, _FULL)
    if burst <= 1:
        return _geometric(residual(held, mean, step), rho)
    bursts = _geometric_from_one(services, 1 - 1 / burst)
    tail = 1 - sum(bursts)
    waited = _geometric(_residual_of(bursts, tail, burst * mean, step), rho)
    return _convolved(waited, _geometric(services, 1 - 1 / burst))


def residual(held: Sequence[tuple[float, float]], mean: float, step: float) -> Grid:
    """Return the rest of a service that is under way, seen at a random time, on the grid; its mean is kept."""
    if mean <= 0:
        return [1.0] + [0.0] * CELLS
    # The integral over P(R <= t), which is quadratic up to the service and linear beyond it, for each kind of service.
    ordered = sorted(held, key=itemgetter(1))
    position, longer, linear, constant = 0, 1.0, 0.0, 0.0
    twice = []
    for node in range(CELLS + 2):
        time = node * step
        while position < len(ordered) and ordered[position][1] <= time:
            share, seconds = ordered[position]
            longer -= share
            linear += share * seconds
            constant += share * seconds * seconds / 2
            position += 1
        twice.append((longer * time * time / 2 + linear * time - constant) / mean)
    slopes = [(after - before) / step for before, after in pairwise(twice)]
    return [slopes[0], *(after - before for before, after in pairwise(slopes))]


def _split(held: Sequence[tuple[float, float]], step: float) -> Grid:
    """Put values on the grid, each on its two neighbours so that its mean is kept."""
    grid = [0.0] * (CELLS + 1)
    for share, seconds in held:
        place, over = divmod(seconds / step, 1.0)
        node = int(place)
        if node <= CELLS:
            grid[node] += share * (1 - over)
        if node < CELLS:
            grid[node + 1] += share * over
    return grid


def _residual_of(services: Grid, tail: float, mean: float, step: float) -> Grid:
    """Return the residual of services that are on the grid already: a step of it weighs as many longer services."""
    longer = [tail] * (CELLS + 1)
    for node in range(CELLS - 1, -1, -1):
        longer[node] = longer[node + 1] + services[node + 1]
    halves = [step / mean * (before + after) / 2 for before, after in pairwise(longer)]
    return [halves[0], *halves]


def _geometric(one: Grid, more: float) -> Grid:
    """Return the sum of a geometric number of terms, none of them with the probability ``1 - more``."""
    start = 1 - more * one[0]
    grid = [(1 - more) / start]
    factor = more / start
    for node in range(1, len(one)):
        grid.append(factor * sum(map(mul, one[1 : node + 1], reversed(grid))))
    return grid


def _geometric_from_one(one: Grid, more: float) -> Grid:
    """Return the sum of a geometric number of terms, at least one."""
    return [share / more for share in _without_none(_geometric(one, more), more)] if more > 0 else one


def _without_none(grid: Grid, more: float) -> Grid:
    return [grid[0] - (1 - more), *grid[1:]]


def _convolved(one: Grid, other: Grid) -> Grid:
    return [sum(map(mul, one[: node + 1], reversed(other[: node + 1]))) for node in range(len(one))]
