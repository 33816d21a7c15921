"""The doctor on a real API server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from beaufort.doctor.checks import CLUSTER, MACHINE

from .conftest import Cluster
from .deploying import Verbs, eventually


@pytest.fixture
def verbs(cluster: Cluster, namespace: str, tmp_path: Path) -> Verbs:
    return Verbs(cluster, tmp_path, namespace)


def checks(verbs: Verbs, *arguments: str, code: int) -> dict[str, dict[str, Any]]:
    found = json.loads(verbs.run("doctor", *arguments, "-n", verbs.namespace, "-o", "json", code=code)[0])
    return {each["check"]: each for each in found["checks"]}


def test_a_cluster_without_nodes_is_told_so(verbs: Verbs, cluster: Cluster) -> None:
    found = checks(verbs, code=1)
    assert list(found) == [check.name for check in (*MACHINE, *CLUSTER)]
    assert {name for name, each in found.items() if each["verdict"] == "failed"} == {"nodes"}
    assert found["nodes"]["evidence"] == "the cluster has no node"
    assert found["version"]["evidence"] == f"Kubernetes {cluster.version}"
    assert found["clock"]["verdict"] == "ok"
    assert found["rights"]["verdict"] == "ok"
    assert "on: VolumeAttributesClass, ServiceTrafficDistribution" in found["gates"]["evidence"]
    assert "as the API server says" in found["gates"]["evidence"]
    assert "KEDA" in found["kinds"]["evidence"]


def test_a_service_is_compared_with_the_cluster(verbs: Verbs) -> None:
    verbs.write(
        engine="vllm", more="  cluster: {featureGates: [HPAScaleToZero]}\n  storage: {kind: class, className: fast}\n"
    )
    found = checks(verbs, str(verbs.file), code=1)
    assert found["accelerators"]["verdict"] == "failed"
    assert "no node offers nvidia.com/gpu" in found["accelerators"]["evidence"]
    assert "there is no StorageClass fast" in found["storage"]["evidence"]
    assert "the service file says they are on, and they are off: HPAScaleToZero" in found["gates"]["evidence"]
    rehearsed = checks(verbs, str(verbs.file), "--emulate", code=1)
    assert rehearsed["accelerators"]["verdict"] == "ok"
    assert rehearsed["storage"]["verdict"] != "failed"


def test_a_quota_that_is_used_up_is_seen(verbs: Verbs, cluster: Cluster, namespace: str) -> None:
    cluster.kubectl("create", "quota", "few", "--hard=configmaps=1", "-n", namespace)
    eventually(
        lambda: cluster.get("quota", "few", "-n", namespace).get("status", {}).get("used"), "the quota counts nothing"
    )
    found = checks(verbs, code=1)
    assert "used up: configmaps of few (1 of 1)" in found["quotas"]["evidence"]


def test_people_read_a_table_and_a_dead_cluster_is_a_failed_check(verbs: Verbs, tmp_path: Path) -> None:
    out, _ = verbs.run("doctor", code=1)
    assert "the cluster has no node" in out
    assert "try: add nodes" in out
    address = verbs.kubeconfig.read_text()
    port = address.partition("https://127.0.0.1:")[2].partition("\n")[0]
    verbs.kubeconfig = tmp_path / "dead"
    verbs.kubeconfig.write_text(address.replace(f":{port}\n", ":1\n"))
    found = checks(verbs, code=1)
    assert found["reach"]["verdict"] == "failed"
    assert "does not answer" in found["reach"]["evidence"]
    assert "version" not in found
