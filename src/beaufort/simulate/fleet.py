"""Replicas under traffic, on a virtual clock: requests come at their times, go somewhere, and get their latencies.

Where a request is sent is the caller's: the same functions decide here that decide in the gateway.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from beaufort.simulate.replica import Replica
from beaufort.simulate.request import Request
from beaufort.simulate.step import Step


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
        replica: The index of the replica that served it.
        ttft: Seconds from then to its first token.
        tpot: Mean seconds between its tokens; None when there was only one.
    """

    id: int
    at: float
    replica: int
    ttft: float
    tpot: float | None


@dataclass(slots=True)
class _Open:
    at: float
    replica: int
    tokens: int
    first: float | None = None


class Fleet:
    """Replicas that step each at its own pace.

    Args:
        replicas: What serves, all of it idle.
        began: Called with a request's identity and its replica when its first token is there.
        ended: The same when its last one is.
    """

    def __init__(
        self,
        replicas: Sequence[Replica],
        began: Callable[[int, int], None] = lambda _request, _replica: None,
        ended: Callable[[int, int], None] = lambda _request, _replica: None,
    ) -> None:
        self.replicas = replicas
        self._began, self._ended = began, ended
        self._steps: dict[int, Step] = {}  # under way, by replica
        self._ends: list[tuple[float, int]] = []  # of those, the earliest first
        self._open: dict[int, _Open] = {}
        self._done: list[Served] = []

    def run(self, arrivals: Iterable[Arrival], choose: Callable[[Arrival], int]) -> list[Served]:
        """Serve ``arrivals``, which are in the order of their times; return them in the order of their ends.

        Args:
            arrivals: What comes. May be endless only if ``choose`` raises at some time.
            choose: Returns the index of the replica for a request, at the time of its arrival.

        Raises:
            UnfitRequestError: A replica can never run a request that it was given.
            ValueError: An arrival is earlier than the one before.
        """
        now = 0.0
        for arrival in arrivals:
            if arrival.at < now:
                message = f"request {arrival.request.id} comes before the one before it"
                raise ValueError(message)
            now = arrival.at
            while self._ends and self._ends[0][0] <= now:
                self._complete()
            index = choose(arrival)
            self.replicas[index].submit(arrival.request)
            self._open[arrival.request.id] = _Open(now, index, arrival.request.output_tokens)
            if index not in self._steps:
                self._begin(index, now)
        while self._ends:
            self._complete()
        return self._done

    def _begin(self, index: int, now: float) -> None:
        step = self.replicas[index].step()
        if step is not None:
            self._steps[index] = step
            heapq.heappush(self._ends, (now + step.duration_seconds, index))

    def _complete(self) -> None:
        now, index = heapq.heappop(self._ends)
        step = self._steps.pop(index)
        for identity in step.emitted:
            request = self._open[identity]
            if request.first is None:
                request.first = now
                self._began(identity, index)
        for identity in step.finished:
            self._done.append(_served(identity, self._open.pop(identity), now))
            self._ended(identity, index)
        self._begin(index, now)


def _served(identity: int, request: _Open, now: float) -> Served:
    first = now if request.first is None else request.first
    tpot = (now - first) / (request.tokens - 1) if request.tokens > 1 else None
    return Served(identity, request.at, request.replica, first - request.at, tpot)
