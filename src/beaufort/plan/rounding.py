"""Numbers as people like to be told them, on the side where they are true."""

from __future__ import annotations

import math

_DIGITS = 2


def digits(value: float) -> float:
    """Return a number with the six digits of which a plan could ever tell the truth; they are the same everywhere."""
    return float(f"{value:.6g}")


def above(value: float) -> float:
    """Return the next number of two digits that is not below ``value``: 1.91 is 2.0, 312 is 320."""
    if value <= 0:
        return 0.0
    scale = 10.0 ** (math.floor(math.log10(value)) - _DIGITS + 1)
    steps = math.ceil(value / scale - 1e-9)
    rounded = round(steps * scale, max(0, _DIGITS - math.floor(math.log10(value))))
    return rounded if rounded >= value else round((steps + 1) * scale, 12)


def below(value: float) -> float:
    """Return the nearest number of two digits that is not above ``value``: 1.99 is 1.9."""
    if value <= 0:
        return 0.0
    places = _DIGITS - 1 - math.floor(math.log10(value))
    scale = 10.0**places
    return round(math.floor(value * scale + 1e-9) / scale, max(0, places))


def money_above(value: float) -> float:
    """Return the next whole amount from ten on, below it the next tenth or hundredth."""
    if value >= 10:  # noqa: PLR2004 - where cents no longer matter
        return float(math.ceil(value - 1e-9))
    return max(0.01, math.ceil(value * 100 - 1e-9) / 100)


def duration(seconds: float) -> str:
    """Return a time as a service file writes it: 320ms, 2.4s."""
    return f"{1000 * seconds:.10g}ms" if seconds < 1 else f"{seconds:.10f}".rstrip("0").rstrip(".") + "s"
