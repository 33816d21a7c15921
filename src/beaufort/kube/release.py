"""A service's objects as a whole: applied in order, pruned, deleted. Any step may be the last; the next run goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable
from operator import attrgetter

from beaufort.errors import Problem
from beaufort.kube.apply import Applier, Change
from beaufort.kube.connection import Connection
from beaufort.kube.discovery import Discovery
from beaufort.kube.errors import ForbiddenError, KubeError, NotFoundError, RefusedError
from beaufort.kube.inventory import Inventory
from beaufort.kube.ownership import MANAGER, MANAGER_LABEL, is_ours, labels
from beaufort.kube.reference import Object, Reference

# Deleting these loses what cannot be made again: downloaded weights, and everything else in the namespace.
KEPT = frozenset({"PersistentVolumeClaim", "Namespace"})
_AUTOSCALERS = frozenset({"HorizontalPodAutoscaler", "ScaledObject"})

_AT_ONCE = 8  # requests; the server's own limit for one client is some hundreds

_ORDER = attrgetter("order")

OnChange = Callable[[Change], None]


class NotDeployedError(NotFoundError):
    """The cluster knows nothing of the service."""


def _nothing(change: Change) -> None:
    del change


class Release:
    """The objects of one service in one cluster.

    Args:
        connection: To the cluster.
        service: The service's name.
        namespace: The service's namespace.
        force: Take objects and fields over from whoever owns them.
        on_change: Called with every change as it is made.
    """

    def __init__(
        self,
        connection: Connection,
        service: str,
        namespace: str,
        *,
        force: bool = False,
        on_change: OnChange = _nothing,
    ) -> None:
        self._service = service
        self._namespace = namespace
        self._on_change = on_change
        discovery = Discovery(connection)
        self._applier = Applier(connection, discovery, namespace, force=force)
        self._dry = Applier(connection, discovery, namespace, force=force, dry_run=True)
        self._inventory = Inventory(self._applier, service, namespace)

    async def check(self, things: Iterable[Object], *, prune: bool = True) -> tuple[Change, ...]:
        """Return what ``apply`` would do: the server checks all objects, several at a time, and keeps nothing.

        Raises:
            KubeError: The server would refuse objects; each of them is told.
        """
        placed = await self._placed(things)
        limit = asyncio.Semaphore(_AT_ONCE)

        async def dry(reference: Reference, thing: Object) -> Change:
            async with limit:
                return await self._dry.apply(reference, thing, unscaled=reference.name in unscaled)

        wanted = {reference for reference, _ in placed}
        before = await self._inventory.read() or frozenset()
        unscaled = {each.name for each in _no_longer_scaling(before, wanted)}
        results = await asyncio.gather(*(dry(*each) for each in placed), return_exceptions=True)
        failures = [each for each in results if isinstance(each, BaseException)]
        for failure in failures:
            if not isinstance(failure, KubeError) or len(failures) == 1:
                raise failure
        if failures:
            raise RefusedError(
                *(problem for each in failures if isinstance(each, KubeError) for problem in each.problems)
            )
        changes = [each for each in results if isinstance(each, Change)]
        if prune:
            found = [await self._applier.get(each) for each in _stale(before, wanted)]
            changes += [
                Change(Reference.of(each), "deleted", each)
                for each in found
                if each is not None and is_ours(each, self._service)
            ]
        return tuple(changes)

    async def apply(
        self, things: Iterable[Object], *, prune: bool = True, settled: Collection[Reference] = ()
    ) -> tuple[Change, ...]:
        """Make the cluster have ``things``, and nothing else of this service unless that is left to ``prune``.

        Args:
            things: The objects.
            prune: Delete what the service has besides.
            settled: Those that ``check`` has found as they are to be.

        Raises:
            KubeError: The server refuses something. What was applied before that stays, and is remembered.
        """
        placed = await self._placed(things)
        wanted = {reference for reference, _ in placed}
        before = await self._inventory.read() or frozenset()
        scaling = _no_longer_scaling(before, wanted)
        unscaled = {each.name for each in scaling}
        # First, or they would go on scaling what is to have its number from now on.
        changes = await self._delete(scaling, keep=KEPT)
        remembered = False
        for reference, thing in placed:
            if not remembered and reference.kind != "Namespace":
                await self._inventory.write(before | wanted)
                remembered = True
            if reference in settled:
                changes.append(self._note(Change(reference, "unchanged")))
                continue
            change = await self._applier.apply(reference, thing, unscaled=reference.name in unscaled)
            changes.append(self._note(change))
        if prune:
            changes += await self._prune(before, wanted)
        return tuple(changes)

    async def prune(self, things: Iterable[Object]) -> tuple[Change, ...]:
        """Delete what this service has besides ``things``. Volumes and the namespace stay.

        Raises:
            KubeError: The server refuses something.
        """
        wanted = {reference for reference, _ in await self._placed(things)}
        return tuple(await self._prune(await self._inventory.read() or frozenset(), wanted))

    async def stale(self, things: Iterable[Object]) -> tuple[Reference, ...]:
        """Return what ``prune`` would delete."""
        wanted = {reference for reference, _ in await self._placed(things)}
        return _stale(await self._inventory.read() or frozenset(), wanted)

    async def delete(self, *, volumes: bool = False) -> tuple[Change, ...]:
        """Delete what this service has in the cluster; model volumes only if asked, the namespace never.

        Raises:
            NotDeployedError: There is no such service.
            KubeError: The server refuses something. What is left is remembered.
        """
        before = await self.references()
        keep = KEPT - {"PersistentVolumeClaim"} if volumes else KEPT
        changes = await self._delete(before, keep=keep)
        left = {each for each in before if each.kind in keep - {"Namespace"}}
        if left:
            await self._inventory.write(left)
        else:
            await self._inventory.remove()
        return tuple(changes)

    async def deletable(self, *, volumes: bool = False) -> tuple[Reference, ...]:
        """Return what ``delete`` would delete.

        Raises:
            NotDeployedError: There is no such service.
        """
        keep = KEPT - {"PersistentVolumeClaim"} if volumes else KEPT
        found = [each for each in await self.objects() if each["kind"] not in keep and is_ours(each, self._service)]
        return tuple(sorted(map(Reference.of, found), key=_ORDER, reverse=True))

    async def references(self) -> frozenset[Reference]:
        """Return what this service may have in the cluster.

        Raises:
            NotDeployedError: There is no such service.
        """
        found = await self._inventory.read()
        if found is None:
            what = f"no service {self._service!r} was deployed in namespace {self._namespace!r}"
            remedy = "check the name, --namespace and --context"
            raise NotDeployedError(Problem(what, remedy=remedy))
        return found

    async def objects(self) -> tuple[Object, ...]:
        """Return what this service has in the cluster, as it is now.

        Raises:
            NotDeployedError: There is no such service.
        """
        found = [await self._applier.get(each) for each in sorted(await self.references(), key=_ORDER)]
        return tuple(each for each in found if each is not None)

    async def _placed(self, things: Iterable[Object]) -> list[tuple[Reference, Object]]:
        """Return the objects in their order, without a namespace that others have made: it is not ours to label."""
        return [
            (reference, thing)
            for reference, thing in await self._applier.place(things)
            if reference.kind != "Namespace" or await self._makes(reference)
        ]

    async def _makes(self, namespace: Reference) -> bool:
        try:
            found = await self._applier.get(namespace)
        except ForbiddenError:  # who may only use a namespace need not see it
            return False
        return found is None or labels(found).get(MANAGER_LABEL) == MANAGER

    async def _prune(self, before: Iterable[Reference], wanted: set[Reference]) -> list[Change]:
        changes = await self._delete(_stale(before, wanted), keep=KEPT)
        kept = {each for each in before if each not in wanted and each.kind in KEPT}
        await self._inventory.write(wanted | kept)
        return changes

    async def _delete(self, references: Iterable[Reference], keep: frozenset[str]) -> list[Change]:
        changes = []
        problems: list[Problem] = []
        for reference in sorted(references, key=_ORDER, reverse=True):
            found = None if reference.kind in keep else await self._applier.get(reference)
            if found is None or not is_ours(found, self._service):
                continue  # kept, gone, or made anew by somebody else under the same name
            try:
                change = await self._applier.delete(reference, found)
            except KubeError as error:
                problems += error.problems
                continue
            if change is not None:
                changes.append(self._note(change))
        if problems:
            raise KubeError(*problems)
        return changes

    def _note(self, change: Change) -> Change:
        self._on_change(change)
        return change


def _no_longer_scaling(before: Iterable[Reference], wanted: Collection[Reference]) -> list[Reference]:
    """Return the autoscalers that go, of workloads that stay; they have one name."""
    names = {each.name for each in wanted}
    return [each for each in before if each not in wanted and each.kind in _AUTOSCALERS and each.name in names]


def _stale(before: Iterable[Reference], wanted: Iterable[Reference]) -> tuple[Reference, ...]:
    names = {reference.same for reference in wanted}
    return tuple(each for each in before if each.same not in names and each.kind not in KEPT)
