"""Nodes that fail and pods that may not be evicted."""

from __future__ import annotations

import json

import pytest

from .conftest import Cluster
from .workloads import create, deployment, pod, pods, ready, spec, until


def _on(cluster: Cluster, namespace: str) -> set[str]:
    return {each["spec"]["nodeName"] for each in ready(cluster, namespace, 2, "app=web")}


@pytest.mark.timeout(120, func_only=True)
def test_pods_move_from_a_node_that_is_off_and_it_comes_back(
    rig_nodes: Cluster, nodes: Cluster, namespace: str
) -> None:
    create(nodes, namespace, deployment("web", 2, spec(nodes)))
    assert _on(nodes, namespace) == {"n1", "n2"}
    rig_nodes.rig("node", "off", "n1")
    try:
        until(lambda: not _is_ready(nodes, "n1"), "the node is not ready")
        until(lambda: len(pods(nodes, namespace, "app=web")) == 2 and _on(nodes, namespace) == {"n2"}, "pods move")
    finally:
        rig_nodes.rig("node", "on", "n1")
    assert _is_ready(nodes, "n1")

    def gone() -> bool:
        every = nodes.get("pods", "-n", namespace)["items"]
        return len(every) == 2 and all("deletionTimestamp" not in each["metadata"] for each in every)

    until(gone, "what was left on the node goes")
    create(nodes, namespace, pod("new", spec(nodes, node="n1"), app="new"))
    ready(nodes, namespace, 1, "app=new")


def _is_ready(cluster: Cluster, node: str) -> bool:
    conditions = cluster.get("node", node)["status"]["conditions"]
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def test_a_budget_refuses_an_eviction_until_it_has_room(nodes: Cluster, namespace: str) -> None:
    budget = {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": "web"},
        "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}},
    }
    create(nodes, namespace, deployment("web", 1, spec(nodes)), budget)
    (one,) = ready(nodes, namespace, 1, "app=web")
    name = one["metadata"]["name"]
    until(lambda: nodes.get("pdb", "web", "-n", namespace)["status"].get("currentHealthy") == 1, "the budget counts")
    refused = _evict(nodes, namespace, name)
    assert "Cannot evict pod as it would violate the pod's disruption budget" in refused
    create(nodes, namespace, deployment("web", 2, spec(nodes)))
    ready(nodes, namespace, 2, "app=web")
    until(lambda: _evict(nodes, namespace, name) == "", "the eviction is allowed")
    assert name not in {each["metadata"]["name"] for each in ready(nodes, namespace, 2, "app=web")}


def _evict(cluster: Cluster, namespace: str, name: str) -> str:
    wanted = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": namespace}}
    path = f"/api/v1/namespaces/{namespace}/pods/{name}/eviction"
    done = cluster.kubectl("create", "--raw", path, "-f", "-", stdin=json.dumps(wanted))
    return done.stderr.strip() if done.returncode else ""


def test_a_drained_node_takes_no_pod_until_it_is_on_again(rig_nodes: Cluster, nodes: Cluster, namespace: str) -> None:
    create(nodes, namespace, deployment("web", 2, spec(nodes)))
    assert _on(nodes, namespace) == {"n1", "n2"}
    try:
        assert "node/n2 drained" in rig_nodes.rig("node", "drain", "n2")
        until(lambda: _on(nodes, namespace) == {"n1"}, "pods move")
        waiting = pod("waiting", spec(nodes, node="n2"), app="waiting")
        create(nodes, namespace, waiting)
        condition = ("wait", "pod", "waiting", "-n", namespace, "--for=condition=PodScheduled=false", "--timeout=30s")
        assert nodes.kubectl(*condition).returncode == 0
    finally:
        assert "node/n2 uncordoned" in rig_nodes.rig("node", "on", "n2")
    ready(nodes, namespace, 1, "app=waiting")
