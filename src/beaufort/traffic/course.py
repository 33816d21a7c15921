"""How a rate moves over time, relative to its mean."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

_MOST_LEVELS = 500
_STEPS = 720  # of a period: fine enough for the sharpest peak that a service file may have


class Course(Protocol):
    """A rate over time, in multiples of its mean."""

    @property
    def peak(self) -> float:
        """The highest rate."""

    @property
    def levels(self) -> tuple[tuple[float, float], ...]:
        """Shares of the time, which add up to 1, and the rates during them."""

    def growth(self, seconds: float) -> float:
        """Return the most by which the rate grows within ``seconds``, relative to where it was: 0.5 is by half."""


@dataclass(frozen=True)
class Steady:
    """The same rate always."""

    peak: float = 1.0

    @property
    def levels(self) -> tuple[tuple[float, float], ...]:
        """One."""
        return ((1.0, 1.0),)

    def growth(self, seconds: float) -> float:  # noqa: ARG002 - the signature is the protocol's
        """Return 0."""
        return 0.0


@dataclass(frozen=True)
class Daily:
    """A rate that rises and falls smoothly once in a period.

    It follows ``exp(k cos)``, the von Mises curve: positive for every peak, and close to a sine for low ones.

    Attributes:
        peak: The highest rate.
        period: Seconds.
    """

    peak: float
    period: float

    @cached_property
    def concentration(self) -> float:
        """The ``k`` at which the highest rate is ``peak`` times the mean."""
        low, high = 0.0, 1.0 + self.peak**2
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if 1 / _mean(middle) < self.peak else (low, middle)
        return high

    @cached_property
    def levels(self) -> tuple[tuple[float, float], ...]:
        """The rate in each of many short equal times."""
        mean = _mean(self.concentration)
        half = _heights(self.concentration)[: _STEPS // 2 + 1]  # the other one mirrors it
        edges = {0, _STEPS // 2}
        return tuple(((1 if step in edges else 2) / _STEPS, height / mean) for step, height in enumerate(half))

    def growth(self, seconds: float) -> float:
        """Return the growth at the steepest place of the curve's logarithm: ``exp(2 k sin(pi s / T)) - 1``."""
        half = min(math.pi * seconds / self.period, math.pi / 2)
        return math.expm1(min(50.0, 2 * self.concentration * math.sin(half)))


def _heights(k: float) -> tuple[float, ...]:
    """Return ``exp(k (cos - 1))`` over a period; the peak is 1."""
    return tuple(math.exp(k * (math.cos(2 * math.pi * step / _STEPS) - 1)) for step in range(_STEPS))


def _mean(k: float) -> float:
    return sum(_heights(k)) / _STEPS


@dataclass(frozen=True)
class Spiking:
    """Two rates, one of them for a short time at regular intervals.

    Attributes:
        height: The rate in a spike, as a multiple of that between.
        share: Of the time that is in spikes.
    """

    height: float
    share: float

    @property
    def _between(self) -> float:
        return 1 / (1 + self.share * (self.height - 1))

    @property
    def peak(self) -> float:
        """The rate in a spike."""
        return self.height * self._between

    @property
    def levels(self) -> tuple[tuple[float, float], ...]:
        """Between spikes and in them."""
        return ((1 - self.share, self._between), (self.share, self.peak))

    def growth(self, seconds: float) -> float:  # noqa: ARG002 - the signature is the protocol's
        """Return the growth at the start of a spike, which is at once."""
        return self.height - 1


@dataclass(frozen=True)
class Windows:
    """A rate as it was counted.

    Attributes:
        seconds: Length of a window.
        rates: Of each window, in multiples of the mean.
    """

    seconds: float
    rates: tuple[float, ...]

    @property
    def peak(self) -> float:
        """Of the busiest window."""
        return max(self.rates)

    @property
    def levels(self) -> tuple[tuple[float, float], ...]:
        """The windows, the quietest first; of a long recording several together, by the busiest of them."""
        ordered, size = sorted(self.rates), -(-len(self.rates) // _MOST_LEVELS)
        groups = (ordered[start : start + size] for start in range(0, len(ordered), size))
        return tuple((len(group) / len(ordered), group[-1]) for group in groups)

    def growth(self, seconds: float) -> float:
        """Return the growth from a window to the highest of those that begin within ``seconds`` of its end."""
        ahead = max(1, math.ceil(seconds / self.seconds))
        floor = 1 / len(self.rates)  # an empty window is no measure of growth
        pairs = (
            (max(rate, floor), max(self.rates[at + 1 : at + 1 + ahead], default=rate))
            for at, rate in enumerate(self.rates)
        )
        return max(0.0, *(later / now - 1 for now, later in pairs))
