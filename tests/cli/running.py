"""A running ``beaufort up -o json``, for tests: its events, its processes, its end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

PATIENCE = 60.0  # seconds that a test waits for what should come in a moment
BEAUFORT = (sys.executable, "-m", "beaufort", "up")


class Up:
    """A running ``beaufort up -o json`` and the events that it has told."""

    def __init__(self, process: subprocess.Popen[str], directory: Path) -> None:
        self.process = process
        self.directory = directory
        self.events: list[dict[str, object]] = []

    def until(self, event: str, *, after: dict[str, object] | None = None, **fields: object) -> dict[str, object]:
        """Return the first such event, or the first that was told later than ``after``; read on if need be."""
        at = self.events.index(after) + 1 if after else 0
        while True:
            for told in self.events[at:]:
                if told["event"] == event and all(told[name] == value for name, value in fields.items()):
                    return told
            at = len(self.events)
            self.events.append(self._read())

    def _read(self) -> dict[str, object]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            pytest.fail(f"told no more than {self.events}; {self.process.stderr and self.process.stderr.read()}")
        told: dict[str, object] = json.loads(line)
        return told

    def ready(self, name: str) -> dict[str, object]:
        """Return the event that tells that a process is ready, as soon as it is."""
        return self.until("state", name=name, state="ready")

    def kill(self, name: str, last: dict[str, object] | None = None) -> dict[str, object]:
        """Kill a process as soon as it is ready, wait until it is back, and return the event that tells so.

        ``last`` is that of the time before, if it was killed before.
        """
        before = last or self.ready(name)
        assert isinstance(before["pid"], int)
        assert isinstance(before["restarts"], int)
        os.kill(before["pid"], signal.SIGKILL)
        died = self.until("state", after=before, name=name, state="restarting")
        assert died["reason"] == "killed by SIGKILL"
        back = self.until("state", after=died, name=name, state="ready")
        assert (back["restarts"], back["url"]) == (before["restarts"] + 1, before["url"])
        return back

    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def end(self, *signals: int) -> int:
        """Send signals, and return the exit code once no process and no file is left."""
        children = self.children()
        self.process.send_signal(signals[0])
        for number in signals[1:]:
            time.sleep(0.3)  # two equal signals at the same moment are one
            self.process.send_signal(number)
        self.process.communicate(timeout=PATIENCE)
        _, left = psutil.wait_procs(children, timeout=PATIENCE)
        assert not left
        assert not list(self.directory.glob("beaufort-up-*"))
        return self.process.returncode


@contextmanager
def running(directory: Path, *command: str) -> Iterator[Up]:
    """Run ``beaufort up -o json`` on a free port, its temporary files in ``directory``."""
    with subprocess.Popen(
        [*command, "-o", "json", "--port", "0"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(directory)},
    ) as process:
        try:
            yield Up(process, directory)
        finally:
            process.kill()
