"""While something is rolled out, what is wrong with the old is what the roll-out cures."""

from __future__ import annotations

from typing import Any

from beaufort.rollout import Cause, progress
from beaufort.rollout.revision import newest


def owned(kind: str, name: str, owner: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    metadata = {"name": name, "ownerReferences": [{"name": owner, "controller": True}], **more}
    return {"kind": kind, "metadata": metadata, "spec": {}, "status": {}}


def revision(number: int) -> dict[str, Any]:
    return {"annotations": {"deployment.kubernetes.io/revision": str(number)}}


OBJECTS = (
    {"kind": "Deployment", "metadata": {"name": "engine", **revision(2)}, "spec": {}, "status": {}},
    owned("ReplicaSet", "engine-old", "engine", **revision(1)),
    owned("ReplicaSet", "engine-new", "engine", **revision(2)),
)


def names(pods: tuple[dict[str, Any], ...]) -> list[str]:
    return [pod["metadata"]["name"] for pod in pods]


def test_only_pods_of_the_newest_revision_count() -> None:
    pods = [owned("Pod", "a", "engine-old"), owned("Pod", "b", "engine-new"), owned("Pod", "c", "loader")]
    assert names(newest(pods, OBJECTS)) == ["b", "c"]


def test_pods_of_what_is_not_wanted_do_not_count() -> None:
    objects = (*OBJECTS, {"kind": "Deployment", "metadata": {"name": "engine-spot", **revision(1)}})
    pods = [owned("Pod", "a", "engine-new"), owned("Pod", "b", "engine-spot-x"), owned("Pod", "c", "other")]
    assert names(newest(pods, objects, {"engine"})) == ["b", "c"]
    assert names(newest(pods, objects, {"engine-spot"})) == ["a", "c"]


def test_a_pod_without_an_owner_counts() -> None:
    assert names(newest([{"metadata": {"name": "a"}}], OBJECTS)) == ["a"]


def test_a_pod_that_failed_and_was_replaced_is_in_no_way() -> None:
    component = {"labels": {"app.kubernetes.io/component": "engine"}}
    failed = {"kind": "Pod", "metadata": {"name": "a", **component}, "status": {"phase": "Failed", "reason": "Evicted"}}
    status = {"replicas": 1, "updatedReplicas": 1, "readyReplicas": 1}
    engine = {"kind": "Deployment", "metadata": {"name": "engine", **component}, "spec": {}, "status": status}
    assert progress([engine], [failed], []).findings == ()
    unfinished = {**engine, "status": {**status, "readyReplicas": 0}}
    (found,) = progress([unfinished], [failed], []).findings
    assert (found.cause, found.component, found.pod) == (Cause.NODE, "engine", "a")
