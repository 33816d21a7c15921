"""A service as it changes: its workloads, its pods, and what is said about them, kept up to date by watches."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

from beaufort.kube.connection import Connection
from beaufort.kube.discovery import Discovery
from beaufort.kube.errors import ForbiddenError
from beaufort.kube.ownership import selector
from beaufort.kube.reference import Object, Reference
from beaufort.kube.watch import watch

_WATCHED = frozenset(
    {
        "Deployment",
        "DaemonSet",
        "StatefulSet",
        "LeaderWorkerSet",
        "Job",
        "PersistentVolumeClaim",
        "HorizontalPodAutoscaler",
    }
)
_TICK = 1.0  # seconds after which a look is due even when nothing has changed
_TOGETHER = 0.1  # seconds within which changes are one
# A controller that fails again and again says so at least so often.
_EVENTS_FOR = timedelta(minutes=20)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A service at one moment.

    Attributes:
        objects: Its workloads with their ReplicaSets, claims and autoscalers.
        pods: Its pods.
        events: What was said lately about any object of the namespace; nothing if there is no right to read it.
    """

    objects: tuple[Object, ...]
    pods: tuple[Object, ...]
    events: tuple[Object, ...]


class Observer:
    """Watches a service. An asynchronous context, whose watches end with it.

    Args:
        connection: To the cluster.
        service: The service's name.
        namespace: Its namespace.
        references: Its objects.
    """

    def __init__(self, connection: Connection, service: str, namespace: str, references: Iterable[Reference]) -> None:
        self._connection = connection
        self._selector = selector(service)
        self._namespace = namespace
        kinds = {(each.api_version, each.kind) for each in references if each.kind in _WATCHED}
        self._kinds = {*kinds, *({("apps/v1", "ReplicaSet")} if ("apps/v1", "Deployment") in kinds else ())}
        self._seen: dict[str, dict[str, Object]] = {}
        self._changed = asyncio.Event()
        self._failure: BaseException | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        discovery = Discovery(self._connection)
        paths = {
            kind: await discovery.collection(api_version, kind, self._namespace)
            for api_version, kind in sorted(self._kinds)
        }
        core = f"/api/v1/namespaces/{self._namespace}"
        self._tasks = [
            *(asyncio.create_task(self._watch(kind, path, self._selector)) for kind, path in paths.items()),
            asyncio.create_task(self._watch("Pod", f"{core}/pods", self._selector)),
            asyncio.create_task(self._watch("Event", f"{core}/events", "")),
        ]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def snapshots(self) -> AsyncIterator[Snapshot]:
        """Yield the service whenever it has changed, and once a second.

        Raises:
            KubeError: There is no right to look, or the server refuses.
            UnreachableError: It is away for longer than there is patience.
        """
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), _TICK)
                await asyncio.sleep(_TOGETHER)
            self._changed.clear()
            if self._failure is not None:
                raise self._failure
            if len(self._seen) == len(self._tasks):
                yield self._snapshot()

    def _snapshot(self) -> Snapshot:
        apart = {"Pod", "Event"}
        objects = [each for kind, found in self._seen.items() if kind not in apart for each in found.values()]
        oldest = datetime.now(UTC) - _EVENTS_FOR
        events = (each for each in self._seen["Event"].values() if (at := _time(each)) is None or at >= oldest)
        return Snapshot(tuple(objects), tuple(self._seen["Pod"].values()), tuple(events))

    async def _watch(self, kind: str, path: str, labels: str) -> None:
        try:
            async for event in watch(self._connection, path, labels):
                if event.kind == "synced":
                    self._seen[kind] = {_key(each): each for each in event.objects}
                for each in event.objects:
                    if event.kind == "deleted":
                        self._seen[kind].pop(_key(each), None)
                    else:
                        self._seen[kind][_key(each)] = each
                self._changed.set()
        except ForbiddenError as error:
            if kind == "Event":  # they only say more
                self._seen[kind] = {}
            else:
                self._failure = error
            self._changed.set()
        except Exception as error:  # noqa: BLE001 - raised again to whoever asks for the next snapshot
            self._failure = error
            self._changed.set()


def _key(thing: Object) -> str:
    return str(thing["metadata"]["name"])


def _time(event: Object) -> datetime | None:
    found = event.get("lastTimestamp") or event.get("eventTime") or event["metadata"].get("creationTimestamp")
    return datetime.fromisoformat(found) if found else None
