"""What the tests of the fleet share: jobs that run the fake engine, and a way to wait for what must come."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Protocol

import psutil
import pytest
import uvloop

from beaufort.fleet.cores import Cores
from beaufort.fleet.member import Job
from beaufort.fleet.ports import Reservation
from beaufort.fleet.supervisor import Fleet
from beaufort.fleet.view import View

FAKE = Path(__file__).with_name("fake_engine.py")
PATIENCE = 20.0  # seconds that a test waits for what should come in a moment


def pytest_asyncio_loop_factories(
    config: pytest.Config,  # noqa: ARG001 - pytest matches a hook's arguments by their names
    item: pytest.Item,  # noqa: ARG001 - as above
) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Run every test of the fleet on the event loop that production runs on."""
    return {"uvloop": uvloop.new_event_loop}


async def until(condition: Callable[[], bool]) -> None:
    """Wait until ``condition`` holds."""
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.01)


def alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_gone(pids: list[int]) -> None:
    """Wait until no process of ``pids`` runs any more."""
    end = time.monotonic() + PATIENCE
    while any(map(alive, pids)):
        assert time.monotonic() < end, f"still alive: {[pid for pid in pids if alive(pid)]}"
        time.sleep(0.02)


def fake(name: str, port: int, *flags: str, cores: Cores = ()) -> Job:
    """Return a job that runs the fake engine."""
    command = (sys.executable, str(FAKE), "--port", str(port), *flags)
    return Job(name=name, command=command, url=f"http://127.0.0.1:{port}", cores=cores)


class Watched:
    """A fleet of fakes, and everything that it said."""

    def __init__(self, fleet: Fleet, directory: Path, changes: list[str]) -> None:
        self.fleet = fleet
        self.directory = directory
        self.changes = changes

    def view(self, name: str) -> View:
        return next(view for view in self.fleet.views() if view.name == name)

    def states(self) -> dict[str, str]:
        return {view.name: str(view.state.phase) for view in self.fleet.views()}

    def urls(self) -> list[str]:
        return [row["url"] for row in json.loads((self.directory / "endpoints.json").read_text())["endpoints"]]

    def pids(self) -> list[int]:
        return [view.pid for view in self.fleet.views() if view.pid is not None]

    async def ready(self, engines: int) -> None:
        await until(lambda: list(self.states().values()) == ["ready"] * (engines + 1))


class MakeFleet(Protocol):
    """Run a fleet whose engines have the given flags."""

    def __call__(
        self, *flags: str, gateway_flags: tuple[str, ...] = (), drain_seconds: float = 5.0
    ) -> AbstractAsyncContextManager[Watched]: ...


@pytest.fixture
def make_fleet(tmp_path: Path) -> MakeFleet:
    """Return a way to run a fleet of fakes."""

    @asynccontextmanager
    async def run(
        *flags: str, gateway_flags: tuple[str, ...] = (), drain_seconds: float = 5.0
    ) -> AsyncIterator[Watched]:
        changes: list[str] = []
        port = Reservation()
        fleet = Fleet(
            fake("gateway", port.port, *gateway_flags),
            lambda index, port, cores: fake(f"engine-{index}", port, *flags, cores=cores),
            endpoints_file=tmp_path / "endpoints.json",
            logs=tmp_path,
            on_change=lambda view: changes.append(f"{view.name} {view.state.phase}"),
            drain_seconds=drain_seconds,
        )
        try:
            async with fleet:
                yield Watched(fleet, tmp_path, changes)
        finally:
            port.close()

    return run


@pytest.fixture
def cores() -> set[int]:
    """Return the cores that may be used here."""
    return os.sched_getaffinity(0)
