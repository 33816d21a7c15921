"""Server-side apply with our own field manager: we own the fields that we write, and leave all others alone.

Whether anything changed is what the server says: an apply that changes nothing leaves the resource version as it was.

Three things need more than one request. A Job or a StorageClass whose fields cannot be changed is made anew. An object
of the same name that somebody else made is not taken over. And replicas that an autoscaler is to decide from now on
stay as many as they are: a field that nobody applies any more would fall back to its default, one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from beaufort.errors import Problem
from beaufort.kube.connection import APPLY, Connection
from beaufort.kube.discovery import Discovery, MissingKindError
from beaufort.kube.errors import ConflictError, KubeError, NotFoundError, RefusedError
from beaufort.kube.ownership import FIELD_MANAGER, MANAGER_LABEL, SERVICE_LABEL, keeps, labels
from beaufort.kube.reference import Object, Reference

# Nothing is lost when these are deleted and made again: they are read when something else is made, or have run.
REPLACED = frozenset({"Job", "PriorityClass", "StorageClass", "VolumeAttributesClass"})
# Keeps replicas between the last apply that wrote them and the first decision of the autoscaler.
_HANDOVER = f"{FIELD_MANAGER}-autoscaled"
_REPLICAS = ("spec", "replicas")
_GONE_SECONDS = 60.0


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
    verb: Literal["created", "configured", "replaced", "unchanged", "deleted"]
    before: Object | None = None
    after: Object | None = None

    @property
    def settled(self) -> bool:
        """Whether the object is as it was applied by us, so that there is nothing to apply."""
        return self.verb == "unchanged" and self.before is not None and keeps(self.before, FIELD_MANAGER)


class Applier:
    """Applies objects.

    Args:
        connection: To the cluster.
        discovery: Knows where kinds are served.
        namespace: For objects that name none.
        force: Take objects and fields over from whoever owns them.
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

    async def apply(self, reference: Reference, thing: Object, *, unscaled: bool = False) -> Change:
        """Apply one object.

        Args:
            reference: Of the object.
            thing: The object.
            unscaled: Replicas are no longer an autoscaler's: take them over from it.

        Raises:
            ConflictError: It is somebody else's, or a field is.
            KubeError: The server refuses it.
        """
        before = await self.get(reference)
        if before is not None and not self._force:
            _check_owner(reference, before, thing)
        kept = await self._hand_over(reference, before, thing)
        try:
            after = await self._patch(reference, thing, force=self._force)
        except ConflictError as error:
            if not (unscaled and all(each.what.startswith(".".join(_REPLICAS)) for each in error.problems)):
                raise
            after = await self._patch(reference, thing, force=True)
        except NotFoundError:
            if before is not None or not self._dry_run:
                raise
            return Change(reference, "created", None, thing)  # the namespace is not there yet, so nobody could check
        except RefusedError as error:
            if before is None or reference.kind not in REPLACED or "immutable" not in str(error).lower():
                raise
            return await self._replace(reference, before, thing)
        if kept is not None and self._dry_run:  # nothing was handed over
            after["spec"]["replicas"] = kept
        return Change(reference, _verb(before, after), before, after)

    async def write(self, reference: Reference, thing: Object) -> Object:
        """Apply an object, whoever's it is, and return it as it is then.

        Raises:
            KubeError: The server refuses it.
        """
        return await self._patch(reference, thing, force=True)

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

    async def _patch(self, reference: Reference, thing: Object, *, force: bool, manager: str = FIELD_MANAGER) -> Object:
        params = {"fieldManager": manager, "fieldValidation": "Strict"}
        if force:
            params["force"] = "true"
        if self._dry_run:
            params["dryRun"] = "All"
        return await self._connection.request(
            "PATCH",
            await self._discovery.path(reference),
            params=params,
            body=thing,
            content_type=APPLY,
            where=str(reference),
        )

    async def _hand_over(self, reference: Reference, before: Object | None, thing: Object) -> int | None:
        """Return the replicas that stay as they are although we write them no more, handed to a manager of that."""
        if before is None or "replicas" in thing.get("spec", {}) or not keeps(before, FIELD_MANAGER, *_REPLICAS):
            return None
        replicas: int = before["spec"]["replicas"]
        if not self._dry_run:
            bare = {**_bare(thing), "spec": {"replicas": replicas}}
            await self._patch(reference, bare, force=True, manager=_HANDOVER)
        return replicas

    async def _replace(self, reference: Reference, before: Object, thing: Object) -> Change:
        if self._dry_run:
            return Change(reference, "replaced", before, thing)
        await self.delete(reference, before)
        loop = asyncio.get_running_loop()
        until = loop.time() + _GONE_SECONDS
        while await self.get(reference) is not None:
            if loop.time() > until:
                what = "it has to be made anew, and does not go away"
                raise KubeError(Problem(what, str(reference), "see what its finalizers wait for"))
            await asyncio.sleep(0.2)
        return Change(reference, "replaced", before, await self._patch(reference, thing, force=self._force))


def _bare(thing: Object) -> Object:
    metadata = {key: value for key, value in thing["metadata"].items() if key in {"name", "namespace"}}
    return {"apiVersion": thing["apiVersion"], "kind": thing["kind"], "metadata": metadata}


def _check_owner(reference: Reference, before: Object, thing: Object) -> None:
    """Check that an object that is there already was made for the same service; a namespace is of no service."""
    service = labels(thing).get(SERVICE_LABEL)
    if service is None or all(
        labels(before).get(key) == labels(thing).get(key) for key in (SERVICE_LABEL, MANAGER_LABEL)
    ):
        return
    owner = labels(before).get(MANAGER_LABEL) or "somebody"
    what = f"an object of that name is there already, made by {owner} for something else"
    remedy = "delete or rename it, give the service another name, or take it over with --force-conflicts"
    raise ConflictError(Problem(what, str(reference), remedy))


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
