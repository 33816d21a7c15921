"""Objects as they change, across lost connections: list, watch, and list again when the thread is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Literal

from beaufort.kube.connection import Connection
from beaufort.kube.errors import ExpiredError, UnreachableError, error_of
from beaufort.kube.reference import Object

_PAUSES = (0.1, 0.5, 1.0, 2.0, 5.0)  # seconds before the next try after so many lost watches in a row


@dataclass(frozen=True, slots=True)
class Event:
    """News of a collection.

    Attributes:
        kind: ``synced``: ``objects`` is all that there is now, whatever was told before. ``changed``, ``deleted``:
            of one object.
        objects: All of them, or the one.
    """

    kind: Literal["synced", "changed", "deleted"]
    objects: tuple[Object, ...]


async def watch(connection: Connection, path: str, selector: str = "") -> AsyncIterator[Event]:
    """Yield what is at ``path``, and what changes there, for ever.

    Args:
        connection: To the cluster.
        path: Of a collection.
        selector: Of labels.

    Raises:
        KubeError: The server refuses: no right, no such collection.
        UnreachableError: A list was not answered for as long as the connection has patience. Lost watches are
            taken up again without a word.
    """
    params = {"labelSelector": selector} if selector else {}
    lost = 0
    while True:
        listed = await connection.get(path, params)
        version = listed["metadata"]["resourceVersion"]
        yield Event("synced", tuple(_with_type(each, listed) for each in listed["items"]))
        try:
            while True:
                quiet = True
                async for event, seen in _events(connection, path, params, version):
                    version, quiet, lost = seen, False, 0
                    if event is not None:
                        yield event
                if quiet:  # a server that closes watches at once must not be asked without a pause
                    await asyncio.sleep(_PAUSES[0])
        except ExpiredError:
            continue
        except UnreachableError:
            await asyncio.sleep(_PAUSES[min(lost, len(_PAUSES) - 1)])
            lost += 1


async def _events(
    connection: Connection, path: str, params: dict[str, str], version: str
) -> AsyncIterator[tuple[Event | None, str]]:
    """Yield the events of one watch, each with the version to go on from."""
    asked = {**params, "resourceVersion": version, "allowWatchBookmarks": "true"}
    async with connection.stream(path, asked) as lines:
        async for line in lines:
            thing = line["object"]
            if line["type"] == "ERROR":
                raise error_of(int(thing.get("code", 0)), thing, path)
            seen = thing["metadata"]["resourceVersion"]
            if line["type"] == "BOOKMARK":
                yield None, seen
            else:
                yield Event("deleted" if line["type"] == "DELETED" else "changed", (thing,)), seen


def _with_type(thing: Object, listed: Object) -> Object:
    """Return an item of a list as it would come alone: lists leave out what all their items share."""
    return {"apiVersion": listed["apiVersion"], "kind": listed["kind"].removesuffix("List"), **thing}
