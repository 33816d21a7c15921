"""What Beaufort renders finds nodes that it can run on: the rig's carry the labels by which it chooses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from .conftest import ROOT, Cluster
from .workloads import until

EXAMPLE = ROOT / "examples" / "rendered" / "mistral-7b"
LAYERS = ("80-disruption", "30-storage", "50-engine", "60-gateway")
# The example is for a region whose zones have other names.
ZONES = {"eu-west-1a": "zone-a", "eu-west-1b": "zone-b"}


def _objects(namespace: str) -> list[dict[str, Any]]:
    """Return the example's pods and all that they need, in another namespace, other zones, and on the rig's storage."""
    found = []
    for path in (path for layer in LAYERS for path in sorted((EXAMPLE / layer).glob("*.yaml"))):
        text = path.read_text()
        for theirs, ours in ZONES.items():
            text = text.replace(theirs, ours)
        one = yaml.safe_load(text)
        if one["kind"] in {"Kustomization", "StorageClass", "HorizontalPodAutoscaler"}:
            continue
        if "namespace" in one["metadata"]:
            one["metadata"]["namespace"] = namespace
        if one["kind"] == "PersistentVolumeClaim":
            one["spec"]["storageClassName"] = "rig"
        found.append(one)
    return found


@pytest.fixture
def example(rig_nodes: Cluster, namespace: str) -> Iterator[list[dict[str, Any]]]:
    """Apply the example, and remove afterwards what of it is in no namespace."""
    found = _objects(namespace)
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": found})
    assert rig_nodes.kubectl("apply", "--server-side", "-f", "-", stdin=text).returncode == 0
    yield found
    of_the_cluster = [one for one in found if "namespace" not in one["metadata"]]
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": of_the_cluster})
    rig_nodes.kubectl("delete", "--ignore-not-found", "-f", "-", stdin=text)


def test_the_example_is_scheduled_where_its_accelerator_is(
    nodes: Cluster, namespace: str, example: list[dict[str, Any]]
) -> None:
    wanted = {one["metadata"]["name"] for one in example if one["kind"] in {"Deployment", "Job"}}
    assert len(wanted) == 3  # engine, gateway, and the loader of the model

    def placed() -> dict[str, str] | None:
        pods = nodes.get("pods", "-n", namespace)["items"]
        at = {
            name: pod["spec"].get("nodeName", "")
            for pod in pods
            for name in wanted
            if pod["metadata"]["name"].startswith(name)
        }
        return at if len(at) == len(wanted) and all(at.values()) else None

    at = until(placed, "every pod has a node")
    assert next(node for name, node in at.items() if "-engine-" in name) == "n1"
