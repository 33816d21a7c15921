"""What the layers around the engines render, on real API servers that know every object's schema."""

from __future__ import annotations

import json
import subprocess
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.cluster.conftest import PATIENCE, Cluster
from tests.render.conftest import PLANS, adjust

from beaufort.plan.plan import Plan
from beaufort.render import Layer, Manifest, Setting, clusters, monitoring, network, nodes, scheduler
from beaufort.render.manifest import kind_of, metadata_of, yaml_stream

LAYERS: Mapping[str, Callable[[Setting], Layer]] = {
    "clusters": clusters.render,
    "monitoring": monitoring.render,
    "network": network.render,
    "nodes": nodes.render,
    "scheduler": scheduler.render,
}
TEMPLATE = {"kind": "DockerMachineTemplate", "name": "machine"}
GENERIC = {"kind": "generic", "cluster": {"kind": "DockerCluster", "name": "net"}, "control_plane": TEMPLATE}
# Every form that an object of these layers may take.
CHOICES: Mapping[str, Mapping[str, Mapping[str, object]]] = {
    "kubernetes, v1beta1, spread": {
        "nodes": {"gpu_operator": True, "time_slicing": 2},
        "network": {"policy": "kubernetes", "clients": ("web",), "api_server": {"host": "10.0.0.1"}},
        "scheduling": {"profile": "spread", "gates": True},
        "cluster": {"provision": {"infrastructure": {**GENERIC, "machines": TEMPLATE}, "version": "1.10"}},
    },
    "cilium, v1beta2, pack": {
        "nodes": {"gpu_operator": True},
        "network": {"policy": "cilium"},
        "scheduling": {"profile": "pack"},
        "cluster": {
            "provision": {
                "infrastructure": {"kind": "aws", "instance_types": {"MI300X": "x9.metal", "L4": "g6.12xlarge"}},
                "version": "1.12",
            },
            "zones": ("eu-west-1a", "eu-west-1b"),
        },
    },
}


def _plan(name: str, choice: str) -> Plan:
    plan = PLANS[name]()
    chosen = adjust(plan, **{**CHOICES[choice], "cluster": {"provider": "other", **CHOICES[choice]["cluster"]}})
    instances = {"H100": "p5.48xlarge", "L40S": "g6e.12xlarge"}
    provision = chosen.service.spec.cluster.provision
    if provision is not None and provision.infrastructure.kind == "aws":
        types = {**instances, **provision.infrastructure.instance_types}
        infrastructure = {**provision.infrastructure.model_dump(), "instance_types": types}
        chosen = adjust(chosen, cluster={"provision": {"infrastructure": infrastructure}})
    return chosen


@pytest.mark.parametrize("choice", CHOICES)
@pytest.mark.parametrize("name", PLANS)
def test_the_api_server_accepts_every_object(each_cluster: Cluster, namespace: str, name: str, choice: str) -> None:
    plan = _plan(name, choice)
    minor = int(each_cluster.version.split(".")[1])
    # Cluster API makes no cluster of the very newest Kubernetes yet.
    made = {key: make for key, make in LAYERS.items() if key != "clusters" or minor <= 34}
    for key, make in made.items():
        layer = make(Setting(plan, plan.regions[0], minor if key != "clusters" else 30))
        assert layer.manifests, key
        moved = [_moved(each, namespace) for each in layer.manifests]
        assert each_cluster.dry_run(yaml_stream(moved), namespace) == "", key


def test_an_unknown_field_would_be_refused(cluster: Cluster, namespace: str) -> None:
    plan = _plan("spot", "cilium, v1beta2, pack")
    for make in LAYERS.values():
        for each in make(Setting(plan, plan.regions[0], 30)).manifests:
            if kind_of(each) == "ServiceAccount":
                continue
            where = "data" if kind_of(each) == "ConfigMap" else "roleRef" if "roleRef" in each else "spec"
            where = "rules" if kind_of(each) == "Role" else where
            value: Any = {"data": {"a": 1}, "rules": [{"verb": ["get"]}]}.get(where) or {**each[where], "unheardOf": 1}  # type: ignore[dict-item]  # a mapping
            wrong = {**_moved(each, namespace), where: value}
            assert cluster.dry_run(yaml_stream([wrong]), namespace) != "", kind_of(each)


def _moved(manifest: Manifest, namespace: str) -> Manifest:
    """Return an object in another namespace, if it is in one."""
    metadata = metadata_of(manifest)
    return {**manifest, "metadata": {**metadata, "namespace": namespace}} if "namespace" in metadata else manifest


GPUS, ENGINES = 8, 12


@pytest.fixture
def fleet(each_cluster: Cluster) -> Iterator[list[str]]:
    """Return six nodes of eight accelerators, three of them half full by other pods, which are gone afterwards."""
    # Names of their own: pods of an earlier test may still be on their way out.
    names = [f"gpu-{uuid.uuid4().hex[:8]}" for _ in range(6)]
    room = {"cpu": "64", "memory": "512Gi", "pods": "110", "nvidia.com/gpu": str(GPUS)}
    for name in names:
        node = {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name}},
        }
        assert each_cluster.kubectl("create", "-f", "-", stdin=json.dumps(node)).returncode == 0
        status = json.dumps({"status": {"capacity": room, "allocatable": room}})
        done = each_cluster.kubectl("patch", "node", name, "--subresource=status", "--type=merge", "-p", status)
        assert done.returncode == 0, done.stderr
    yield names
    each_cluster.kubectl("delete", "node", *names)


@pytest.mark.parametrize(("profile", "fullest"), [("spread", [4, 4, 4, 4, 4, 4]), ("pack", [0, 0, 0, 8, 8, 8])])
def test_engines_are_placed_as_the_profile_says(
    each_cluster: Cluster,
    namespace: str,
    fleet: list[str],
    tmp_path: Path,
    profile: str,
    fullest: list[int],
) -> None:
    plan = adjust(PLANS["spot"](), scheduling={"profile": profile})
    setting = Setting(plan, plan.regions[0], int(each_cluster.version.split(".")[1]))
    _create(each_cluster, namespace, [_pod(f"other-{name}", 4, node=name) for name in fleet[:3]])
    with _running(each_cluster, setting, tmp_path):
        pods = [_pod(f"engine-{position}", 1, scheduler=setting.names.scheduler) for position in range(ENGINES)]
        _create(each_cluster, namespace, pods)
        used = _used(each_cluster, namespace, 3 + ENGINES)
    assert sorted(used[name] for name in fleet) == fullest


def test_the_default_scheduler_does_not_see_how_full_nodes_are(
    each_cluster: Cluster, namespace: str, fleet: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    _create(each_cluster, namespace, [_pod(f"other-{name}", 4, node=name) for name in fleet[:3]])
    _create(each_cluster, namespace, [_pod(f"engine-{position}", 1) for position in range(ENGINES)])
    used = _used(each_cluster, namespace, 3 + ENGINES)
    counts = sorted(used[name] for name in fleet)
    with capsys.disabled():
        print(f"\n  accelerators in use on each node, {each_cluster.version}, default scheduler: {counts}")  # noqa: T201 - measured: for the docs
    # Which node gets which pod varies from time to time, and so do the counts.
    assert max(counts) - min(counts) >= 2


def _pod(name: str, gpus: int, *, scheduler: str = "default-scheduler", node: str = "") -> dict[str, Any]:
    amounts = {"nvidia.com/gpu": str(gpus), "cpu": "4", "memory": "8Gi"}
    container = {
        "name": "engine",
        "image": "example.com/engine:1",
        "resources": {"requests": amounts, "limits": amounts},
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {
            "containers": [container],
            "schedulerName": scheduler,
            "tolerations": [{"operator": "Exists"}],  # no kubelet runs, so the nodes are not ready
            **({"nodeName": node} if node else {}),
        },
    }


def _create(cluster: Cluster, namespace: str, pods: list[dict[str, Any]]) -> None:
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": pods})
    done = cluster.kubectl("create", f"--namespace={namespace}", "-f", "-", stdin=text)
    assert done.returncode == 0, done.stderr


def _used(cluster: Cluster, namespace: str, pods: int) -> Counter[str]:
    """Return how many accelerators are taken on each node, once all pods have one."""
    ends = time.monotonic() + PATIENCE
    while True:
        found = cluster.get("pods", f"--namespace={namespace}")["items"]
        placed = [each for each in found if each["spec"].get("nodeName")]
        if len(placed) == pods:
            break
        assert time.monotonic() < ends, f"only {len(placed)} of {pods} pods are placed"
        time.sleep(0.2)
    used: Counter[str] = Counter()
    for each in placed:
        used[each["spec"]["nodeName"]] += int(each["spec"]["containers"][0]["resources"]["requests"]["nvidia.com/gpu"])
    return used


@contextmanager
def _running(cluster: Cluster, setting: Setting, folder: Path) -> Iterator[None]:
    """Run the second scheduler itself, with the configuration that is rendered."""
    if not (cluster.programs / "kube-scheduler").exists():
        pytest.skip("there is no kube-scheduler beside kubectl")
    held = next(each for each in scheduler.render(setting).manifests if kind_of(each) == "ConfigMap")
    data = held["data"]
    assert isinstance(data, Mapping)
    configuration = yaml.safe_load(str(data["scheduler.yaml"]))
    # As a process beside the cluster: one alone, and it is told where the cluster is.
    configuration["leaderElection"] = {"leaderElect": False}
    configuration["clientConnection"] = {"kubeconfig": str(cluster.kubeconfig)}
    file, log = folder / "scheduler.yaml", folder / "scheduler.log"
    file.write_text(yaml.safe_dump(configuration), "utf-8")
    command = [str(cluster.programs / "kube-scheduler"), f"--config={file}", "--secure-port=0"]
    with log.open("wb") as told, subprocess.Popen(command, stderr=told) as process:
        yield
        ended = process.poll()
        process.terminate()
    assert ended is None, log.read_text("utf-8")[-2000:]
