"""How a batch wavers around its balance: the distribution of a birth and death process.

With arrivals at ``rate``, departures ``d(n)`` and noise ``S`` times that of plain arrivals and departures, on a grid:

    p(n) ~ d(n + 1/6)^(-1/2) exp(integral from 0 to n of ln(rate / d(x + 1/6)) dx / S)

which for ``d(n) = n mu`` and ``S = 1`` is the Poisson distribution with Gosper's form of Stirling's formula, and keeps
the mean at the balance for every ``S``. A small batch is counted one by one instead:

    p(n) ~ d(n + 1/6)^(1 / 2 S - 1/2) product of (rate / d(i))^(1 / S) for i = 1 .. n

Beyond the last place departures no longer grow, so there is a geometric tail of requests that wait.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

_COUNTED = 40  # batches that are counted one by one
_NODES = 24  # of the integral
_BELOW, _ABOVE = 5, 7  # widths around the balance that count
_GOSPER = 1 / 6
_FEWEST = 1e-12


def wavering(
    leaving: Callable[[float], float], rate: float, balance: float, noise: float, places: int
) -> list[tuple[float, float]]:
    """Return batches and the shares of the time that they are there; the last one is a full one with others waiting.

    Args:
        leaving: Departures per second from a batch.
        rate: Arrivals per second.
        balance: The batch at which the two are equal.
        noise: Of arrivals and departures, over that of plain ones.
        places: The largest batch.
    """
    most = float(places)
    if balance <= 0 or places <= 1:
        return [(balance, 1.0), (most, 0.0)]
    width = math.sqrt(max(1.0, balance) * noise)
    counted = balance + _ABOVE * width < _COUNTED
    grid = [float(count) for count in range(min(_COUNTED, places) + 1)] if counted else _grid(balance, width, most)
    moved = [max(_FEWEST, leaving(count + _GOSPER)) for count in grid]
    left = [max(_FEWEST, leaving(count)) for count in grid] if counted else moved
    drift = [math.log(rate / each) / noise for each in left]
    bend = 0.5 - 0.5 / noise if counted else 0.5
    logs = [
        height - bend * math.log(each)
        for height, each in zip(_heights(grid, drift, counted=counted), moved, strict=True)
    ]
    top = max(logs)
    density = [math.exp(each - top) for each in logs]
    spans = [1.0] * len(grid) if counted else _spans(grid)
    waiting = 0.0 if grid[-1] < most else density[-1] / -drift[-1] if drift[-1] < 0 else math.inf
    weights = [each * span for each, span in zip(density, spans, strict=True)]
    total = math.fsum(weights) + waiting
    if not math.isfinite(total):
        return [(most, 0.0), (most, 1.0)]
    found = [(count, weight / total) for count, weight in zip(grid, weights, strict=True)]
    return [*found, (most, waiting / total)]


def _grid(balance: float, width: float, most: float) -> list[float]:
    """Return batches around the balance, and from there to the full one."""
    low, high = max(0.0, balance - _BELOW * width), min(most, balance + _ABOVE * width)
    step = (high - low) / _NODES
    grid = [low + step * node for node in range(_NODES + 1)]
    return [*grid, *(high + (most - high) * part / 4 for part in range(1, 5))] if high < most else grid


def _heights(grid: Sequence[float], drift: Sequence[float], *, counted: bool) -> list[float]:
    """Return the integral of the drift, by trapezoids, or its sum."""
    heights, height = [0.0], 0.0
    for (here, there), (now, then) in zip(pairwise(grid), pairwise(drift), strict=True):
        height += then if counted else (there - here) * (now + then) / 2
        heights.append(height)
    return heights


def _spans(grid: Sequence[float]) -> list[float]:
    """Return how much of the axis each node stands for."""
    gaps = [0.0, *(there - here for here, there in pairwise(grid)), 0.0]
    return [(before + after) / 2 for before, after in pairwise(gaps)]
