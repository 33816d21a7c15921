"""A service at one moment: how far it is, and what stops it, each thing once."""

from __future__ import annotations

from typing import Any

import pytest

from beaufort.rollout import Cause, progress


def deployment(ready: int, wanted: int = 2, **status: Any) -> dict[str, Any]:  # noqa: ANN401 - a status is any JSON
    return {
        "kind": "Deployment",
        "metadata": {
            "name": "engine",
            "namespace": "chat",
            "generation": 2,
            "labels": {"app.kubernetes.io/component": "engine"},
        },
        "spec": {"replicas": wanted},
        "status": {
            "observedGeneration": 2,
            "replicas": wanted,
            "updatedReplicas": wanted,
            "readyReplicas": ready,
            **status,
        },
    }


def event(kind: str, name: str, reason: str, message: str) -> dict[str, Any]:
    return {"involvedObject": {"kind": kind, "name": name}, "reason": reason, "message": message}


@pytest.mark.parametrize(
    ("workload", "done"),
    [
        (deployment(2), True),
        (deployment(1), False),
        (deployment(2, observedGeneration=1), False),  # the controller has not seen the newest form
        (deployment(2, replicas=3), False),  # an old pod is still there
        (deployment(0, wanted=0, updatedReplicas=0, replicas=0), True),
        ({"kind": "Job", "metadata": {"name": "load"}, "spec": {"completions": 1}, "status": {"succeeded": 1}}, True),
        ({"kind": "Job", "metadata": {"name": "load"}, "spec": {}, "status": {}}, False),
        ({"kind": "DaemonSet", "metadata": {"name": "g"}, "status": {"desiredNumberScheduled": 2}}, False),
        ({"kind": "LeaderWorkerSet", "metadata": {"name": "m"}, "spec": {"replicas": 1}, "status": {}}, False),
        (
            {
                "kind": "LeaderWorkerSet",
                "metadata": {"name": "m", "generation": 1},
                "spec": {"replicas": 1},
                "status": {"readyReplicas": 1, "updatedReplicas": 1, "replicas": 1},
            },
            True,
        ),
    ],
)
def test_a_workload_is_done_when_its_newest_form_is_ready(workload: dict[str, Any], done: bool) -> None:  # noqa: FBT001 - the expectation
    assert progress([workload], [], []).done is done


@pytest.mark.parametrize(
    ("message", "cause", "remedy"),
    [
        (
            (
                'pods "engine-x" is forbidden: exceeded quota: gpus, requested: requests.nvidia.com/gpu=1, used: '
                "requests.nvidia.com/gpu=4, limited: requests.nvidia.com/gpu=4"
            ),
            Cause.QUOTA,
            "ResourceQuota gpus",
        ),
        ('admission webhook "policy.example.com" denied the request: no', Cause.WEBHOOK, "policy.example.com"),
        ('pods "e" is forbidden: violates PodSecurity "restricted:latest": x', Cause.REFUSED, "pod-security"),
        ('pods "e" is forbidden: error looking up service account chat/e: x', Cause.CONFIGURATION, "service account"),
        ("something unheard of", Cause.REFUSED, ""),
    ],
)
def test_pods_that_are_never_made_are_told_of(message: str, cause: Cause, remedy: str) -> None:
    failure = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": message}
    by_condition = progress([deployment(0, conditions=[failure])], [], [])
    by_event = progress([deployment(0)], [], [event("ReplicaSet", "engine-5d9f", "FailedCreate", message)])
    assert by_condition.findings == by_event.findings
    (found,) = by_event.findings
    assert found.cause is cause
    assert remedy in found.remedy
    assert not found.passing


def test_what_stops_many_pods_is_told_once() -> None:
    scheduled = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "no"}
    pods = [
        {"kind": "Pod", "metadata": {"name": f"e{n}"}, "spec": {}, "status": {"conditions": [scheduled]}}
        for n in range(3)
    ]
    (found,) = progress([deployment(0)], pods, []).findings
    assert found.where == "pod e0 and 2 more"


def test_the_gravest_comes_first() -> None:
    pulling = {"waiting": {"reason": "ErrImagePull"}}
    pods = [
        {"kind": "Pod", "metadata": {"name": "a"}, "spec": {}, "status": {"phase": "Pending"}},
        {
            "kind": "Pod",
            "metadata": {"name": "b"},
            "spec": {},
            "status": {"containerStatuses": [{"name": "c", "image": "i", "state": pulling}]},
        },
    ]
    assert [found.cause for found in progress([], pods, []).findings] == [Cause.IMAGE, Cause.STARTING]


def test_a_claim_without_a_class_is_told_and_one_that_waits_for_its_pod_is_not() -> None:
    claim = {"kind": "PersistentVolumeClaim", "metadata": {"name": "w"}, "status": {"phase": "Pending"}}
    lacking = event("PersistentVolumeClaim", "w", "ProvisioningFailed", 'storageclass "gp3" not found')
    patient = event("PersistentVolumeClaim", "w", "WaitForFirstConsumer", "waiting")
    (found,) = progress([claim], [], [lacking]).findings
    assert found.cause is Cause.VOLUME
    assert "gp3" in found.what
    assert not progress([claim], [], [patient]).findings
    assert not progress([{**claim, "status": {"phase": "Bound"}}], [], []).findings
