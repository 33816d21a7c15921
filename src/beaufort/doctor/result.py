"""What a check finds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How good it is, the best first."""

    OK = "ok"
    UNKNOWN = "unknown"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Result:
    """What one check finds.

    Attributes:
        verdict: How good it is.
        evidence: What was seen, one sentence without a full stop.
        remedy: What to do; empty when nothing has to be done.
    """

    verdict: Verdict
    evidence: str
    remedy: str = ""


def ok(evidence: str) -> Result:
    """Return that all is well."""
    return Result(Verdict.OK, evidence)


def unknown(evidence: str, remedy: str = "") -> Result:
    """Return that nobody can tell."""
    return Result(Verdict.UNKNOWN, evidence, remedy)


def warning(evidence: str, remedy: str) -> Result:
    """Return that something will be missed, or may go wrong."""
    return Result(Verdict.WARNING, evidence, remedy)


def failed(evidence: str, remedy: str) -> Result:
    """Return that a service cannot be deployed, or cannot answer."""
    return Result(Verdict.FAILED, evidence, remedy)


def listed(names: Iterable[str], most: int = 6) -> str:
    """Return names as a person reads them, and how many more there are."""
    names = list(names)
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def unheard(reason: str) -> Result:
    """Return the result of a check whose facts could not be read."""
    return unknown(
        f"it could not be read: {reason}", "ask for the right to read it, or let somebody else run the doctor"
    )
