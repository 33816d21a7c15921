"""Processors and devices: who gets which, and what happens when they do not fit or fail."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rig.inventory import NUMA_CPUS, find

from .conftest import Cluster
from .workloads import create, execute, pod, ready, spec, until

LAB, CPU_ONLY = "n1", "n2"
GPU, OTHER_GPU = "nvidia.com/gpu", "amd.com/gpu"
MEMORY = {"memory": "64Mi"}


def _cpus(cluster: Cluster, node: str) -> list[set[int]]:
    """Return the processors that each container has for itself, as the kubelet keeps them."""
    folder = Path(cluster.rig_folder()) / "nodes" / node / "var" / "lib" / "kubelet"
    state = json.loads((folder / "cpu_manager_state").read_text())
    every = [mask for containers in state.get("entries", {}).values() for mask in containers.values()]
    return [_parse(mask) for mask in every]


def _parse(mask: str) -> set[int]:
    found: set[int] = set()
    for part in mask.split(","):
        first, _, last = part.partition("-")
        found |= set(range(int(first), int(last or first) + 1))
    return found


def test_a_guaranteed_pod_has_a_processor_for_itself(rig_nodes: Cluster, nodes: Cluster, namespace: str) -> None:
    others = pod("others", spec(nodes, node=CPU_ONLY), app="others")
    exclusive = pod("exclusive", spec(nodes, limits={"cpu": "1", **MEMORY}, node=CPU_ONLY), app="exclusive")
    create(nodes, namespace, others, exclusive)
    ready(nodes, namespace, 2)
    command = ("python3", "-c", "import os; print(sorted(os.sched_getaffinity(0)))")

    def apart() -> bool:
        mine, theirs = (set(json.loads(execute(nodes, namespace, name, *command))) for name in ("exclusive", "others"))
        return len(mine) == 1 and not mine & theirs

    until(apart, "the processor is nobody else's")
    assert len(_cpus(rig_nodes, CPU_ONLY)) == 1


def test_devices_and_processors_are_of_one_numa_node(rig_nodes: Cluster, nodes: Cluster, namespace: str) -> None:
    create(nodes, namespace, pod("two", spec(nodes, limits={GPU: "2", "cpu": "4", **MEMORY}, node=LAB)))
    ready(nodes, namespace, 1)
    given = execute(nodes, namespace, "two", "sh", "-c", "echo $NVIDIA_VISIBLE_DEVICES; ls /dev/fake0 /dev/fake1")
    devices, *files = given.split()
    assert files == ["/dev/fake0", "/dev/fake1"]
    numa = {find(LAB).device(int(each.rpartition("-")[2]))[1] for each in devices.split(",")}
    assert len(numa) == 1
    (cpus,) = _cpus(rig_nodes, LAB)
    assert len(cpus) == 4
    assert {cpu // NUMA_CPUS for cpu in cpus} == numa


@pytest.mark.parametrize("limits", [{GPU: "3", "cpu": "1"}, {"cpu": "10"}], ids=["devices", "processors"])
@pytest.mark.usefixtures("rig_nodes")
def test_what_fits_no_numa_node_is_refused_by_the_kubelet(
    nodes: Cluster, namespace: str, limits: dict[str, str]
) -> None:
    create(nodes, namespace, pod("wide", spec(nodes, limits={**limits, **MEMORY}, node=LAB)))

    def refused() -> dict[str, Any] | None:
        found: dict[str, Any] = nodes.get("pod", "wide", "-n", namespace)["status"]
        return found if found["phase"] == "Failed" else None

    status = until(refused, "the kubelet refuses the pod")
    assert status["reason"] == "TopologyAffinityError"
    assert "Resources cannot be allocated with Topology locality" in status["message"]


@pytest.fixture
def failing(rig_nodes: Cluster) -> Iterator[int]:
    """Let a device fail, and have it repaired after the test."""
    rig_nodes.rig("gpu", "unhealthy", CPU_ONLY, "1")
    yield 1
    rig_nodes.rig("gpu", "healthy", CPU_ONLY, "1")
    until(lambda: _offered(rig_nodes) == (2, 2), "the device is offered again")


def _offered(cluster: Cluster) -> tuple[int, int]:
    status = cluster.get("node", CPU_ONLY)["status"]
    return int(status["allocatable"][OTHER_GPU]), int(status["capacity"][OTHER_GPU])


@pytest.mark.usefixtures("failing")
def test_an_unhealthy_device_is_offered_to_nobody(nodes: Cluster, namespace: str) -> None:
    until(lambda: _offered(nodes) == (1, 2), "one device less is offered")
    for name in ("first", "second"):
        create(nodes, namespace, pod(name, spec(nodes, limits={OTHER_GPU: "1", "cpu": "50m", **MEMORY}), app=name))
    (given,) = ready(nodes, namespace, 1)
    left = "second" if given["metadata"]["name"] == "first" else "first"
    waited = ("wait", "pod", left, "-n", namespace, "--for=condition=PodScheduled=false", "--timeout=30s")
    assert nodes.kubectl(*waited).returncode == 0
    conditions = nodes.get("pod", left, "-n", namespace)["status"]["conditions"]
    assert any(f"Insufficient {OTHER_GPU}" in each.get("message", "") for each in conditions)
