"""One deployment: checked, applied, waited for, and what is left of the old one removed."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from beaufort.cli.manifests import Choice, Made
from beaufort.cli.report import Event, Report
from beaufort.cli.rollout_view import View
from beaufort.kube.apply import Change
from beaufort.kube.connection import Connection
from beaufort.kube.errors import RefusedError
from beaufort.kube.observer import Observer
from beaufort.kube.reference import Reference
from beaufort.kube.release import Release
from beaufort.kube.settling import Goal, Outcome, Question, Settling
from beaufort.rollout import Progress

_WORKLOADS = frozenset({"Deployment", "DaemonSet", "LeaderWorkerSet", "Job"})
_VERBS = ("created", "configured", "replaced", "deleted")


@dataclass(frozen=True, slots=True)
class Wish:
    """How it is to be done.

    Attributes:
        wait: Wait until the service is ready.
        ask: Then ask the model.
        seconds: How long to wait at most.
        yes: Ask the user nothing.
        force: Take over what others keep.
    """

    wait: bool
    ask: bool
    seconds: float
    yes: bool
    force: bool


@dataclass(slots=True)
class _Record:
    """What has happened so far."""

    changes: list[Change] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    told: set[str] = field(default_factory=set)
    begun: float = field(default_factory=time.monotonic)

    def add(self, what: str, where: str, details: str = "") -> None:
        """Remember an event, once."""
        key = f"{what} {where} {details}"
        if key not in self.told:
            self.told.add(key)
            self.events.append(Event(round(time.monotonic() - self.begun, 3), what, where, details))


class Deployment:
    """One service's way into one cluster.

    Args:
        connection: To the cluster.
        made: What the cluster is to have.
        choice: Which part of the service that is.
        wish: How it is to be done.
        view: Who is told how it goes.
    """

    def __init__(self, connection: Connection, made: Made, choice: Choice, wish: Wish, view: View) -> None:
        self._connection = connection
        self._made = made
        self._whole = choice.whole
        self._wish = wish
        self._view = view
        self._record = _Record()
        self._settled: frozenset[Reference] = frozenset()
        setting = made.setting
        self._release = Release(connection, setting.name, setting.namespace, force=wish.force, on_change=self._changed)

    async def preview(self) -> str:
        """Let the cluster check everything, and return what would change; nothing if nothing would.

        Raises:
            KubeError: The cluster does not accept an object; nothing was changed.
        """
        try:
            changes = await self._release.check(self._made.things, prune=self._whole)
        except RefusedError as error:
            if "does not support dry run" not in str(error):
                raise
            return "what changes cannot be told, since a webhook does not support dry runs"
        self._settled = frozenset(each.reference for each in changes if each.settled)
        return show_changes(changes)

    async def run(self) -> Report:
        """Do it, and return how it ended.

        Raises:
            KubeError: The cluster refuses. What was applied before that stays, and is remembered.
            UnreachableError: It does not answer for longer than there is patience.
        """
        release = self._release
        await release.apply(self._made.things, prune=False, settled=self._settled)
        stale = await release.stale(self._made.things) if self._whole else ()
        outcome = await self._settle(stale) if self._wish.wait else None
        if self._whole and (outcome is None or outcome.good):
            await release.prune(self._made.things)
        left = await release.stale(self._made.things) if self._whole else ()
        return Report(
            self._made, self._connection.server, tuple(self._record.changes), tuple(self._record.events), outcome, left
        )

    async def _settle(self, stale: Iterable[Reference]) -> Outcome:
        names = self._made.setting.names
        question = Question(names.gateway, self._made.plan.model.name) if self._wish.ask else None
        old = frozenset(each.name for each in stale if each.kind in _WORKLOADS)
        goal = Goal(self._made.setting.namespace, question, self._wish.seconds, old)

        async def make_room() -> None:
            await self._release.prune(self._made.things)

        references = await self._release.references()
        name, namespace = self._made.setting.name, self._made.setting.namespace
        async with Observer(self._connection, name, namespace, references) as observer:
            return await Settling(self._connection, observer, goal, self._progress, make_room).outcome()

    def _changed(self, change: Change) -> None:
        self._record.changes.append(change)
        self._record.add(change.verb, str(change.reference))
        self._view.changed(change)

    def _progress(self, progress: Progress) -> None:
        for each in progress.components:
            self._record.add("ready", each.name, f"{each.ready} of {each.wanted}")
        for found in progress.findings:
            self._record.add(str(found.cause), found.where, found.what)
        self._view.progress(progress)


def show_changes(changes: Iterable[Change]) -> str:
    """Return how many objects change, by verb: ``3 created, 1 deleted``; nothing if none does."""
    counted = Counter(str(change.verb) for change in changes)
    return ", ".join(f"{counted[verb]} {verb}" for verb in _VERBS if counted[verb])
