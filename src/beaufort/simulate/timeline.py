"""One replica under traffic, on a virtual clock: requests come at their times, and each gets its latencies."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from beaufort.simulate.replica import Replica
from beaufort.simulate.request import Request


@dataclass(frozen=True, slots=True)
class Arrival:
    """A request and when it comes, in seconds."""

    at: float
    request: Request


@dataclass(frozen=True, slots=True)
class Served:
    """What became of a request.

    Attributes:
        id: Which.
        at: When it came, seconds.
        ttft: Seconds from then to its first token.
        tpot: Mean seconds between its tokens; None when there was only one.
    """

    id: int
    at: float
    ttft: float
    tpot: float | None


@dataclass(slots=True)
class _Open:
    at: float
    tokens: int
    first: float | None = None


def served(replica: Replica, arrivals: Iterable[Arrival]) -> list[Served]:
    """Run ``arrivals``, which are in the order of their times, to their ends; return them in the order of these.

    Raises:
        UnfitRequestError: The replica can never run one of them.
        ValueError: An arrival is earlier than the one before.
    """
    open_requests: dict[int, _Open] = {}
    done: list[Served] = []
    now = 0.0
    ordered = list(arrivals)
    if any(later.at < earlier.at for earlier, later in pairwise(ordered)):
        message = "arrivals must be in the order of their times"
        raise ValueError(message)
    coming = iter(ordered)
    following = next(coming, None)
    while True:
        while following is not None and following.at <= now:
            replica.submit(following.request)
            open_requests[following.request.id] = _Open(following.at, following.request.output_tokens)
            following = next(coming, None)
        step = replica.step()
        if step is None:
            if following is None:
                return done
            now = following.at
            continue
        now += step.duration_seconds
        for identity in step.emitted:
            if open_requests[identity].first is None:
                open_requests[identity].first = now
        done += [_ended(identity, open_requests.pop(identity), now) for identity in step.finished]


def _ended(identity: int, request: _Open, now: float) -> Served:
    first = now if request.first is None else request.first
    tpot = (now - first) / (request.tokens - 1) if request.tokens > 1 else None
    return Served(identity, request.at, first - request.at, tpot)
