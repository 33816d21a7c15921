"""A server's process: its event loop, the signals that end it, and the parent it may belong to."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import IO

import uvloop

Main = Callable[[asyncio.Event], Coroutine[None, None, None]]


def run(main: Main, *, exit_with_parent: bool = False) -> None:
    """Run ``main(stop)`` on a uvloop event loop until it returns.

    ``stop`` is set by the first SIGTERM or SIGINT; ``main`` then drains and returns. A second signal ends it at
    once with KeyboardInterrupt.

    Args:
        main: The server.
        exit_with_parent: Also set ``stop`` when standard input ends: a parent that holds the other end of that
            pipe takes its children with it however it dies. A standard input that has no other end (``/dev/null``,
            a file, or none at all) has ended already: ``stop`` is set at once.
    """
    uvloop.run(_supervised(main, exit_with_parent=exit_with_parent))


async def _supervised(main: Main, *, exit_with_parent: bool) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    task = loop.create_task(main(stop))

    def signalled() -> None:
        if stop.is_set():
            task.cancel()
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, signalled)
    if exit_with_parent:
        _watch_parent(loop, stop)
    try:
        await task
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


def _watch_parent(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    # Typed as never absent, but Python leaves it None when the process was started with a closed descriptor 0.
    stdin: IO[str] | None = sys.stdin
    if stdin is None:
        stop.set()
        return
    descriptor = stdin.fileno()

    def readable() -> None:
        if not os.read(descriptor, 4096):
            loop.remove_reader(descriptor)
            stop.set()

    try:
        loop.add_reader(descriptor, readable)
    except OSError:  # epoll refuses what is neither a pipe, a socket nor a terminal
        stop.set()
