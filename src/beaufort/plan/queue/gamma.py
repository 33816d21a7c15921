"""The gamma distribution: what waiting times and sums of bursts are fitted with."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

_ROOT_2 = math.sqrt(2)
_LARGE_SHAPE = 1.0  # from here on the normal approximation is right to three digits
_NO_SKEW = 1e-6
_TERMS = 200
_PRECISION = 1e-10


@dataclass(frozen=True, slots=True)
class Moments:
    """The first three moments of a random time, seconds to their powers.

    Attributes:
        mean: The mean.
        variance: The second central moment.
        third: The third central moment.
    """

    mean: float = 0.0
    variance: float = 0.0
    third: float = 0.0

    @classmethod
    def of(cls, points: Iterable[tuple[float, float]]) -> Moments:
        """Return those of weighted values, whose weights add up to 1."""
        mean = square = cube = 0.0
        for share, value in points:
            mean += share * value
            square += share * value * value
            cube += share * value * value * value
        return cls(mean, max(0.0, square - mean * mean), cube - 3 * mean * square + 2 * mean**3)

    def __add__(self, other: Moments) -> Moments:
        """Return those of the sum with an independent time."""
        return Moments(self.mean + other.mean, self.variance + other.variance, self.third + other.third)

    def given(self, share: float) -> Moments:
        """Return those of a time that is zero but for ``share`` of the cases, in these cases."""
        if share <= 0:
            return self
        mean, square, cube = self.mean / share, self.square / share, self.cube / share
        return Moments(mean, max(0.0, square - mean**2), cube - 3 * mean * square + 2 * mean**3)

    @property
    def square(self) -> float:
        """The mean of the square."""
        return self.variance + self.mean**2

    @property
    def cube(self) -> float:
        """The mean of the cube."""
        return self.third + 3 * self.mean * self.variance + self.mean**3


def share_within(value: float, moments: Moments) -> float:
    """Return the probability that a time of these moments is at most ``value``.

    It is fitted with a gamma distribution that is shifted so that all three moments agree (Pearson's type III); without
    a skew to the right with a normal one.
    """
    if moments.variance <= 0:
        return 1.0 if value >= moments.mean else 0.0
    deviation = math.sqrt(moments.variance)
    skew = moments.third / (moments.variance * deviation)
    z = (value - moments.mean) / deviation
    if skew < _NO_SKEW:
        return 0.5 * math.erfc(-z / _ROOT_2)
    shape = 4 / (skew * skew)
    return _standard(shape, shape + z * math.sqrt(shape))


def _standard(shape: float, value: float) -> float:
    """Return the probability that a gamma variable of this shape and of scale 1 is at most ``value``.

    For a shape of 1 and more by the approximation of Wilson and Hilferty (The distribution of chi-square, PNAS 17,
    1931): the cube root of the variable is nearly normal. Below, by the series or the continued fraction of the
    incomplete gamma function (Abramowitz and Stegun, 6.5.29 and 6.5.31).
    """
    if value <= 0:
        return 0.0
    if shape < _LARGE_SHAPE:
        return _incomplete(shape, value)
    ninth = 1 / (9 * shape)
    z = ((value / shape) ** (1 / 3) - 1 + ninth) / math.sqrt(ninth)
    return 0.5 * math.erfc(-z / _ROOT_2)


def _incomplete(shape: float, value: float) -> float:
    exponent = shape * math.log(value) - value - math.lgamma(shape)
    front = math.exp(max(-700.0, exponent))
    return _series(shape, value) * front if value < shape + 1 else 1 - _fraction(shape, value) * front


def _series(shape: float, value: float) -> float:
    term = total = 1 / shape
    for step in range(1, _TERMS):
        term *= value / (shape + step)
        total += term
        if term < total * _PRECISION:
            break
    return total


def _fraction(shape: float, value: float) -> float:
    """Evaluate the continued fraction by Lentz's method."""
    b = value + 1 - shape
    c, d = math.inf, 1 / b
    result = d
    for step in range(1, _TERMS):
        a = step * (shape - step)
        b += 2
        d = 1 / (a * d + b)
        c = b + a / c
        result *= c * d
        if abs(c * d - 1) < _PRECISION:
            break
    return result
