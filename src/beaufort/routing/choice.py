"""Filter, score, pick: the endpoint that takes a request, and why."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from beaufort.routing.endpoint import Endpoint
from beaufort.routing.health import State

# What another zone costs, in requests in flight. Traffic between zones costs money and a millisecond; an engine decodes
# a batch of two about as fast as one of one, but not a batch of thirty as fast as one of ten. So the preference is a
# fixed number of requests: it decides while there is little to do, and never overloads the own zone by more than that.
_ELSEWHERE = 2


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen.

    Attributes:
        endpoint: The endpoint, or None when none is healthy.
        tied: How many endpoints had the best score, the chosen one among them.
        candidates: How many passed the filter.
        known: How many there were.
        again: Every healthy endpoint was excluded, so that an excluded one was chosen.
        away: It is in another zone than the preferred one.
    """

    endpoint: Endpoint | None
    tied: int
    candidates: int
    known: int
    again: bool = False
    away: bool = False

    @property
    def reason(self) -> str:
        """Why, as a person reads it. Made only when it is asked for."""
        if self.endpoint is None:
            return f"none of {self.known} endpoints is healthy"
        away = f" in another zone, which counts as {_ELSEWHERE} more" if self.away else ""
        fewest = f"{self.endpoint.in_flight} in flight{away}"
        rank = f"{fewest}, as {self.tied} of" if self.tied > 1 else f"{fewest}, the fewest of"
        again = ", tried before, for want of another" if self.again else ""
        return f"{rank} {self.candidates} candidates among {self.known} endpoints{again}"


def choose(endpoints: Sequence[Endpoint], *, exclude: Collection[str] = (), tie: int = 0, zone: str = "") -> Choice:
    """Return the healthy endpoint with the best score.

    Args:
        endpoints: Every endpoint that is known.
        exclude: URLs to avoid, because this very request failed there. They are taken if there is no other.
        tie: Any number; where several endpoints are equally good, it says which. A number that changes from
            request to request spreads them evenly.
        zone: The zone whose endpoints are preferred; empty when it is not known.
    """
    healthy = [endpoint for endpoint in endpoints if endpoint.state is State.HEALTHY]
    candidates = [endpoint for endpoint in healthy if endpoint.url not in exclude] if exclude else healthy
    again = not candidates and bool(healthy)
    if again:
        candidates = healthy
    if not candidates:
        return Choice(None, 0, 0, len(endpoints))
    scores = [score(endpoint, zone) for endpoint in candidates]
    highest = max(scores)
    best = [endpoint for endpoint, value in zip(candidates, scores, strict=True) if value == highest]
    chosen = best[tie % len(best)]
    return Choice(chosen, len(best), len(candidates), len(endpoints), again, _away(chosen, zone))


def score(endpoint: Endpoint, zone: str = "") -> float:
    """Return how good an endpoint is for the next request, 0 to 1: 1 when idle and near, halved by the first request.

    Args:
        endpoint: The endpoint.
        zone: The zone that is preferred; empty when it is not known. So is no endpoint whose zone is not known.
    """
    return 1.0 / (1 + endpoint.in_flight + (_ELSEWHERE if _away(endpoint, zone) else 0))


def _away(endpoint: Endpoint, zone: str) -> bool:
    return bool(zone) and endpoint.zone != zone
