"""Waiting until the pods of a service are gone: deleted objects leave them to finish what they do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from beaufort.kube.connection import Connection
from beaufort.kube.ownership import selector

_EVERY = 0.5  # seconds


async def gone(
    connection: Connection, service: str, namespace: str, seconds: float, tell: Callable[[str], None]
) -> list[str]:
    """Wait until a service has no pods, and return the names of those that are still there when the time is up.

    Args:
        connection: To the cluster.
        service: The service's name.
        namespace: Its namespace.
        seconds: How long to wait at most.
        tell: Called whenever the number of pods has changed.

    Raises:
        KubeError: There is no right to look.
        UnreachableError: The API server is away for longer than there is patience.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    last = 0
    while True:
        path = f"/api/v1/namespaces/{namespace}/pods"
        listed = await connection.get(path, {"labelSelector": selector(service)})
        names = sorted(each["metadata"]["name"] for each in listed["items"])
        if not names or loop.time() > until:
            return names
        if len(names) != last:
            tell(f"waiting for {len(names)} pods to finish what they do")
            last = len(names)
        await asyncio.sleep(_EVERY)
