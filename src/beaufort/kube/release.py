"""A service's objects as a whole: applied in order, pruned, deleted. Any step may be the last; the next run goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import attrgetter

from beaufort.errors import Problem
from beaufort.kube.apply import Applier, Change
from beaufort.kube.connection import Connection
from beaufort.kube.discovery import Discovery
from beaufort.kube.errors import KubeError
from beaufort.kube.inventory import Inventory, is_ours
from beaufort.kube.reference import Object, Reference

# Deleting these loses what cannot be made again: downloaded weights, and everything else in the namespace.
KEPT = frozenset({"PersistentVolumeClaim", "Namespace"})

_ORDER = attrgetter("order")

OnChange = Callable[[Change], None]


def _nothing(change: Change) -> None:
    del change


class Release:
    """The objects of one service in one cluster.

    Args:
        connection: To the cluster.
        service: The service's name.
        namespace: The service's namespace.
        force: Take fields over from whoever owns them.
        dry_run: Change nothing; the changes returned are those that would be made.
        on_change: Called with every change as it is made.
    """

    def __init__(
        self,
        connection: Connection,
        service: str,
        namespace: str,
        *,
        force: bool = False,
        dry_run: bool = False,
        on_change: OnChange = _nothing,
    ) -> None:
        self._service = service
        self._dry_run = dry_run
        self._on_change = on_change
        self._applier = Applier(connection, Discovery(connection), namespace, force=force, dry_run=dry_run)
        self._inventory = Inventory(self._applier, service, namespace)

    async def apply(self, things: Iterable[Object]) -> tuple[Change, ...]:
        """Make the cluster have ``things`` and nothing else of this service.

        Raises:
            KubeError: The server refuses something. What was applied before that stays, and is remembered.
        """
        placed = await self._applier.place(things)
        wanted = {reference for reference, _ in placed}
        before = await self._inventory.read()
        remembered = False
        changes: list[Change] = []
        for reference, thing in placed:
            if not remembered and reference.kind != "Namespace":
                await self._remember(before | wanted)
                remembered = True
            changes.append(self._note(await self._applier.apply(reference, thing)))
        names = {reference.same for reference in wanted}
        changes += await self._delete([each for each in before if each.same not in names], keep=KEPT)
        kept = {each for each in before - wanted if each.kind in KEPT}
        await self._remember(wanted | kept)
        return tuple(changes)

    async def delete(self, *, volumes: bool = False) -> tuple[Change, ...]:
        """Delete what this service has in the cluster; model volumes only if asked, the namespace never.

        Raises:
            KubeError: The server refuses something. What is left is remembered.
        """
        before = await self._inventory.read()
        keep = KEPT - {"PersistentVolumeClaim"} if volumes else KEPT
        changes = await self._delete(before, keep=keep)
        left = {each for each in before if each.kind in keep - {"Namespace"}}
        if left:
            await self._remember(left)
        elif not self._dry_run:
            await self._inventory.remove()
        return tuple(changes)

    async def objects(self) -> tuple[Object, ...]:
        """Return what this service has in the cluster, as it is now."""
        found = [await self._applier.get(each) for each in sorted(await self._inventory.read(), key=_ORDER)]
        return tuple(each for each in found if each is not None)

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

    async def _remember(self, references: Iterable[Reference]) -> None:
        if not self._dry_run:
            await self._inventory.write(references)

    def _note(self, change: Change) -> Change:
        self._on_change(change)
        return change
