"""Pods run, find each other by name, and answer from where a Service says."""

from __future__ import annotations

from functools import partial
from typing import Any

from .conftest import Cluster
from .workloads import SERVER, ask, create, deployment, execute, pod, ready, service, spec, until


def _web(cluster: Cluster, namespace: str, replicas: int, **more: object) -> list[dict[str, Any]]:
    server = deployment("web", replicas, spec(cluster, "python3", "-c", SERVER))
    client = pod("client", spec(cluster), app="client")
    create(cluster, namespace, server, service("web", **more), client)
    ready(cluster, namespace, 1, "app=client")
    return ready(cluster, namespace, replicas, "app=web")


def _names(pods: list[dict[str, Any]]) -> set[str]:
    return {each["metadata"]["name"] for each in pods}


def _zones(cluster: Cluster) -> dict[str, str]:
    nodes = cluster.get("nodes")["items"]
    return {each["metadata"]["name"]: each["metadata"]["labels"]["topology.kubernetes.io/zone"] for each in nodes}


def test_pods_answer_through_a_service_by_its_name(nodes: Cluster, namespace: str) -> None:
    web = _web(nodes, namespace, 2)
    assert len({each["spec"]["nodeName"] for each in web}) == 2
    for name in ("web", f"web.{namespace}.svc.cluster.local"):
        until(partial(_answer, nodes, namespace, name, _names(web)), f"both answer for {name}")
    unknown = ask(nodes, namespace, "client", "http://nonsense.example/", times=1)
    assert list(unknown) == ["[Errno -2] Name or service not known"]


def _answer(cluster: Cluster, namespace: str, name: str, pods: set[str]) -> bool:
    return set(ask(cluster, namespace, "client", f"http://{name}/")) == pods


def test_a_service_prefers_its_own_zone(nodes: Cluster, namespace: str) -> None:
    web = _web(nodes, namespace, 4, trafficDistribution="PreferClose")
    zones = _zones(nodes)
    client = nodes.get("pod", "client", "-n", namespace)["spec"]["nodeName"]
    near = _names([each for each in web if zones[each["spec"]["nodeName"]] == zones[client]])
    assert len(near) == 2

    until(partial(_answer, nodes, namespace, "web", near), "only pods of the own zone answer")
    slices = nodes.get("endpointslices", "-n", namespace, "-l", "kubernetes.io/service-name=web")["items"]
    hints = [each["hints"]["forZones"][0]["name"] for one in slices for each in one["endpoints"]]
    assert sorted(hints) == sorted(zones[each["spec"]["nodeName"]] for each in web)


def test_a_local_service_drops_what_no_local_pod_can_answer(nodes: Cluster, namespace: str) -> None:
    web = _web(nodes, namespace, 2, internalTrafficPolicy="Local")
    client = nodes.get("pod", "client", "-n", namespace)["spec"]["nodeName"]
    near = _names([each for each in web if each["spec"]["nodeName"] == client])

    until(partial(_answer, nodes, namespace, "web", near), "only the pod of the own node answers")
    # Now the only pod is on the other node.
    other = next(each["spec"]["nodeName"] for each in web if each["spec"]["nodeName"] != client)
    create(nodes, namespace, deployment("web", 1, spec(nodes, "python3", "-c", SERVER, node=other)))

    def dropped() -> bool:
        return ask(nodes, namespace, "client", "http://web/", times=1) == {"timed out": 1}

    until(dropped, "nobody answers")


def test_volumes_keep_what_is_written(nodes: Cluster, namespace: str) -> None:
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "disk"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}},
    }

    def using(name: str) -> dict[str, Any]:
        of = spec(nodes)
        of["containers"][0]["volumeMounts"] = [{"name": "disk", "mountPath": "/disk"}]
        return pod(
            name, {**of, "volumes": [{"name": "disk", "persistentVolumeClaim": {"claimName": "disk"}}]}, app=name
        )

    create(nodes, namespace, claim, using("writer"))
    ready(nodes, namespace, 1, "app=writer")
    execute(nodes, namespace, "writer", "sh", "-c", "echo weights > /disk/file")
    assert nodes.kubectl("delete", "pod", "writer", "-n", namespace).returncode == 0
    create(nodes, namespace, using("reader"))
    ready(nodes, namespace, 1, "app=reader")
    assert execute(nodes, namespace, "reader", "cat", "/disk/file") == "weights\n"
