"""Whether to wait on: ready, stuck, or neither yet.

What may pass by itself is waited for until the time is up. What needs somebody is not: once it has stood for a minute
without a break, waiting longer would only hide it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from beaufort.rollout.finding import Cause, Finding
from beaufort.rollout.progress import Progress

STUCK_SECONDS = 60.0
# A pod that its node refuses stays behind as failed, and another is made at once: several a second, for ever.
_SOONER = {Cause.TOPOLOGY: 10.0}
_SERVING = frozenset({"engine", "gateway"})
_ASIDE = frozenset({"headroom"})  # holds a place for others: where there is none left, nothing is wrong


@dataclass(frozen=True, slots=True)
class Patience:
    """What needs somebody, and since when.

    Attributes:
        since: Seconds of the caller's clock at which each cause was first seen without a break.
    """

    since: Mapping[Cause, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do.

    Attributes:
        kind: ``ready``: every engine and gateway is. ``stuck``: somebody has to do something. ``waiting``: neither.
        patience: For the next look.
    """

    kind: Literal["waiting", "ready", "stuck"]
    patience: Patience


def concerning(progress: Progress) -> tuple[Finding, ...]:
    """Return what keeps the model from answering."""
    return tuple(each for each in progress.findings if each.component not in _ASIDE)


def serving(progress: Progress) -> bool:
    """Return whether every engine and every gateway is as it should be."""
    counted = [each for each in progress.components if each.component in _SERVING]
    return {each.component for each in counted} == _SERVING and all(each.done for each in counted)


def begun(progress: Progress) -> bool:
    """Return whether at least one engine and one gateway can answer."""
    return {each.component for each in progress.components if each.ready} >= _SERVING


def asleep(progress: Progress) -> bool:
    """Return whether no engine is wanted at the moment."""
    return not any(each.wanted for each in progress.components if each.component == "engine")


def judge(progress: Progress, patience: Patience, now: float) -> Verdict:
    """Return what to do about a service at one moment.

    Args:
        progress: How far it is.
        patience: Of the look before this one.
        now: Seconds of any clock that only goes on.
    """
    if serving(progress):
        return Verdict("ready", Patience())
    grave = {each.cause for each in concerning(progress) if not each.passing}
    since = {cause: patience.since.get(cause, now) for cause in grave}
    stuck = any(now - began >= _SOONER.get(cause, STUCK_SECONDS) for cause, began in since.items())
    return Verdict("stuck" if stuck else "waiting", Patience(since))
