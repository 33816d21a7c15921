"""A fleet from its first check to its last process: what ``beaufort up`` does."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory

from beaufort.errors import Problem, UsageError
from beaufort.fleet.commands import engine_job, gateway_job
from beaufort.fleet.display import Display
from beaufort.fleet.ports import check_free
from beaufort.fleet.settings import Settings
from beaufort.fleet.state import Phase
from beaufort.fleet.supervisor import Fleet
from beaufort.wire import WireError, fetch

START_PROBE_SECONDS = 0.05
LOOK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Places:
    """Where a run keeps its files.

    Attributes:
        endpoints: The endpoints file.
        logs: The folder of the processes' output.
        access_log: The gateway's access log; None for none.
    """

    endpoints: Path
    logs: Path
    access_log: Path | None


@contextmanager
def run_directory(log_dir: Path | None) -> Iterator[Places]:
    """Make a folder for a run, and remove it in the end. What is in ``log_dir`` stays.

    Raises:
        UsageError: ``log_dir`` cannot be written.
    """
    with TemporaryDirectory(prefix="beaufort-up-") as name:
        directory = Path(name)
        if log_dir is None:
            yield Places(directory / "endpoints.json", directory, None)
            return
        try:
            log_dir.mkdir(parents=True, exist_ok=True)
            (log_dir / "access.log").open("a").close()
        except OSError as error:
            problem = Problem(f"cannot be written: {error.strerror}", str(log_dir), "choose another --log-dir")
            raise UsageError(problem) from error
        yield Places(directory / "endpoints.json", log_dir, log_dir / "access.log")


async def serve(settings: Settings, places: Places, display: Display, stop: asyncio.Event) -> None:
    """Run the gateway and its engines until ``stop`` is set, then drain them. No process is left, whatever comes.

    Raises:
        UnavailableError: The port is taken.
        FleetError: A process failed for good.
    """
    began = asyncio.get_running_loop().time()
    settings = replace(settings, port=await check_free(settings.host, settings.port))
    fleet = Fleet(
        gateway_job(settings, places.endpoints, places.access_log),
        partial(engine_job, settings),
        endpoints_file=places.endpoints,
        logs=places.logs,
        on_change=display.changed,
        drain_seconds=settings.drain_seconds,
    )
    display.opening(settings, str(places.logs))
    try:
        async with fleet:
            await fleet.scale(settings.replicas)
            await _race(stop.wait(), fleet.failure(), _accompany(fleet, settings, display, began))
            display.draining(settings)
            await _race(fleet.drain(), _follow(fleet, display, START_PROBE_SECONDS))
    finally:
        display.close()


async def _race(*runners: Coroutine[None, None, object]) -> None:
    """Run all until the first ends, and end as it ended."""
    tasks = [asyncio.create_task(runner) for runner in runners]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _accompany(fleet: Fleet, settings: Settings, display: Display, began: float) -> None:
    """Show the start, say when the service answers, and show it from then on."""
    loop = asyncio.get_running_loop()
    while not (models := await _answering(fleet, settings)):
        display.tick(fleet.views(), loop.time())
        await asyncio.sleep(START_PROBE_SECONDS)
    display.ready(settings, models, loop.time() - began)
    await _follow(fleet, display, LOOK_SECONDS)


async def _follow(fleet: Fleet, display: Display, seconds: float) -> None:
    while True:
        if display.live:
            await fleet.look()
        display.tick(fleet.views(), asyncio.get_running_loop().time())
        await asyncio.sleep(seconds)


async def _answering(fleet: Fleet, settings: Settings) -> list[str]:
    """Return the models that can be asked for through the gateway; none as long as it has no engine."""
    gateway, *engines = (member.state.phase is Phase.READY for member in fleet.members)
    if not (gateway and any(engines)):
        return []
    try:
        response = await fetch(f"{settings.url}/v1/models")
        if response.status != HTTPStatus.OK:
            return []
        return [str(row["id"]) for row in json.loads(response.body)["data"]]
    except (WireError, ValueError, LookupError, TypeError):
        return []
