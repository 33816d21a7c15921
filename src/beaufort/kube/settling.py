"""From applied to answering: watch, judge, and in the end ask the model itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal

from beaufort.kube.connection import Connection
from beaufort.kube.logs import last_words
from beaufort.kube.observer import Observer
from beaufort.kube.question import Answer, ask
from beaufort.rollout import Cause, Finding, Patience, Progress, judge, progress
from beaufort.rollout.verdict import asleep, begun, concerning

_ASK_AGAIN = 2.0  # seconds
# A gateway that is ready finds its engines by a name of the cluster's DNS, which may lag behind.
_UNREACHED_SECONDS = 30.0
# Pods without a place for so long may well wait for what the old ones hold.
ROOM_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it ended.

    Attributes:
        kind: ``answers``: the model does. ``ready``: all is ready, and nobody asked the model. ``asleep``: no engine is
            wanted. ``unreached``: all is ready, and the API server's proxy does not reach the gateway. ``stuck``:
            somebody has to do something. ``late``: the time is up.
        progress: The last look.
        what: One sentence about the answer; empty if nobody asked.
        logs: The last lines of containers, by the pod's name.
    """

    kind: Literal["answers", "ready", "asleep", "unreached", "stuck", "late"]
    progress: Progress
    what: str = ""
    logs: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def good(self) -> bool:
        """Whether what was asked for is there."""
        return self.kind in {"answers", "ready", "asleep"}


@dataclass(frozen=True, slots=True)
class Question:
    """Whom to ask, and for what.

    Attributes:
        gateway: The gateway's Service.
        model: The name that clients ask for.
    """

    gateway: str
    model: str


@dataclass(frozen=True, slots=True)
class Goal:
    """What is waited for.

    Attributes:
        namespace: The service's namespace.
        question: What to ask when all is ready; nothing if None.
        seconds: How long to wait at most.
        stale: Workloads that are still there and not wanted any more.
    """

    namespace: str
    question: Question | None
    seconds: float
    stale: frozenset[str] = frozenset()


class Settling:
    """Waits until a service answers.

    Args:
        connection: To the cluster.
        observer: Of the service.
        goal: What to wait for.
        tell: Called with every new look.
        make_room: Called once when pods find no place while stale workloads may hold it: deletes those.
    """

    def __init__(
        self,
        connection: Connection,
        observer: Observer,
        goal: Goal,
        tell: Callable[[Progress], None],
        make_room: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._connection = connection
        self._observer = observer
        self._goal = goal
        self._tell = tell
        self._make_room = make_room if goal.stale else None
        self._answer: Answer | None = None
        self._homeless_since: float | None = None

    async def outcome(self) -> Outcome:
        """Wait, and return how it ended.

        Raises:
            KubeError: There is no right to look.
            UnreachableError: The API server is away for longer than there is patience.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + self._goal.seconds
        patience, ready_since, ask_at = Patience(), None, 0.0
        async for snapshot in self._observer.snapshots():
            seen = progress(snapshot.objects, snapshot.pods, snapshot.events, self._goal.stale)
            self._tell(seen)
            await self._give_room(seen, loop.time())
            verdict = judge(seen, patience, loop.time())
            patience = verdict.patience
            ready_since = None if verdict.kind != "ready" else ready_since or loop.time()
            if ready_since is not None and loop.time() >= ask_at:
                ended = await self._asked(seen, loop.time() - ready_since)
                if ended is not None:
                    return ended
                ask_at = loop.time() + _ASK_AGAIN
            if verdict.kind == "stuck" or loop.time() >= until:
                return await self._given_up(seen, "stuck" if verdict.kind == "stuck" else "late")
        message = "a watch ends only by an error"
        raise AssertionError(message)

    async def _asked(self, seen: Progress, ready_seconds: float) -> Outcome | None:
        """Return how it ended, if it has: everything is ready, so the model is asked."""
        if asleep(seen):
            return Outcome("asleep", seen)
        if self._goal.question is None:
            return Outcome("ready", seen)
        self._answer = await self._ask(self._goal.question)
        match self._answer.kind:
            case "answered":
                return Outcome("answers", seen, self._answer.what)
            case "refused":
                return Outcome("ready", seen, self._answer.what)
            case "unreached" if ready_seconds >= _UNREACHED_SECONDS:
                return Outcome("unreached", seen, self._answer.what)
            case _:
                return None

    async def _given_up(self, seen: Progress, kind: Literal["stuck", "late"]) -> Outcome:
        what = self._answer.what if self._answer else ""
        if not what and self._goal.question and begun(seen):  # some engines are there: is that enough to answer?
            what = (await self._ask(self._goal.question)).what
        return Outcome(kind, seen, what, await self._logs(seen))

    async def _ask(self, question: Question) -> Answer:
        return await ask(self._connection, self._goal.namespace, question.gateway, question.model)

    async def _give_room(self, seen: Progress, now: float) -> None:
        if self._make_room is None:
            return
        homeless = any(each.cause is Cause.UNSCHEDULABLE for each in concerning(seen))
        self._homeless_since = (self._homeless_since or now) if homeless else None
        if self._homeless_since is not None and now - self._homeless_since >= ROOM_SECONDS:
            make_room, self._make_room = self._make_room, None
            await make_room()

    async def _logs(self, seen: Progress) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for each in _speaking(seen):
            lines = await last_words(self._connection, self._goal.namespace, each.pod, each.container)
            if lines:
                found[each.pod] = tuple(lines)
        return found


def _speaking(seen: Progress) -> list[Finding]:
    return [each for each in concerning(seen) if each.pod and each.container]
