"""One process that is kept alive: started, watched until it answers, and started again when it dies."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from beaufort.fleet import scrape
from beaufort.fleet.child import Child
from beaufort.fleet.cores import Cores
from beaufort.fleet.state import Phase, State
from beaufort.fleet.view import View
from beaufort.wire import Response, WireError, fetch

FIRST_PROBES_SECONDS = 0.05
PROBE_SECONDS = 1.0
PROMPT_SECONDS = 30.0
PROBE_TIMEOUT_SECONDS = 5.0
# A process that lives but answers nothing for this long hangs, and is started again. Generous: an engine that
# works on a long prompt on few cores may be slow to answer.
HANGING_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Job:
    """What one member runs.

    Attributes:
        name: As the user sees it: ``engine-0``.
        command: The command line.
        url: Where it answers, without a path.
        ready_status: The status of ``GET /health`` that means ready; None when any answer will do.
        cores: The cores it runs on; empty for all of ours.
    """

    name: str
    command: tuple[str, ...]
    url: str
    ready_status: int | None = 200
    cores: Cores = ()


class Member:
    """A process of the fleet. ``run`` keeps it alive until it is drained or has failed for good.

    Args:
        job: What it runs.
        log: The file for its output.
        on_change: Called after every change of ``state``.
    """

    def __init__(
        self,
        job: Job,
        log: Path,
        on_change: Callable[[Member], None],
    ) -> None:
        self.job = job
        self.log = log
        self.state = State(_now())
        self._on_change = on_change
        self._child: Child | None = None
        self._drained = asyncio.Event()
        self._cause = ""
        self._samples: tuple[scrape.Sample, ...] = ()

    async def run(self) -> None:
        """Start the process, and again whenever it dies, until the state is over."""
        while not self.state.over:
            await self._live_once()
            if self.state.phase is Phase.RESTARTING:
                await self._pause()

    async def _live_once(self) -> None:
        self._cause = ""
        child = await Child.start(self.job.command, self.log, self.job.cores)
        self._child = child
        if self.state.phase is Phase.DRAINING:
            child.terminate()
        else:
            self._on_change(self)
        try:
            async with asyncio.TaskGroup() as group:
                watch = group.create_task(self._watch(child))
                code = await child.wait()
                watch.cancel()
        finally:
            child.kill()
            await child.wait()
        self._samples = ()
        self._become(self.state.died(code, _now(), self._cause))

    async def _pause(self) -> None:
        """Wait until the next start, or until it is drained instead."""
        try:
            async with asyncio.timeout_at(self.state.retry_at):
                await self._drained.wait()
        except TimeoutError:
            self.state = self.state.started(_now())

    async def _watch(self, child: Child) -> None:
        """Find out when the process is ready, and kill it when it answers no more."""
        began = answered_at = _now()
        while True:
            status = await self._probe()
            now = _now()
            if self.state.phase is Phase.STARTING and self._is_ready(status):
                self._become(self.state.answered(now))
            if status is not None or self.state.phase is not Phase.READY:
                answered_at = now
            elif now - answered_at > HANGING_SECONDS:
                self._cause = f"no answer for {HANGING_SECONDS:.0f} s"
                child.kill()
            prompt = self.state.phase is Phase.STARTING and now - began < PROMPT_SECONDS
            await asyncio.sleep(FIRST_PROBES_SECONDS if prompt else PROBE_SECONDS)

    def _is_ready(self, status: int | None) -> bool:
        return status is not None and self.job.ready_status in {None, status}

    async def _probe(self) -> int | None:
        response = await self._get("/health")
        return None if response is None else response.status

    async def _get(self, path: str) -> Response | None:
        try:
            return await fetch(self.job.url + path, seconds=PROBE_TIMEOUT_SECONDS)
        except WireError:
            return None

    async def look(self) -> None:
        """Take a sample of its load, if it is ready and tells."""
        if self.state.phase is not Phase.READY:
            return
        restarts = self.state.restarts
        response = await self._get("/metrics")
        if response is not None and self.state.restarts == restarts and self.state.phase is Phase.READY:
            self._samples = scrape.keep(self._samples, scrape.read(response.body.decode(errors="replace"), _now()))

    def drain(self, grace: float = 0.0) -> None:
        """Let it finish what it does and end, and start it no more.

        Args:
            grace: Seconds before it is told, in which the gateway may learn that it is leaving.
        """
        if self.state.over or self._drained.is_set():
            return
        self._drained.set()
        self._become(self.state.drained(_now()))
        if self._child is not None:
            asyncio.get_running_loop().call_later(grace, self._child.terminate)

    def kill(self) -> None:
        """End its process at once."""
        if self._child is not None:
            self._child.kill()

    def tail(self, lines: int) -> list[str]:
        """Return the last lines that its present or last process printed."""
        return [] if self._child is None else self._child.tail(lines)

    def view(self) -> View:
        """Return what can be shown of it now."""
        return View(
            name=self.job.name,
            url=self.job.url,
            cores=self.job.cores,
            state=self.state,
            pid=None if self._child is None or self._child.ended else self._child.pid,
            load=scrape.load(self._samples),
            last_line=next(iter(self.tail(1)), ""),
        )

    def _become(self, state: State) -> None:
        self.state = state
        self._on_change(self)


def _now() -> float:
    return asyncio.get_running_loop().time()
