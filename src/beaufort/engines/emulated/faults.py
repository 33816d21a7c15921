"""Failures on purpose, each at a time and for a time: `KIND[=VALUE][@AFTER[+FOR]]`, times in seconds.

| Kind | What happens | Value |
|---|---|---|
| `crash` | the process ends at once, without a goodbye | |
| `hang` | connections are accepted and nothing is answered, not even health; no step is made | |
| `slow` | steps take longer | factor, 1 or more |
| `error` | requests are answered 500 | fraction of them, 0 to 1 |
| `nan` | the gauges of the metrics are not numbers | |
| `loading` | health and requests are answered 503, as while weights load | |
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from beaufort.errors import Problem, UsageError

Kind = Literal["crash", "hang", "slow", "error", "nan", "loading"]
_FORM = re.compile(r"([a-z]+)(?:=(\d+(?:\.\d+)?))?(?:@(\d+(?:\.\d+)?))?(?:\+(\d+(?:\.\d+)?))?", re.ASCII)
_REMEDY = "write for example crash@30, error=0.1, slow=3@10+60 or hang@5"


@dataclass(frozen=True, slots=True)
class Fault:
    """One failure.

    Attributes:
        kind: What happens.
        value: How much of it.
        begins: Seconds after the start.
        ends: Seconds after the start.
    """

    kind: Kind
    value: float = 1.0
    begins: float = 0.0
    ends: float = float("inf")


@dataclass(frozen=True, slots=True)
class Faults:
    """The failures of one engine, by seconds since its start."""

    faults: tuple[Fault, ...] = ()

    def value(self, kind: Kind, age: float) -> float | None:
        """Return how much of ``kind`` there is at ``age``, or None."""
        for fault in self.faults:
            if fault.kind == kind and fault.begins <= age < fault.ends:
                return fault.value
        return None

    def next_begin(self, kind: Kind) -> float | None:
        """Return when the first ``kind`` begins, or None."""
        return min((fault.begins for fault in self.faults if fault.kind == kind), default=None)

    def next_end(self, kind: Kind, age: float) -> float | None:
        """Return when the ``kind`` that is on at ``age`` ends, or None."""
        ends = [fault.ends for fault in self.faults if fault.kind == kind and fault.begins <= age < fault.ends]
        return max(ends, default=None)


def parse(texts: Sequence[str]) -> Faults:
    """Return the faults that ``texts`` describe.

    Raises:
        UsageError: One of them describes none; all such are named.
    """
    problems: list[Problem] = []
    faults = [fault for text in texts if (fault := _one(text, problems)) is not None]
    if problems:
        raise UsageError(*problems)
    return Faults(tuple(faults))


def _one(text: str, problems: list[Problem]) -> Fault | None:
    match = _FORM.fullmatch(text)
    kinds: dict[str, Kind] = {kind: kind for kind in get_args(Kind)}
    if match is None or match[1] not in kinds:
        problems.append(Problem(f"{text!r} is no fault", "--fault", f"{_REMEDY}; the kinds are {', '.join(kinds)}"))
        return None
    kind = kinds[match[1]]
    value, begins = float(match[2] or 1), float(match[3] or 0)
    if (kind == "error" and value > 1) or (kind == "slow" and value < 1):
        problems.append(Problem(f"{text!r} is out of bounds", "--fault", "error takes 0 to 1, slow 1 or more"))
        return None
    return Fault(kind, value, begins, begins + float(match[4]) if match[4] else float("inf"))
