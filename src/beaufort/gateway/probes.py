"""Asks each endpoint for its health, ``GET /health``: 200 ready, 503 not ready, anything else a doubt."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus

from beaufort.gateway.endpoints import Endpoints
from beaufort.gateway.upstream import Upstream
from beaufort.routing import ProbeOutcome
from beaufort.units import KIB
from beaufort.wire import WireError, fetch

_ANSWER_BYTES = 64 * KIB


async def probe(url: str, seconds: float) -> ProbeOutcome:
    """Ask one endpoint, on a connection of its own so that accepting connections is tested too."""
    try:
        response = await fetch(f"{url}/health", seconds=seconds, limit=_ANSWER_BYTES)
    except WireError as error:
        refused = isinstance(error.__cause__, ConnectionRefusedError)
        return ProbeOutcome.REFUSED if refused else ProbeOutcome.FAILED
    if response.status == HTTPStatus.OK:
        return ProbeOutcome.READY
    return ProbeOutcome.NOT_READY if response.status == HTTPStatus.SERVICE_UNAVAILABLE else ProbeOutcome.FAILED


class Prober:
    """Sends each probe when it is due, one at a time to each endpoint.

    Args:
        endpoints: Who is asked, and when.
        seconds: How long an answer may take.
        clock: A monotonic time, in seconds.
    """

    def __init__(self, endpoints: Endpoints, seconds: float, clock: Callable[[], float]) -> None:
        self._endpoints = endpoints
        self._seconds = seconds
        self._clock = clock
        self._running: dict[Upstream, asyncio.Task[None]] = {}
        self._wake = asyncio.Event()
        endpoints.changed = self._wake.set

    async def run(self) -> None:
        """Probe until cancelled."""
        try:
            while True:
                self._wake.clear()
                wait = self._send_due() - self._clock()
                try:
                    async with asyncio.timeout(max(0.0, wait)):
                        await self._wake.wait()
                except TimeoutError:
                    pass
        finally:
            for task in self._running.values():
                task.cancel()

    def _send_due(self) -> float:
        """Send what is due, and return when the next one is."""
        now = self._clock()
        following = now + 60.0  # a change wakes us before
        for upstream in self._endpoints:
            if upstream in self._running:
                continue
            if upstream.health.probe_at <= now:
                self._endpoints.begin_probe(upstream)
                self._running[upstream] = asyncio.get_running_loop().create_task(self._probe(upstream))
            else:
                following = min(following, upstream.health.probe_at)
        return following

    async def _probe(self, upstream: Upstream) -> None:
        try:
            outcome = await probe(upstream.url, self._seconds)
        finally:
            del self._running[upstream]
        self._endpoints.probed(upstream, outcome)
        self._wake.set()
