"""The kinds of single values in a service file: what may be written, and what it becomes.

| Kind | May be written | Becomes |
|---|---|---|
| ``Seconds`` | ``250ms``, ``30s``, ``2h``, or a number of seconds | float, seconds |
| ``Bytes`` | ``512Mi``, ``24Gi``, or a number of bytes | int, bytes |
| ``Share`` | ``99.9%``, or a number from 0 to 1 | float, 0 to 1 |
| ``ProperShare`` | the same, neither nothing nor all | float, between 0 and 1 |
| ``Label`` | a Kubernetes name (DNS-1123 label) | str |
| ``LabelKey`` | the name of a label, with an optional prefix | str |
| ``LabelValue`` | its value | str |
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, TypeAlias

from pydantic import BeforeValidator, Field

from beaufort.errors import Problem, UsageError
from beaufort.spec.mistakes import Mistake, raise_mistakes, shown
from beaufort.spec.notation import Pattern, Written
from beaufort.units import parse_duration, parse_quantity

# The text that parse_duration takes, for JSON Schema.
DURATION = r"^ *[0-9]{1,12}(\.[0-9]{1,12})?(ms|s|m|h|d) *$"
_PERCENTAGE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,9})?) ?%", re.ASCII)


def parse_share(text: str) -> float:
    """Return the share, 0 to 1, that a percentage such as ``99.9%`` stands for.

    Raises:
        UsageError: The text is no percentage.
    """
    match = _PERCENTAGE.fullmatch(text)
    if match is None:
        raise UsageError(Problem(f"{shown(text)} is not a percentage", remedy="write for example 99.9% or 0.999"))
    return float(Decimal(match[1]) / 100)  # decimal, so that 99.9% is exactly the number 0.999


def _bytes(text: str) -> int:
    return round(parse_quantity(text))


def _not_percent(value: object) -> object:
    if isinstance(value, float | int) and 1 < value <= 100:  # noqa: PLR2004 - where a percentage is meant
        raise_mistakes(Mistake(f"{value} is not a share from 0 to 1", f"write {value}% if it is a percentage"))
    return value


Seconds: TypeAlias = Annotated[
    float,
    Field(gt=0, le=366 * 86400.0),
    Written(parse_duration, DURATION),
]
Bytes: TypeAlias = Annotated[
    int,
    Field(gt=0, le=1 << 60),
    Written(_bytes, r"^ *[0-9]{1,18}(\.[0-9]{1,18})?(m|k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)? *$"),
]
_PERCENT = Written(parse_share, r"^[0-9]{1,3}(\.[0-9]{1,9})? ?%$")
Share: TypeAlias = Annotated[float, Field(ge=0, le=1), BeforeValidator(_not_percent), _PERCENT]
ProperShare: TypeAlias = Annotated[float, Field(gt=0, lt=1), BeforeValidator(_not_percent), _PERCENT]
# https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-label-names
Label: TypeAlias = Annotated[
    str,
    Pattern(
        r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$",
        "a Kubernetes name",
        "use at most 63 small letters, digits and inner hyphens",
    ),
]
# https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
LabelKey: TypeAlias = Annotated[
    str,
    Pattern(
        r"^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$",
        "a label's name",
        "write for example team, or example.com/team",
    ),
]
LabelValue: TypeAlias = Annotated[
    str,
    Pattern(
        r"^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$",
        "a label's value",
        "use at most 63 letters, digits and inner . _ -",
    ),
]
