"""What the rig tells while it works: one line for each step, and how long it took."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from beaufort.units import show_seconds

Say = Callable[[str], None]


@contextmanager
def step(say: Say, name: str) -> Iterator[None]:
    """Say that a step begins, and how long it took when it succeeds."""
    say(f"{name} ...")
    began = time.monotonic()
    yield
    say(f"{name}: {show_seconds(time.monotonic() - began)}")


class Pulse:
    """Says now and then that a long step goes on."""

    def __init__(self, say: Say, name: str, every: float = 30.0) -> None:
        self._say, self._name, self._every = say, name, every
        self._began = self._last = time.monotonic()

    def beat(self, detail: str) -> None:
        """Say it, unless it was said a short while ago."""
        now = time.monotonic()
        if now - self._last >= self._every:
            self._last = now
            self._say(f"{self._name}: {show_seconds(now - self._began)} so far, {detail}")
