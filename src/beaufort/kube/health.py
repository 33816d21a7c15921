"""How a deployed service is at one moment, or from moment to moment."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from beaufort.kube.connection import Connection
from beaufort.kube.observer import Observer, Snapshot
from beaufort.kube.reference import Object
from beaufort.kube.release import Release
from beaufort.rollout import Progress, progress
from beaufort.rollout.finding import component
from beaufort.rollout.pod import is_ready
from beaufort.rollout.verdict import serving


@dataclass(frozen=True, slots=True)
class PodHealth:
    """One pod.

    Attributes:
        name: Its name.
        component: Its part of the service.
        phase: What it does: ``Running``, ``Pending``, or the reason why it does not run.
        ready: Whether it takes requests.
        restarts: How often its containers were started again.
        node: Where it runs; empty before it is placed.
        age_seconds: Since it was made.
    """

    name: str
    component: str
    phase: str
    ready: bool
    restarts: int
    node: str
    age_seconds: float


@dataclass(frozen=True, slots=True)
class Scaling:
    """One autoscaler.

    Attributes:
        name: Its name, which is its workload's.
        replicas: How many there are.
        min: How many there are at least.
        max: How many there may be.
        problem: Why it does not know what to do; empty if it does.
    """

    name: str
    replicas: int
    min: int
    max: int
    problem: str


@dataclass(frozen=True, slots=True)
class Health:
    """A service.

    Attributes:
        service: Its name.
        namespace: Its namespace.
        progress: Its workloads, and what is in the way.
        pods: Its pods.
        autoscalers: Its autoscalers.
    """

    service: str
    namespace: str
    progress: Progress
    pods: tuple[PodHealth, ...]
    autoscalers: tuple[Scaling, ...]

    @property
    def well(self) -> bool:
        """Whether every engine and every gateway is as it should be."""
        return serving(self.progress)


async def healths(connection: Connection, service: str, namespace: str) -> AsyncGenerator[Health]:
    """Yield how a service is, whenever that changes.

    Raises:
        NotDeployedError: There is no such service.
        KubeError: There is no right to look.
        UnreachableError: The API server is away for longer than there is patience.
    """
    references = await Release(connection, service, namespace).references()
    async with Observer(connection, service, namespace, references) as observer:
        async for snapshot in observer.snapshots():
            yield _health(service, namespace, snapshot)


def _health(service: str, namespace: str, snapshot: Snapshot) -> Health:
    now = datetime.now(UTC)
    return Health(
        service,
        namespace,
        progress(snapshot.objects, snapshot.pods, snapshot.events),
        tuple(sorted((_pod(each, now) for each in snapshot.pods), key=lambda pod: (pod.component, pod.name))),
        tuple(_scaling(each) for each in snapshot.objects if each.get("kind") == "HorizontalPodAutoscaler"),
    )


def _pod(pod: Object, now: datetime) -> PodHealth:
    status = pod.get("status", {})
    containers = status.get("containerStatuses") or ()
    before = [f"Init:{reason}" for reason in _waiting(status.get("initContainerStatuses") or ()) if reason != _USUAL]
    phase = next(iter([*before, *_waiting(containers)]), status.get("reason") or status.get("phase", "Unknown"))
    made = datetime.fromisoformat(pod["metadata"]["creationTimestamp"])
    return PodHealth(
        pod["metadata"]["name"],
        component(pod),
        "Terminating" if "deletionTimestamp" in pod["metadata"] else phase,
        is_ready(pod),
        sum(each.get("restartCount", 0) for each in containers),
        pod["spec"].get("nodeName", ""),
        (now - made).total_seconds(),
    )


_USUAL = "PodInitializing"  # of init containers whose turn has not come


def _waiting(containers: Iterable[Object]) -> list[str]:
    return [each["state"]["waiting"].get("reason", "") for each in containers if "waiting" in each.get("state", {})]


def _scaling(autoscaler: Object) -> Scaling:
    spec, status = autoscaler["spec"], autoscaler.get("status", {})
    conditions = status.get("conditions") or ()
    problem = next(
        (
            each.get("message", "")
            for each in conditions
            if each["type"] == "ScalingActive" and each["status"] == "False"
        ),
        "",
    )
    name = autoscaler["metadata"]["name"]
    return Scaling(name, status.get("currentReplicas", 0), spec.get("minReplicas", 1), spec["maxReplicas"], problem)
