"""The gamma distribution by its mean and variance: what waiting times and sums of bursts are fitted with."""

from __future__ import annotations

import math

_ROOT_2 = math.sqrt(2)
_LARGE_SHAPE = 1.0  # from here on the normal approximation is right to three digits
_TERMS = 200
_PRECISION = 1e-10


def share_within(value: float, mean: float, variance: float) -> float:
    """Return the probability that a gamma variable of this mean and variance is at most ``value``.

    For a shape of 1 and more by the approximation of Wilson and Hilferty (The distribution of chi-square, PNAS 17,
    1931): the cube root of the variable is nearly normal. Below, by the series or the continued fraction of the
    incomplete gamma function (Abramowitz and Stegun, 6.5.29 and 6.5.31).
    """
    if value <= 0:
        return 0.0
    if mean <= 0 or variance <= 0:
        return 1.0 if value >= mean else 0.0
    shape = mean * mean / variance
    if shape < _LARGE_SHAPE:
        return _incomplete(shape, value * mean / variance)
    deviation = 9 * shape
    z = ((value / mean) ** (1 / 3) - 1 + 1 / deviation) * math.sqrt(deviation)
    return 0.5 * math.erfc(-z / _ROOT_2)


def _incomplete(shape: float, x: float) -> float:
    front = math.exp(shape * math.log(x) - x - math.lgamma(shape)) if x < 700 else 0.0  # noqa: PLR2004 - e**-700 is 0
    return _series(shape, x) * front if x < shape + 1 else 1 - _fraction(shape, x) * front


def _series(shape: float, x: float) -> float:
    term = total = 1 / shape
    for step in range(1, _TERMS):
        term *= x / (shape + step)
        total += term
        if term < total * _PRECISION:
            break
    return total


def _fraction(shape: float, x: float) -> float:
    """Lentz's evaluation of the continued fraction."""
    b = x + 1 - shape
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
