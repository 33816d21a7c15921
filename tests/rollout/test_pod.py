"""Pods as a kubelet and a scheduler leave them, and what is told of them."""

from __future__ import annotations

from typing import Any

import pytest

from beaufort.rollout.finding import Cause
from beaufort.rollout.pod import diagnose


def pod(**status: Any) -> dict[str, Any]:  # noqa: ANN401 - a status is any JSON
    return {
        "kind": "Pod",
        "metadata": {"name": "engine-x", "namespace": "chat"},
        "spec": {"containers": [{"name": "vllm"}], "schedulingGates": [{"name": "beaufort.dev/capacity"}]},
        "status": status,
    }


def waiting(reason: str, message: str = "", **more: Any) -> dict[str, Any]:  # noqa: ANN401 - as above
    state = {"waiting": {"reason": reason, "message": message}}
    return pod(phase="Pending", containerStatuses=[{"name": "vllm", "image": "a/b:1", "state": state, **more}])


def unscheduled(reason: str, message: str = "") -> dict[str, Any]:
    scheduled = {"type": "PodScheduled", "status": "False", "reason": reason, "message": message}
    return pod(phase="Pending", conditions=[scheduled])


def running(**more: Any) -> dict[str, Any]:  # noqa: ANN401 - as above
    return pod(
        phase="Running",
        conditions=[{"type": "Ready", "status": "False"}],
        containerStatuses=[{"name": "vllm", "ready": False, "state": {"running": {}}, **more}],
    )


BACK_OFF = "back-off 10s restarting failed container"
DIED = {"lastState": {"terminated": {"exitCode": 1, "reason": "Error"}}, "restartCount": 3}
OOM = {"lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}, "restartCount": 1}


@pytest.mark.parametrize(
    ("given", "cause", "what", "remedy", "container"),
    [
        (unscheduled("SchedulingGated"), Cause.GATED, "beaufort.dev/capacity", "gates: false", ""),
        (
            unscheduled("Unschedulable", "0/2 nodes are available: 2 Insufficient nvidia.com/gpu."),
            Cause.UNSCHEDULABLE,
            "2 Insufficient nvidia.com/gpu",
            "add nodes",
            "",
        ),
        (waiting("ImagePullBackOff", "Back-off pulling image"), Cause.IMAGE, "a/b:1", "registry", ""),
        (waiting("InvalidImageName", "couldn't parse"), Cause.IMAGE, "couldn't parse", "name", ""),
        (
            waiting("CreateContainerConfigError", 'secret "hf-token" not found'),
            Cause.CONFIGURATION,
            'secret "hf-token" not found',
            "Secret",
            "",
        ),
        (
            waiting("CrashLoopBackOff", BACK_OFF, **DIED),
            Cause.CRASH,
            "exit code 1, and was started again 3 times",
            "log",
            "vllm",
        ),
        (waiting("CrashLoopBackOff", BACK_OFF, **OOM), Cause.MEMORY, "lack of memory", "memory", "vllm"),
        (waiting("CrashLoopBackOff", BACK_OFF), Cause.CRASH, "exit code unknown", "log", "vllm"),
        (waiting("ContainerCreating"), Cause.STARTING, "being started", "", ""),
        (running(), Cause.NOT_READY, "readiness", "", "vllm"),
        (running(**DIED), Cause.CRASH, "exit code 1", "log", "vllm"),
        (
            pod(phase="Failed", reason="TopologyAffinityError", message="Resources cannot be allocated with Topology"),
            Cause.TOPOLOGY,
            "TopologyAffinityError",
            "NUMA",
            "",
        ),
        (
            pod(
                phase="Failed",
                reason="UnexpectedAdmissionError",
                message="Allocate failed due to requested number of devices unavailable for nvidia.com/gpu. "
                "Requested: 1, Available: 0, which is unexpected",
            ),
            Cause.DEVICE,
            "nvidia.com/gpu",
            "device plugin",
            "",
        ),
        (pod(phase="Failed", reason="OutOfcpu", message="Node didn't have enough"), Cause.NODE, "OutOfcpu", "cpu", ""),
        (pod(phase="Failed", reason="Evicted", message="disk"), Cause.NODE, "Evicted: disk", "", ""),
        (
            pod(
                phase="Failed",
                containerStatuses=[{"name": "load", "state": {"terminated": {"exitCode": 2, "message": "no space"}}}],
            ),
            Cause.CRASH,
            "load ended with exit code 2: no space",
            "log",
            "load",
        ),
        (pod(phase="Pending"), Cause.STARTING, "being started", "", ""),
    ],
)
def test_what_is_in_the_way_is_told(
    given: dict[str, Any], cause: Cause, what: str, remedy: str, container: str
) -> None:
    found = diagnose(given)
    assert found is not None
    assert found.cause is cause
    assert what in found.what
    assert remedy in found.remedy
    assert found.container == container
    assert found.where == "pod chat/engine-x"


def test_a_ready_pod_and_one_that_leaves_are_in_nobodys_way() -> None:
    ready = pod(phase="Running", conditions=[{"type": "Ready", "status": "True"}])
    leaving = waiting("CrashLoopBackOff", BACK_OFF, **DIED)
    leaving["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert diagnose(ready) is None
    assert diagnose(leaving) is None
    assert diagnose(pod(phase="Succeeded")) is None


def test_an_init_container_that_fails_is_told_before_those_that_wait_for_it() -> None:
    given = waiting("PodInitializing")
    given["status"]["initContainerStatuses"] = [{"name": "load", "state": {"terminated": {"exitCode": 1}}}]
    found = diagnose(given)
    assert found is not None
    assert found.container == "load"
