"""What the tests of the rig's pure parts share."""

from __future__ import annotations

import datetime as dt
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from rig import process
from rig.network import Ports
from rig.process import Process

NOW = dt.datetime.now(dt.UTC)
PORTS = Ports(apiserver=6443, etcd=2379, etcd_peer=2380, controller_manager=10257, scheduler=10259)
PATIENCE = 20.0  # seconds that a test waits for what should come in a moment

Start = Callable[..., Process]


def until(condition: Callable[[], bool]) -> None:
    """Wait until ``condition`` holds."""
    ends = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.01)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Return a way to start a process through the rig, and end all of them with the test."""
    started: list[Process] = []

    def run(*command: str, name: str = "one", write_down: Callable[[Process], None] = started.append) -> Process:
        one = process.start(name, command, tmp_path, tmp_path / f"{name}.log", write_down)
        started.append(one)
        return one

    yield run
    for one in started:
        if one.runs():
            with suppress(ProcessLookupError):
                os.kill(one.pid, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(one.pid, 0)
