"""What Beaufort's manifests count on beside Kubernetes itself: LeaderWorkerSet, metrics, gates, made-up nodes."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from .conftest import Cluster
from .workloads import create, deployment, pod, ready, spec, until

BURN = ("python3", "-c", "while True: pass")


def test_a_group_of_pods_knows_its_leader(nodes: Cluster, namespace: str) -> None:
    group = {
        "apiVersion": "leaderworkerset.x-k8s.io/v1",
        "kind": "LeaderWorkerSet",
        "metadata": {"name": "m"},
        "spec": {
            "replicas": 1,
            "leaderWorkerTemplate": {
                "size": 2,
                "restartPolicy": "RecreateGroupOnPodRestart",
                "workerTemplate": {"spec": spec(nodes)},
            },
        },
    }

    # Its webhooks answer some seconds after the cluster has come up.
    until(lambda: not nodes.apply(json.dumps(group), namespace), "the controller's webhooks answer")
    members = ready(nodes, namespace, 2, "leaderworkerset.sigs.k8s.io/name=m")
    told = {each["metadata"]["name"]: _variables(each) for each in members}
    assert set(told) == {"m-0", "m-0-1"}
    for index, name in enumerate(("m-0", "m-0-1")):
        assert told[name] == {
            "LWS_LEADER_ADDRESS": f"m-0.m.{namespace}",
            "LWS_GROUP_SIZE": "2",
            "LWS_WORKER_INDEX": str(index),
        }


def _variables(of: dict[str, Any]) -> dict[str, str]:
    listed = of["spec"]["containers"][0]["env"]
    return {each["name"]: each["value"] for each in listed if each["name"].startswith("LWS_")}


@pytest.mark.slow
def test_a_busy_deployment_is_measured_and_scaled(nodes: Cluster, namespace: str) -> None:
    limits = {"cpu": "200m", "memory": "64Mi"}
    scaler = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "busy"},
        "spec": {
            "minReplicas": 1,
            "maxReplicas": 2,
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "busy"},
            "metrics": [
                {
                    "type": "Resource",
                    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 30}},
                }
            ],
        },
    }
    create(nodes, namespace, deployment("busy", 1, spec(nodes, *BURN, limits=limits)), scaler)
    ready(nodes, namespace, 2, "app=busy")
    top = until(lambda: nodes.kubectl("top", "pods", "-n", namespace, "--no-headers").stdout, "top knows the pods")
    used = [int(line.split()[1].removesuffix("m")) for line in top.splitlines()]
    assert all(60 < each < 260 for each in used)


def test_a_gate_keeps_a_pod_from_the_scheduler_until_it_is_opened(nodes: Cluster, namespace: str) -> None:
    gated = {**spec(nodes), "schedulingGates": [{"name": "beaufort.dev/capacity"}]}
    create(nodes, namespace, pod("gated", gated))

    def condition() -> str | None:
        conditions = nodes.get("pod", "gated", "-n", namespace)["status"].get("conditions", ())
        return next((each["reason"] for each in conditions if each["type"] == "PodScheduled"), None)

    assert until(condition, "the gate is told") == "SchedulingGated"
    opened = '[{"op": "remove", "path": "/spec/schedulingGates"}]'
    assert nodes.kubectl("patch", "pod", "gated", "-n", namespace, "--type=json", "-p", opened).returncode == 0
    ready(nodes, namespace, 1)


def test_a_claim_may_name_attributes_of_its_volume(nodes: Cluster, namespace: str) -> None:
    name = f"fast-{namespace}"
    kind = {"apiVersion": "storage.k8s.io/v1alpha1", "kind": "VolumeAttributesClass", "metadata": {"name": name}}
    fast = {**kind, "driverName": "pd.csi.storage.gke.io", "parameters": {"iops": "5000"}}
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "disk"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Mi"}},
            "volumeAttributesClassName": name,
        },
    }
    create(nodes, namespace, fast, claim)
    try:
        kept = nodes.get("pvc", "disk", "-n", namespace)["spec"]
        assert kept["volumeAttributesClassName"] == name
        changed = nodes.apply(json.dumps({**fast, "parameters": {"iops": "9000"}}), namespace)
        assert "updates to parameters are forbidden" in changed
    finally:
        nodes.kubectl("delete", "pvc", "disk", "-n", namespace)
        nodes.kubectl("delete", "volumeattributesclass", name)


@pytest.fixture
def simulated(rig_nodes: Cluster) -> Iterator[Cluster]:
    """Add twelve made-up nodes in two zones, and remove them after the test."""
    rig_nodes.rig("nodes", "add", "12", "--zone", "zone-x", "--zone", "zone-y", "--gpus", "8")
    yield rig_nodes
    rig_nodes.rig("nodes", "remove")
    until(lambda: len(rig_nodes.get("nodes")["items"]) == 2, "the made-up nodes go")


def test_made_up_nodes_take_pods_that_tolerate_them(simulated: Cluster, nodes: Cluster, namespace: str) -> None:
    found = [each for each in nodes.get("nodes")["items"] if each["metadata"]["name"].startswith("kwok-")]
    zones = Counter(each["metadata"]["labels"]["topology.kubernetes.io/zone"] for each in found)
    assert zones == {"zone-x": 6, "zone-y": 6}
    assert {each["status"]["allocatable"]["nvidia.com/gpu"] for each in found} == {"8"}
    of = spec(nodes, limits={"nvidia.com/gpu": "8", "cpu": "8", "memory": "1Gi"})
    tolerant = {**of, "tolerations": [{"key": "kwok.x-k8s.io/node", "operator": "Exists"}]}
    wanted = {**tolerant, "nodeSelector": {"type": "kwok"}}
    create(simulated, namespace, deployment("engines", 12, wanted), pod("real", spec(nodes), app="real"))
    engines = ready(nodes, namespace, 12, "app=engines")
    assert len({each["spec"]["nodeName"] for each in engines}) == 12
    (real,) = ready(nodes, namespace, 1, "app=real")
    assert real["spec"]["nodeName"] in {"n1", "n2"}
