"""What the containers of a service say, together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from beaufort.kube.connection import Connection
from beaufort.kube.errors import KubeError, UnreachableError
from beaufort.kube.logs import follow, read
from beaufort.kube.ownership import selector
from beaufort.kube.reference import Object
from beaufort.kube.watch import watch
from beaufort.rollout.finding import COMPONENT_LABEL

_AGAIN = 1.0  # seconds before a container is asked again that has not begun, or whose log was lost


@dataclass(frozen=True, slots=True)
class Voice:
    """One container of one pod.

    Attributes:
        pod: The pod.
        container: Its container.
        alone: Whether it is the pod's only one.
    """

    pod: str
    container: str
    alone: bool

    def __str__(self) -> str:
        return self.pod if self.alone else f"{self.pod} {self.container}"


Show = Callable[[Voice, str], None]


class Chorus:
    """The containers of one part of a service.

    Args:
        connection: To the cluster.
        service: The service's name.
        namespace: Its namespace.
        component: The part; all parts when empty.
        tail: How many of the last lines of each container.
    """

    def __init__(self, connection: Connection, service: str, namespace: str, component: str, tail: int) -> None:
        self._connection = connection
        self._namespace = namespace
        self._selector = selector(service) + (f",{COMPONENT_LABEL}={component}" if component else "")
        self._tail = tail

    @property
    def _pods(self) -> str:
        return f"/api/v1/namespaces/{self._namespace}/pods"

    async def voices(self) -> tuple[Voice, ...]:
        """Return the containers that are there, those that run before the others too.

        Raises:
            KubeError: There is no right to look.
        """
        listed = await self._connection.get(self._pods, {"labelSelector": self._selector})
        return tuple(voice for pod in listed["items"] for voice in _voices(pod))

    async def read(
        self, voices: Iterable[Voice], show: Show, tell: Callable[[str], None], *, previous: bool = False
    ) -> int:
        """Show the last lines of each container, and return how many there are.

        Args:
            voices: The containers.
            show: Called with each line.
            tell: Called with why a container cannot be heard, once for each.
            previous: Of the run before this one.

        Raises:
            UnreachableError: The API server does not answer.
        """
        heard = 0
        for voice in voices:
            try:
                lines = await read(
                    self._connection, self._namespace, voice.pod, voice.container, tail=self._tail, previous=previous
                )
            except KubeError as error:
                tell(f"{voice}: {error.problems[0].what}")
                continue
            heard += len(lines)
            for line in lines:
                show(voice, line)
        return heard

    async def follow(self, show: Show, tell: Callable[[str], None]) -> None:
        """Show what the containers say, and those of pods that come, for ever.

        Raises:
            KubeError: There is no right to look.
            UnreachableError: The API server is away for longer than there is patience.
        """
        tasks: dict[str, asyncio.Task[None]] = {}
        try:
            async for event in watch(self._connection, self._pods, self._selector):
                for pod in event.objects:
                    if event.kind == "deleted":
                        continue
                    for voice in _voices(pod):
                        key = f"{pod['metadata']['uid']} {voice.container}"
                        if key not in tasks and _begun(pod, voice):
                            tasks[key] = asyncio.create_task(self._listen(voice, show, tell))
        finally:
            for task in tasks.values():
                task.cancel()
            await asyncio.gather(*tasks.values(), return_exceptions=True)

    async def _listen(self, voice: Voice, show: Show, tell: Callable[[str], None]) -> None:
        """Show what one container says until its pod is gone; a new run of it, and a lost connection, are no end."""
        last = ""
        place = (self._connection, self._namespace, voice.pod, voice.container)
        while True:
            try:
                async for time, line in follow(*place, tail=self._tail, after=last):
                    show(voice, line)
                    last = time
            except UnreachableError as error:
                tell(f"{voice}: {error.problems[0].what}, trying again")
            except KubeError as error:
                if error.status != _WAITING:
                    return
            await asyncio.sleep(_AGAIN)


_WAITING = 400  # the status of the answer for a container that waits to start again


def _voices(pod: Object) -> list[Voice]:
    spec = pod["spec"]
    names = [each["name"] for each in (*(spec.get("initContainers") or ()), *spec["containers"])]
    return [Voice(pod["metadata"]["name"], name, alone=len(names) == 1) for name in names]


def _begun(pod: Object, voice: Voice) -> bool:
    status = pod.get("status", {})
    each = (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ()))
    return any(one["name"] == voice.container and "waiting" not in one.get("state", {"waiting": {}}) for one in each)
