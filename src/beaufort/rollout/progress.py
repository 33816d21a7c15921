"""How far a service is, and all that is in its way, each thing once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from beaufort.rollout.finding import Cause, Finding, Object, component
from beaufort.rollout.pod import diagnose
from beaufort.rollout.revision import newest
from beaufort.rollout.workload import claim_finding, workload_findings

_WORKLOADS = frozenset({"Deployment", "StatefulSet", "DaemonSet", "LeaderWorkerSet", "Job"})
_SEVERITY = {cause: rank for rank, cause in enumerate(Cause)}


@dataclass(frozen=True, slots=True)
class Component:
    """One workload of a service.

    Attributes:
        name: The workload's name.
        kind: Its kind.
        component: Its part of the service: ``engine``, ``gateway``.
        wanted: Pods, or groups of pods, that it should have.
        ready: How many of them take requests.
        old: How many are of an older form, and about to be replaced.
        done: Nothing more is to happen.
    """

    name: str
    kind: str
    component: str
    wanted: int
    ready: int
    done: bool
    old: int = 0


@dataclass(frozen=True, slots=True)
class Progress:
    """A service at one moment.

    Attributes:
        components: Its workloads.
        findings: What is in the way, the gravest first, each thing once however many pods it stops.
    """

    components: tuple[Component, ...]
    findings: tuple[Finding, ...]

    @property
    def done(self) -> bool:
        """Whether every workload is as it should be."""
        return all(component.done for component in self.components)


def progress(
    objects: Sequence[Object], pods: Iterable[Object], events: Iterable[Object], stale: Collection[str] = ()
) -> Progress:
    """Return how far a service is.

    Args:
        objects: The service's objects as they are: workloads, their ReplicaSets and claims among them.
        pods: The service's pods.
        events: The namespace's events, of any object.
        stale: Names of workloads that are there and not wanted any more: they do not count.
    """
    by_object = _by_object(events)
    wanted = [each for each in objects if each["metadata"]["name"] not in stale]
    components = tuple(_component(each) for each in wanted if each.get("kind") in _WORKLOADS)
    findings = [
        *_of_pods(newest(pods, objects, stale), components),
        *(found for each in wanted for found in _of_object(each, _events_of(each, by_object))),
    ]
    return Progress(components, _once(findings))


def _of_pods(pods: Iterable[Object], components: Iterable[Component]) -> Iterator[Finding]:
    """Yield what is in the way of pods. One that has failed, and was replaced by one that is ready, is in no way."""
    unfinished = {each.component for each in components if not each.done}
    for pod in pods:
        part = component(pod)
        found = diagnose(pod)
        left_over = pod.get("status", {}).get("phase") == "Failed" and part not in unfinished
        if found is not None and not left_over:
            yield replace(found, component=part, pod=pod["metadata"]["name"])


def _of_object(thing: Object, events: Iterable[Object]) -> Iterator[Finding]:
    found: Iterable[Finding | None] = ()
    if thing.get("kind") in _WORKLOADS and not _component(thing).done:
        found = workload_findings(thing, events)
    elif thing.get("kind") == "PersistentVolumeClaim":
        found = (claim_finding(thing, events),)
    return (replace(each, component=component(thing)) for each in found if each is not None)


def _component(workload: Object) -> Component:
    metadata, spec, status = workload["metadata"], workload.get("spec", {}), workload.get("status", {})
    kind = workload["kind"]
    seen = status.get("observedGeneration", 0) >= metadata.get("generation", 0)
    old = 0
    if kind == "Job":
        wanted, ready = spec.get("completions", 1), status.get("succeeded", 0)
        done = ready >= wanted
    elif kind == "DaemonSet":
        wanted, ready = status.get("desiredNumberScheduled", 0), status.get("numberReady", 0)
        old = max(status.get("currentNumberScheduled", 0) - status.get("updatedNumberScheduled", 0), 0)
        done = seen and ready >= wanted and status.get("updatedNumberScheduled", 0) >= wanted
    else:
        wanted, ready = spec.get("replicas", 1), status.get("readyReplicas", 0)
        old = max(status.get("replicas", 0) - status.get("updatedReplicas", 0), 0)
        done = (seen or kind == "LeaderWorkerSet") and ready >= wanted and old == 0
    return Component(metadata["name"], kind, component(workload), wanted, min(ready, wanted), done, old)


def _by_object(events: Iterable[Object]) -> dict[str, list[Object]]:
    found: dict[str, list[Object]] = {}
    for event in events:
        about = event.get("involvedObject") or event.get("regarding") or {}
        found.setdefault(str(about.get("name", "")), []).append(event)
    return found


def _events_of(thing: Object, by_object: Mapping[str, list[Object]]) -> list[Object]:
    """Return the events of an object and of what it owns: a Deployment's sets carry its name and a hash."""
    name = thing["metadata"]["name"]
    owned = (events for about, events in by_object.items() if about.startswith(f"{name}-") and _is_set(events))
    return [*by_object.get(name, ()), *(event for events in owned for event in events)]


def _is_set(events: Sequence[Object]) -> bool:
    about = events[0].get("involvedObject") or events[0].get("regarding") or {}
    return about.get("kind") in {"ReplicaSet", "StatefulSet"}


def _once(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return each finding once; what stops several pods alike says how many."""
    alike = Counter((each.cause, each.what) for each in findings)
    first: dict[tuple[Cause, str], Finding] = {}
    for each in findings:
        first.setdefault((each.cause, each.what), each)
    told = []
    for key, each in first.items():
        more = alike[key] - 1
        told.append(replace(each, where=f"{each.where} and {more} more") if more else each)
    return tuple(sorted(told, key=lambda each: (each.passing, _SEVERITY[each.cause], each.where)))
