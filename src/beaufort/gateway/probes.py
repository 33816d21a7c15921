"""Asks each endpoint for its health, ``GET /health``: 200 ready, 503 not ready, anything else a doubt."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from http import HTTPStatus

from beaufort.gateway.endpoints import Endpoints
from beaufort.gateway.upstream import Upstream
from beaufort.routing import ProbeOutcome, State
from beaufort.routing.prefix import blocks_of
from beaufort.units import KIB, MIB
from beaufort.wire import WireError, fetch

_ANSWER_BYTES = 64 * KIB
_METRICS_BYTES = 4 * MIB
_CACHE = re.compile(rb"^vllm:cache_config_info\{([^}]*)\}", re.MULTILINE)
_LABEL = re.compile(rb'(\w+)="([^"]*)"')


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


async def remembered(url: str, seconds: float) -> int | None:
    """Return for how many tokens an engine has keys and values, as vLLM's metrics say it; None when it says nothing."""
    try:
        response = await fetch(f"{url}/metrics", seconds=seconds, limit=_METRICS_BYTES)
    except WireError:
        return None
    line = _CACHE.search(response.body)
    found = dict(_LABEL.findall(line[1])) if line else {}
    blocks, size = found.get(b"num_gpu_blocks", b""), found.get(b"block_size", b"")
    return int(blocks) * int(size) if blocks.isdigit() and size.isdigit() else None


class Prober:
    """Sends each probe when it is due, one at a time to each endpoint; asks those that have come up what they remember.

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
        came_up = outcome is ProbeOutcome.READY and upstream.health.state is not State.HEALTHY
        self._endpoints.probed(upstream, outcome)
        self._wake.set()
        if came_up and (tokens := await remembered(upstream.url, self._seconds)) is not None:
            upstream.prefixes.resize(blocks_of(tokens))
