"""What is in the way of one pod, from its status."""

from __future__ import annotations

import re

from beaufort.rollout.finding import Cause, Finding, Object, condition, place
from beaufort.rollout.scheduling import explain

_LOGS = "the last lines of its log say why"
_IMAGE = frozenset({"ImagePullBackOff", "ErrImagePull", "InvalidImageName", "ErrImageNeverPull", "RegistryUnavailable"})
_CONFIGURATION = frozenset({"CreateContainerConfigError", "CreateContainerError", "RunContainerError"})
_OUT_OF = re.compile(r"^OutOf(.+)$")


def is_ready(pod: Object) -> bool:
    """Return whether a pod takes requests."""
    ready = condition(pod, "Ready")
    return ready is not None and ready["status"] == "True" and "deletionTimestamp" not in pod["metadata"]


def diagnose(pod: Object) -> Finding | None:
    """Return what is in the way of a pod; None if nothing is, or if it is on its way out."""
    status = pod.get("status", {})
    if is_ready(pod) or status.get("phase") == "Succeeded" or "deletionTimestamp" in pod["metadata"]:
        return None
    if status.get("phase") == "Failed":
        return _failed(pod, str(status.get("reason", "")), str(status.get("message", "")))
    scheduled = condition(pod, "PodScheduled")
    if scheduled is not None and scheduled["status"] == "False":
        return _unscheduled(pod, scheduled)
    for each in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())):
        found = _container(pod, each)
        if found is not None:
            return found
    return Finding(Cause.STARTING, place(pod), "its containers are being started")


def _unscheduled(pod: Object, scheduled: Object) -> Finding:
    if scheduled.get("reason") == "SchedulingGated":
        gates = ", ".join(gate["name"] for gate in pod["spec"].get("schedulingGates") or ())
        remedy = "see whether the controller that opens it runs, or turn gates off: spec.scheduling.gates: false"
        return Finding(Cause.GATED, place(pod), f"it waits for its scheduling gate: {gates}", remedy)
    reason = explain(str(scheduled.get("message", "")))
    return Finding(Cause.UNSCHEDULABLE, place(pod), reason.what, reason.remedy)


def _failed(pod: Object, reason: str, message: str) -> Finding:
    where = place(pod)
    what = f"its node refused it: {reason}: {message}".rstrip(": ")
    if reason == "TopologyAffinityError":
        remedy = (
            "no single NUMA node has room for its cores and accelerators together: ask for fewer, free the node, "
            "or use topologyManagerPolicy best-effort or restricted; until then pod after pod is made and refused"
        )
        return Finding(Cause.TOPOLOGY, where, what, remedy)
    if reason == "UnexpectedAdmissionError":
        remedy = "see whether the device plugin runs and its devices are healthy: kubectl describe node"
        return Finding(Cause.DEVICE, where, what, remedy)
    if lacking := _OUT_OF.match(reason):
        remedy = f"the node has less {lacking[1]} than the scheduler believed: a new pod will be placed"
        return Finding(Cause.NODE, where, what, remedy)
    if reason in {"Evicted", "Preempting", "NodeShutdown", "Terminated", "NodeLost", "NodeAffinity"}:
        return Finding(Cause.NODE, where, f"it was ended by its node: {reason}: {message}".rstrip(": "))
    for each in pod["status"].get("containerStatuses") or ():
        found = _terminated(pod, each, each.get("state", {}).get("terminated"))
        if found is not None:
            return found
    return Finding(Cause.CRASH, where, f"it failed: {reason} {message}".strip())


def _container(pod: Object, status: Object) -> Finding | None:
    state = status.get("state", {})
    name = status["name"]
    waiting = state.get("waiting")
    if waiting is not None:
        return _waiting(pod, status, waiting)
    if "terminated" in state:
        return _terminated(pod, status, state["terminated"])
    if not status.get("ready") and status.get("restartCount"):
        return _terminated(pod, status, status.get("lastState", {}).get("terminated"))
    if not status.get("ready") and name in {each["name"] for each in pod["spec"].get("containers", ())}:
        what = f"container {name} runs and does not answer its readiness probe yet"
        return Finding(Cause.NOT_READY, place(pod), what, container=name)
    return None


def _waiting(pod: Object, status: Object, waiting: Object) -> Finding | None:
    reason, message = str(waiting.get("reason", "")), str(waiting.get("message", ""))
    where, name = place(pod), status["name"]
    if reason in _IMAGE:
        what = f"image {status.get('image')} cannot be pulled: {message or reason}"
        return Finding(Cause.IMAGE, where, what, "check the image's name, that the registry is reached, and its secret")
    if reason in _CONFIGURATION:
        remedy = "make what it names: a missing Secret, ConfigMap, key or path"
        return Finding(Cause.CONFIGURATION, where, f"container {name} cannot be made: {message or reason}", remedy)
    if reason == "CrashLoopBackOff":
        return _terminated(pod, status, status.get("lastState", {}).get("terminated") or {"exitCode": "unknown"})
    if reason in {"ContainerCreating", "PodInitializing"}:
        return None  # an earlier container, or nothing, is in the way
    return Finding(Cause.STARTING, where, f"container {name} waits: {reason} {message}".strip())


def _terminated(pod: Object, status: Object, ended: Object | None) -> Finding | None:
    if ended is None or ended.get("exitCode") == 0:
        return None
    name, count = status["name"], status.get("restartCount", 0)
    times = f", and was started again {'once' if count == 1 else f'{count} times'}" if count else ""
    if ended.get("reason") == "OOMKilled":
        remedy = "give it more memory, or a smaller context or batch"
        return Finding(Cause.MEMORY, place(pod), f"container {name} was killed for lack of memory{times}", remedy, name)
    message = str(ended.get("message") or "").strip()
    what = f"container {name} ended with exit code {ended.get('exitCode')}{times}"
    return Finding(Cause.CRASH, place(pod), what + (f": {message}" if message else ""), _LOGS, name)
