"""Filter, score, pick: the endpoint that takes a request, and why.

What a request costs at an endpoint is counted in requests in flight:

    in flight + (2 x tokens of its own prompt that must be computed + tokens of others' that still must be) / 512

A request that is being answered slows the next one about as much as 512 tokens of a prompt that is computed before it.
Its own tokens count twice, for what is computed a second time here pushes something out of the cache, too. So a prompt
goes to where it is known while that endpoint is not busy with much more than it saves, and elsewhere when it is: an
endpoint that is popular does not drown, and one that is new gets its first prompts. What other requests in progress
begin with, too, counts by its share only (``crowd``).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from beaufort.routing.endpoint import Endpoint
from beaufort.routing.health import State
from beaufort.routing.prompt import NOTHING, Prompt, home

# What another zone costs, in requests in flight. Traffic between zones costs money and a millisecond; an engine decodes
# a batch of two about as fast as one of one, but not a batch of thirty as fast as one of ten. So the preference is a
# fixed number of requests: it decides while there is little to do, and never overloads the own zone by more than that.
_ELSEWHERE = 2
_TOKENS = 512
_OWN = 2


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
        fresh: Tokens of the prompt that it has to compute, about.
        cached: Tokens of the prompt that it should still have, about.
    """

    endpoint: Endpoint | None
    tied: int
    candidates: int
    known: int
    again: bool = False
    away: bool = False
    fresh: int = 0
    cached: int = 0

    @property
    def reason(self) -> str:
        """Why, as a person reads it. Made only when it is asked for."""
        if self.endpoint is None:
            return f"none of {self.known} endpoints is healthy"
        away = f" in another zone, which counts as {_ELSEWHERE} more" if self.away else ""
        pending = f", {self.endpoint.pending} tokens to compute before" if self.endpoint.pending else ""
        cached = f", {self.cached} of its {self.cached + self.fresh} tokens cached" if self.cached else ""
        least = f"{self.endpoint.in_flight} in flight{away}{pending}{cached}"
        rank = f"{least}, as {self.tied} of" if self.tied > 1 else f"{least}, the fewest of"
        again = ", tried before, for want of another" if self.again else ""
        return f"{rank} {self.candidates} candidates among {self.known} endpoints{again}"


def _plain(prompt: Prompt, cached: int) -> float:
    return prompt.tokens - cached


def choose(
    endpoints: Sequence[Endpoint],
    *,
    exclude: Collection[str] = (),
    tie: int = 0,
    zone: str = "",
    prompt: Prompt = NOTHING,
    cached: Sequence[int] = (),
    weigh: Callable[[Prompt, int], float] = _plain,
) -> Choice:
    """Return the healthy endpoint with the best score.

    Args:
        endpoints: Every endpoint that is known.
        exclude: URLs to avoid, because this very request failed there. They are taken if there is no other.
        tie: Any number; where several endpoints are equally good, it says which. A number that changes from
            request to request spreads them evenly.
        zone: The zone whose endpoints are preferred; empty when it is not known.
        prompt: What the request begins with.
        cached: Tokens of it that each of ``endpoints`` should still have; empty for none.
        weigh: What the rest of a prompt counts, in tokens, when so many of them are cached.
    """
    healthy = [index for index, endpoint in enumerate(endpoints) if endpoint.state is State.HEALTHY]
    candidates = [index for index in healthy if endpoints[index].url not in exclude] or healthy
    if not candidates:
        return Choice(None, 0, 0, len(endpoints))
    found = [min(cached[index], prompt.tokens) if cached else 0 for index in candidates]
    assumed = _assumed(prompt, found, [endpoints[index].url for index in candidates])
    scores = [
        score(endpoints[index], zone, weigh(prompt, known)) for index, known in zip(candidates, assumed, strict=True)
    ]
    highest = max(scores)
    best = [place for place, value in enumerate(scores) if value == highest]
    place = best[tie % len(best)]
    chosen = endpoints[candidates[place]]
    return Choice(
        endpoint=chosen,
        tied=len(best),
        candidates=len(candidates),
        known=len(endpoints),
        again=chosen.url in exclude,
        away=_away(chosen, zone),
        fresh=prompt.tokens - found[place],
        cached=found[place],
    )


def _assumed(prompt: Prompt, found: Sequence[int], urls: Sequence[str]) -> list[int]:
    """Return the tokens that each should have: what was found, and its origin at its home."""
    assumed = list(found)
    if prompt.tokens:
        first = home(prompt.origin, urls)
        assumed[first] = max(assumed[first], prompt.origin_tokens)
    return assumed


def score(endpoint: Endpoint, zone: str = "", fresh: float = 0) -> float:
    """Return how good an endpoint is for the next request, 0 to 1: 1 when idle and near, halved by the first request.

    Args:
        endpoint: The endpoint.
        zone: The zone that is preferred; empty when it is not known. So is no endpoint whose zone is not known.
        fresh: Tokens of the request's prompt that the endpoint has to compute.
    """
    elsewhere = _ELSEWHERE if _away(endpoint, zone) else 0
    return 1.0 / (1 + endpoint.in_flight + elsewhere + (_OWN * fresh + endpoint.pending) / _TOKENS)


def _away(endpoint: Endpoint, zone: str) -> bool:
    return bool(zone) and endpoint.zone != zone
