"""Lengths in tokens, as a few weighted values: what the arithmetic of queues needs, tails included.

A length that the service file gives by percentiles is lognormal through them; one that it gives by its mean alone is
lognormal with a coefficient of variation of 1. (Measured on the Azure LLM inference trace 2023, conversation: prompts
0.96, answers 0.77; on Mooncake's conversation trace: 1.31 and 0.73.)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from statistics import NormalDist

from beaufort.spec.traffic import Mean, Percentiles

VARIATION = 1.0
"""Coefficient of variation of a length of which only the mean is known."""

# Cut the distribution here, finer where objectives are: one value stands for each piece.
_EDGES = (
    *(step / 20 for step in range(18)),
    *(0.875, 0.9, 0.92, 0.94, 0.95, 0.96, 0.97, 0.98, 0.985, 0.99, 0.993, 0.996, 0.998, 0.999, 0.9995, 0.9999, 1.0),
)
_NORMAL = NormalDist()
_P95 = _NORMAL.inv_cdf(0.95)


@dataclass(frozen=True)
class Lengths:
    """A distribution of lengths.

    Attributes:
        points: Shares, which add up to 1, and their tokens, ascending.
    """

    points: tuple[tuple[float, float], ...]

    @cached_property
    def mean(self) -> float:
        """Tokens."""
        return sum(share * tokens for share, tokens in self.points)

    @cached_property
    def mean_square(self) -> float:
        """Tokens squared."""
        return sum(share * tokens * tokens for share, tokens in self.points)

    @property
    def variance(self) -> float:
        """Tokens squared."""
        return max(0.0, self.mean_square - self.mean**2)

    @property
    def longest(self) -> float:
        """Tokens of the longest piece."""
        return self.points[-1][1]

    def percentile(self, percentile: float) -> float:
        """Return the tokens below which ``percentile`` percent of the lengths are, to the next larger piece."""
        below = 0.0
        for share, tokens in self.points:
            below += share
            if below * 100 >= percentile - 1e-9:
                return tokens
        return self.longest

    def at_most(self, limit: float) -> Lengths:
        """Return the lengths with all beyond ``limit`` cut to it."""
        return Lengths(tuple((share, min(tokens, limit)) for share, tokens in self.points))


def from_file(written: Mean | Percentiles) -> Lengths:
    """Return the lengths that the service file describes."""
    if isinstance(written, Percentiles):
        return lognormal(written.p50, math.log(written.p95 / written.p50) / _P95)
    sigma = math.sqrt(math.log1p(VARIATION**2))
    return lognormal(written.mean * math.exp(-(sigma**2) / 2), sigma)


def lognormal(median: float, sigma: float) -> Lengths:
    """Return a lognormal distribution, none of it shorter than a token; each piece stands for its own mean."""
    if sigma <= 0:
        return Lengths(((1.0, max(1.0, median)),))
    mean = median * math.exp(sigma**2 / 2)

    def part(share: float) -> float:
        # The part of the mean that the shortest ``share`` of the lengths make up: the Lorenz curve.
        if share in {0.0, 1.0}:
            return share * mean
        return mean * _NORMAL.cdf(_NORMAL.inv_cdf(share) - sigma)

    return _pieces(part)


def measured(lengths: Sequence[int]) -> Lengths:
    """Return the distribution of recorded lengths, of which there is at least one."""
    ordered = sorted(lengths)
    sums = [0.0]
    for tokens in ordered:
        sums.append(sums[-1] + tokens)

    def part(share: float) -> float:
        position = share * len(ordered)
        whole = min(int(position), len(ordered) - 1)
        return (sums[whole] + (position - whole) * ordered[whole]) / len(ordered)

    return _pieces(part)


def _pieces(part: Callable[[float], float]) -> Lengths:
    points, shortest = [], 1.0
    for low, high in pairwise(_EDGES):
        share = high - low
        shortest = max(shortest, (part(high) - part(low)) / share)  # ascending, whatever is lost to rounding
        points.append((share, shortest))
    return Lengths(tuple(points))
