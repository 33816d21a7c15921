"""What is promised, and for how much traffic: what is possible with all the nodes and money there are."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from beaufort.plan.availability import with_spare
from beaufort.plan.question import Question
from beaufort.plan.queue.limit import margin
from beaufort.plan.remedy.change import Change
from beaufort.plan.remedy.knob import Changes, Tried
from beaufort.plan.rounding import above, below, duration
from beaufort.plan.way import Served
from beaufort.spec.traffic import Synthetic

_PROMISES = (0.9999, 0.9995, 0.999, 0.995, 0.99, 0.95, 0.9, 0.5)
_LONGEST = 366 * 86400.0
_WAYS = 2
_NEXT_TO_NOTHING = 1e-6


@dataclass(frozen=True, slots=True)
class Latencies:
    """Time to first token and time per output token.

    Attributes:
        steps: What is possible at the very least is told as so many times as much, one after the other.
    """

    steps: tuple[float, ...] = (1.0, 1.1, 1.3, 1.6, 2.0, 3.0, 5.0)

    def loosest(self, question: Question) -> Changes:  # noqa: ARG002 - the signature is the protocol's
        """Return the longest that a file may say."""
        return _within(_LONGEST, _LONGEST)

    def settings(self, tried: Tried) -> Iterator[Changes]:
        """Yield what the best ways reach when everything runs that may, then a little more."""
        target, reached = tried.question.target, []
        for served in tried.found.served:
            ttft, tpot = _reached(tried, served)
            excess = max(ttft / target.ttft, tpot / target.tpot)
            if math.isfinite(excess):
                reached.append((excess, ttft, tpot))
        for step in self.steps:
            for _, ttft, tpot in sorted(reached)[:_WAYS]:
                yield _within(_needed(ttft, step, target.ttft), _needed(tpot, step, target.tpot))


def _needed(reached: float, step: float, allowed: float) -> float | None:
    return above(reached * step) if reached > allowed else None


def _within(ttft: float | None, tpot: float | None) -> Changes:
    named = {"ttft": ttft, "tpot": tpot}
    return tuple(
        Change(("spec", "objectives", name, "within"), duration(seconds), "raise")
        for name, seconds in named.items()
        if seconds is not None
    )


def _reached(tried: Tried, served: Served) -> tuple[float, float]:
    """Return the latencies, margin included, of the region with most traffic when it runs all that it may."""
    place = max(tried.loosened.places, key=lambda place: place.share)
    most = _most(tried.loosened, served)
    state = served.rates.at(tried.loosened.demand.peak_rate * place.share / most, most)
    if state is None:
        return math.inf, math.inf
    within, target = margin(state.dispersion), tried.question.target
    return within * state.ttft(100 * target.ttft_share), within * state.tpot(100 * target.tpot_share)


def _most(question: Question, served: Served) -> int:
    """Return the most replicas that one region may need: what there is, less what must be spare."""
    spec, stands = question.service.spec, served.sizings[0].mix.stands
    most = sum(stand.room for stand in stands)
    if spec.replicas:
        most = min(most, spec.replicas.max)
    price = min(stand.price / stand.per_group for stand in stands)
    if spec.budget and spec.budget.per_hour is not None and price:
        most = int(min(most, spec.budget.per_hour / price / len(question.places)))
    per_group = max(stand.per_group for stand in stands)
    needed = max(1, most)
    while needed > 1 and with_spare(needed, per_group, spec.objectives.availability) > most:
        needed -= max(1, needed // 50)
    return needed


@dataclass(frozen=True, slots=True)
class Availability:
    """What may be lost without loss."""

    def loosest(self, question: Question) -> Changes:
        """Return that nothing is covered."""
        asked = question.service.spec.objectives.availability
        least = _PROMISES[-1]
        return (Change(("spec", "objectives", "availability"), least, "lower"),) if asked > least else ()

    def settings(self, tried: Tried) -> Iterator[Changes]:
        """Yield usual promises, the strictest first."""
        asked = tried.spec.objectives.availability
        for promise in _PROMISES:
            if promise < asked:
                yield (Change(("spec", "objectives", "availability"), promise, "lower"),)


@dataclass(frozen=True, slots=True)
class Rate:
    """The traffic itself: the last bound to give way."""

    def loosest(self, question: Question) -> Changes:
        """Return next to nothing; none when the traffic is recorded."""
        traffic = question.service.spec.traffic
        return (_rate(traffic.rate * _NEXT_TO_NOTHING),) if isinstance(traffic, Synthetic) else ()

    def settings(self, tried: Tried) -> Iterator[Changes]:
        """Yield what the best way takes with all that it may run, then a little less."""
        traffic = tried.question.service.spec.traffic
        if not isinstance(traffic, Synthetic):
            return
        share = max(place.share for place in tried.question.places)
        most = max(_taken(tried, served) for served in tried.found.served) / (tried.question.demand.course.peak * share)
        for part in (1.0, 0.9, 0.7, 0.5, 0.2, 0.05, 0.01):
            yield (_rate(below(min(most, traffic.rate) * part)),)


def _taken(tried: Tried, served: Served) -> float:
    most = _most(tried.question, served)
    return most * served.rates.each(most)


def _rate(rate: float) -> Change:
    return Change(("spec", "traffic", "rate"), rate, "lower")
