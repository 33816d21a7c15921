"""Server-side apply with our own field manager: we own the fields that we write, and leave all others alone.

Whether anything changed is what the server says: an apply that changes nothing leaves the resource version as it was.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from beaufort.kube.connection import APPLY, Connection
from beaufort.kube.discovery import Discovery, MissingKindError
from beaufort.kube.errors import NotFoundError
from beaufort.kube.reference import Object, Reference

FIELD_MANAGER = "beaufort"


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to one object, or would.

    Attributes:
        reference: Of the object.
        verb: What was done.
        before: The object as it was; None if it was not there.
        after: The object as it is; None if it is gone.
    """

    reference: Reference
    verb: Literal["created", "configured", "unchanged", "deleted"]
    before: Object | None = None
    after: Object | None = None


class Applier:
    """Applies objects.

    Args:
        connection: To the cluster.
        discovery: Knows where kinds are served.
        namespace: For objects that name none.
        force: Take fields over from whoever owns them.
        dry_run: Let the server check and say what would change, and change nothing.
    """

    def __init__(
        self,
        connection: Connection,
        discovery: Discovery,
        namespace: str,
        *,
        force: bool = False,
        dry_run: bool = False,
    ) -> None:
        self._connection = connection
        self._discovery = discovery
        self._namespace = namespace
        self._force = force
        self._dry_run = dry_run

    async def place(self, things: Iterable[Object]) -> tuple[tuple[Reference, Object], ...]:
        """Return the objects in the order in which they have to be applied, each with its full reference.

        Raises:
            KubeError: The cluster does not serve a kind. All such kinds are named.
        """
        placed = []
        problems = []
        for thing in things:
            bare = Reference.of(thing)
            try:
                kind = await self._discovery.kind(bare.api_version, bare.kind)
            except MissingKindError as error:
                problems += [each for each in error.problems if each not in problems]
                continue
            namespace = (bare.namespace or self._namespace) if kind.namespaced else ""
            placed.append((Reference(bare.api_version, bare.kind, namespace, bare.name), thing))
        if problems:
            raise MissingKindError(*problems)
        return tuple(sorted(placed, key=lambda each: each[0].order))

    async def get(self, reference: Reference) -> Object | None:
        """Return an object as it is, or None if it is not there."""
        try:
            return await self._connection.get(await self._discovery.path(reference))
        except (NotFoundError, MissingKindError):
            return None

    async def apply(self, reference: Reference, thing: Object) -> Change:
        """Apply one object.

        Raises:
            KubeError: The server refuses it.
        """
        before = await self.get(reference)
        params = {"fieldManager": FIELD_MANAGER, "fieldValidation": "Strict"}
        if self._force:
            params["force"] = "true"
        if self._dry_run:
            params["dryRun"] = "All"
        after = await self._connection.request(
            "PATCH",
            await self._discovery.path(reference),
            params=params,
            body=thing,
            content_type=APPLY,
            where=str(reference),
        )
        return Change(reference, _verb(before, after), before, after)

    async def delete(self, reference: Reference, before: Object) -> Change | None:
        """Delete one object, found as ``before``, and what it owns. Return nothing if it is not there any more.

        Raises:
            KubeError: The server refuses.
        """
        params = {"propagationPolicy": "Background"}
        if self._dry_run:
            params["dryRun"] = "All"
        try:
            await self._connection.request(
                "DELETE", await self._discovery.path(reference), params=params, where=str(reference)
            )
        except NotFoundError:
            return None
        return Change(reference, "deleted", before)


def _verb(before: Object | None, after: Object) -> Literal["created", "configured", "unchanged"]:
    if before is None:
        return "created"
    return "unchanged" if meaning(before) == meaning(after) else "configured"


def meaning(thing: Object) -> Object:
    """Return an object without what the server keeps about it: versions, times, owners of fields, status."""
    kept = {key: value for key, value in thing.items() if key != "status"}
    hidden = {"managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink"}
    kept["metadata"] = {key: value for key, value in thing["metadata"].items() if key not in hidden}
    return kept
