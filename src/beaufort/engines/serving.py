"""An engine's process: load, listen, serve, drain, stop."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Callable
from dataclasses import dataclass

from beaufort.engines.generation import Engine
from beaufort.engines.refusal import render_refusal
from beaufort.engines.surface import Surface
from beaufort.errors import BeaufortError, Problem
from beaufort.wire import Server, process


class EngineFailedError(BeaufortError):
    """The engine cannot serve any more: whoever started it should start it again."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where an engine listens, and how it ends.

    Attributes:
        host: Address to listen on.
        port: Port to listen on; 0 takes a free one.
        drain_seconds: How long running requests may take to finish after SIGTERM.
        exit_with_parent: Stop when standard input ends.
    """

    host: str
    port: int
    drain_seconds: float
    exit_with_parent: bool


def serve(load: Callable[[], Engine], address: Address) -> None:
    """Load an engine and serve it until SIGTERM or SIGINT; then refuse new work and finish what runs.

    Raises:
        UnavailableError: The address cannot be listened on.
        EngineFailedError: The engine failed for good. Requests in progress were answered with the reason.
    """
    engine = load()

    async def main(stop: asyncio.Event) -> None:
        surface = Surface(engine)
        server = Server(surface.handle, render_refusal=render_refusal)
        await server.listen(address.host, address.port)
        engine.start()
        print(f"serving {engine.info.name} at http://{address.host}:{server.port}/v1", file=sys.stderr, flush=True)  # noqa: T201 - the line that says where
        await _first(stop, engine.failed)
        await _drain(surface, server, address.drain_seconds)
        if engine.failure is not None:
            raise EngineFailedError(Problem(engine.failure, engine.info.name, "start the engine again"))

    process.run(main, exit_with_parent=address.exit_with_parent)


async def _first(*events: asyncio.Event) -> None:
    tasks = [asyncio.ensure_future(event.wait()) for event in events]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()


async def _drain(surface: Surface, server: Server, seconds: float) -> None:
    """Refuse new work, wait for what runs, and tell what is left that it ends."""
    surface.draining = True
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await surface.idle.wait()
    surface.fail_active("this engine is shutting down")
    await server.close(drain_seconds=1.0)
