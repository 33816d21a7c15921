"""Filter, score, pick: the endpoint that takes a request, and why."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from beaufort.routing.endpoint import Endpoint
from beaufort.routing.health import State


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen.

    Attributes:
        endpoint: The endpoint, or None when none is healthy.
        tied: How many endpoints had the best score, the chosen one among them.
        candidates: How many passed the filter.
        known: How many there were.
        again: Every healthy endpoint was excluded, so that an excluded one was chosen.
    """

    endpoint: Endpoint | None
    tied: int
    candidates: int
    known: int
    again: bool = False

    @property
    def reason(self) -> str:
        """Why, as a person reads it. Made only when it is asked for."""
        if self.endpoint is None:
            return f"none of {self.known} endpoints is healthy"
        fewest = f"{self.endpoint.in_flight} in flight"
        rank = f"{fewest}, as {self.tied} of" if self.tied > 1 else f"{fewest}, the fewest of"
        again = ", tried before, for want of another" if self.again else ""
        return f"{rank} {self.candidates} candidates among {self.known} endpoints{again}"


def choose(endpoints: Sequence[Endpoint], *, exclude: Collection[str] = (), tie: int = 0) -> Choice:
    """Return the healthy endpoint with the best score.

    Args:
        endpoints: Every endpoint that is known.
        exclude: URLs to avoid, because this very request failed there. They are taken if there is no other.
        tie: Any number; where several endpoints are equally good, it says which. A number that changes from
            request to request spreads them evenly.
    """
    healthy = [endpoint for endpoint in endpoints if endpoint.state is State.HEALTHY]
    candidates = [endpoint for endpoint in healthy if endpoint.url not in exclude] if exclude else healthy
    again = not candidates and bool(healthy)
    if again:
        candidates = healthy
    if not candidates:
        return Choice(None, 0, 0, len(endpoints))
    scores = [score(endpoint) for endpoint in candidates]
    highest = max(scores)
    best = [endpoint for endpoint, value in zip(candidates, scores, strict=True) if value == highest]
    return Choice(best[tie % len(best)], len(best), len(candidates), len(endpoints), again)


def score(endpoint: Endpoint) -> float:
    """Return how good an endpoint is for the next request, 0 to 1: 1 when idle, halved by the first request."""
    return 1.0 / (1 + endpoint.in_flight)
