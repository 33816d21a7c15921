"""The gateway and its engines: kept alive together, scaled like a Deployment, drained in order."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from beaufort.errors import BeaufortError, Problem
from beaufort.fleet import endpoints
from beaufort.fleet.cores import Cores, share
from beaufort.fleet.member import Job, Member
from beaufort.fleet.ports import Reservation
from beaufort.fleet.state import HOPELESS, Phase
from beaufort.fleet.view import View

# A process drains by itself within its --drain-seconds; one that takes longer by this much hangs, and is killed.
GRACE_SECONDS = 5.0
# Between the moment an engine leaves the endpoints file and the one at which it refuses new requests, so that
# the gateway has read the file: what a preStop sleep is to a pod.
LEAVE_SECONDS = 1.0

EngineJob = Callable[[int, int, Cores], Job]


class FleetError(BeaufortError):
    """A process of the fleet failed for good. The exit code is its own."""

    def __init__(self, exit_code: int, *problems: Problem) -> None:
        super().__init__(*problems)
        self.exit_code = exit_code


class Fleet:
    """The processes. Use it as a context: when it is left, none of them lives any more.

    Args:
        gateway: The gateway's job.
        engine: Makes the job of an engine from its index, its port and its cores.
        directory: For the endpoints file.
        logs: For the processes' output, one file for each.
        on_change: Called with a process whenever its state has changed.
        drain_seconds: How long a process may take to finish what it does.
    """

    def __init__(
        self,
        gateway: Job,
        engine: EngineJob,
        *,
        endpoints_file: Path,
        logs: Path,
        on_change: Callable[[View], None] = lambda _: None,
        drain_seconds: float = 30.0,
    ) -> None:
        self._engine = engine
        self._endpoints_file = endpoints_file
        self._logs = logs
        self._on_change = on_change
        self._drain_seconds = drain_seconds
        self._cores = os.sched_getaffinity(0)
        self._gateway = self._member(gateway)
        self._engines: dict[int, Member] = {}
        self._ports: dict[int, Reservation] = {}
        self._tasks: dict[Member, asyncio.Task[None]] = {}
        self._failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._endpoints: list[str] | None = None
        self._scaling = asyncio.Lock()

    async def __aenter__(self) -> Self:
        self._publish()
        self._start(self._gateway)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        for port in self._ports.values():
            port.close()
        if not self._failed.cancel():
            self._failed.exception()  # whoever had to know has been told

    def _member(self, job: Job) -> Member:
        return Member(job, self._logs / f"{job.name}.log", self._changed)

    def _start(self, member: Member) -> None:
        task = asyncio.create_task(member.run(), name=member.job.name)
        task.add_done_callback(self._ended)
        self._tasks[member] = task

    def _ended(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None and not self._failed.done():
            self._failed.set_exception(error)

    def _changed(self, member: Member) -> None:
        if member.state.phase is Phase.FAILED and not self._failed.done():
            self._failed.set_exception(_failure(member))
        self._publish()
        self._on_change(member.view())

    def _publish(self) -> None:
        """Write the endpoints file if the ready engines are not those in it."""
        ready = [each.job.url for each in self._engines.values() if each.state.phase is Phase.READY]
        if ready != self._endpoints:
            self._endpoints = ready
            endpoints.write(self._endpoints_file, ready)

    @property
    def members(self) -> list[Member]:
        """The gateway, then the engines in the order of their indices."""
        return [self._gateway, *(self._engines[index] for index in sorted(self._engines))]

    def views(self) -> list[View]:
        """Return every member as it is now."""
        return [member.view() for member in self.members]

    async def look(self) -> None:
        """Take a sample of every engine's load."""
        await asyncio.gather(*(engine.look() for engine in self._engines.values()))

    async def failure(self) -> None:
        """Wait until a process has failed for good, for ever if none does.

        Raises:
            FleetError: It has.
        """
        await asyncio.shield(self._failed)

    async def scale(self, replicas: int) -> None:
        """Run ``replicas`` engines: start those that are missing, drain those that are too many, newest first.

        Returns when those that leave have left; it does not wait for the new ones. Cores are shared out anew;
        an engine that runs on keeps its own until it is started again by scaling.
        """
        async with self._scaling:
            shares = share(self._cores, max(replicas, 1))
            for index in range(len(self._engines), replicas):
                self._add(index, shares[index])
            leaving = list(range(replicas, len(self._engines)))
            await self._finish([self._engines[index] for index in leaving], LEAVE_SECONDS)
            for index in leaving:
                del self._tasks[self._engines.pop(index)]
                self._ports.pop(index).close()

    def _add(self, index: int, cores: Cores) -> None:
        self._ports[index] = Reservation()
        self._engines[index] = self._member(self._engine(index, self._ports[index].port, cores))
        self._start(self._engines[index])

    async def drain(self) -> None:
        """End all: the gateway finishes what it relays and takes nothing new, then the engines end."""
        await self._finish([self._gateway])
        await self._finish(self._engines.values())

    async def _finish(self, members: Iterable[Member], grace: float = 0.0) -> None:
        tasks = []
        for member in members:
            member.drain(grace)
            tasks.append((member, self._tasks[member]))
        if not tasks:
            return
        await asyncio.wait([task for _, task in tasks], timeout=grace + self._drain_seconds + GRACE_SECONDS)
        for member, task in tasks:
            if not task.done():
                member.kill()
        await asyncio.wait([task for _, task in tasks])


def _failure(member: Member) -> FleetError:
    """Return the error in which a process says itself why it failed."""
    code = member.state.exit_code
    problems: list[Problem] = []
    for line in member.tail(20):
        if line.startswith("error: "):
            problems.append(Problem(line.removeprefix("error: ")))
        elif line.startswith("  try: ") and problems:
            problems[-1] = Problem(problems[-1].what, remedy=line.removeprefix("  try: "))
    if not problems:
        said = " / ".join(member.tail(3))
        what = f"it ended with {member.state.reason}" + (f", its last words: {said}" if said else "")
        problems = [Problem(what, member.job.name)]
    return FleetError(code if code in HOPELESS else 1, *problems)
