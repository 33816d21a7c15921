"""What containers say."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

from beaufort.kube.connection import Connection
from beaufort.kube.errors import KubeError, UnreachableError

_LAST_LINES = 10
_AGAIN = 2.0  # seconds
# What a kubelet says in place of a log, as if it were one.
_NO_LOG = ("unable to retrieve container logs", "failed to try resolving symlinks")


def _path(namespace: str, pod: str) -> str:
    return f"/api/v1/namespaces/{namespace}/pods/{pod}/log"


async def read(
    connection: Connection, namespace: str, pod: str, container: str, *, tail: int, previous: bool = False
) -> list[str]:
    """Return the last lines of a container.

    Args:
        connection: To the cluster.
        namespace: The pod's namespace.
        pod: The pod.
        container: Its container.
        tail: How many lines.
        previous: Of the run before this one.

    Raises:
        KubeError: There is no such log, or no right to read it.
        UnreachableError: The server does not answer.
    """
    params = {"container": container, "tailLines": str(tail), **({"previous": "true"} if previous else {})}
    return (await connection.text(_path(namespace, pod), params)).splitlines()


async def follow(
    connection: Connection, namespace: str, pod: str, container: str, *, tail: int, after: str = ""
) -> AsyncIterator[tuple[str, str]]:
    """Yield the last lines of a container and all that come, each behind its time, until the container ends.

    Args:
        connection: To the cluster.
        namespace: The pod's namespace.
        pod: The pod.
        container: Its container.
        tail: How many of the lines that are there.
        after: A time of a line: only what came later, however many lines that are.

    Raises:
        KubeError: There is no such log, or no right to read it.
        UnreachableError: The connection was lost.
    """
    params = {"container": container, "follow": "true", "timestamps": "true"}
    params |= {"sinceTime": after} if after else {"tailLines": str(tail)}
    async with connection.lines(_path(namespace, pod), params) as lines:
        async for line in lines:
            time, _, text = line.partition(" ")
            if not after or _moment(time) > _moment(after):  # the server counts whole seconds
                yield time, text


def _moment(time: str) -> tuple[str, str]:
    """Return a time as a key that sorts: the server leaves the zeros at its end out."""
    seconds, _, fraction = time.rstrip("Z").partition(".")
    return seconds, fraction.ljust(9, "0")


async def last_words(connection: Connection, namespace: str, pod: str, container: str) -> list[str]:
    """Return the last lines that a container said before it died, or says now; none if nobody can tell.

    Between two runs of a container the kubelet has the log of neither for a moment.
    """
    for last in (False, True):
        for previous in (True, False):
            with suppress(KubeError, UnreachableError):
                lines = await read(connection, namespace, pod, container, tail=_LAST_LINES, previous=previous)
                if any(not line.startswith(_NO_LOG) for line in lines):
                    return lines
        if not last:
            await asyncio.sleep(_AGAIN)
    return []
