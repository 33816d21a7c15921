"""Each check on a cluster that is well, and on one that is not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from beaufort.doctor.checks import CLUSTER, MACHINE, Checked, examine_cluster, examine_machine, worst
from beaufort.doctor.facts import Cluster, Machine, Need, Right
from beaufort.doctor.reference import reference
from beaufort.doctor.result import Result, Verdict
from beaufort.units import GIB

ROOT = Path(__file__).parents[2]


def named(name: str, namespace: str = "", **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    labels = more.pop("labels", {})
    place = {"namespace": namespace} if namespace else {}
    return {"metadata": {"name": name, **place, "labels": labels, **more.pop("metadata", {})}, **more}


def node(name: str = "n1", gpus: int = 4, healthy: int = 4, *, ready: str = "True", **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    resource = {"nvidia.com/gpu": str(gpus), "cpu": "16"}
    status = {
        "capacity": resource,
        "allocatable": resource | {"nvidia.com/gpu": str(healthy), "cpu": "15900m"},
        "conditions": [{"type": "Ready", "status": ready}, *more.pop("conditions", ())],
        "nodeInfo": {"kubeletVersion": more.pop("version", "v1.30.2")},
    }
    return named(name, labels=more.pop("labels", {"nvidia.com/gpu.product": "NVIDIA-L40S"}), status=status, **more)


def pod(node_name: str, gpus: int) -> dict[str, Any]:
    requests = {"requests": {"nvidia.com/gpu": str(gpus)}}
    return named("p", "x", spec={"nodeName": node_name, "containers": [{"resources": requests}]})


def endpoints(service: str, *addresses: str, ready: bool = True) -> dict[str, Any]:
    listed = [{"addresses": [each], "conditions": {"ready": ready}} for each in addresses]
    return named(f"{service}-x", "kube-system", labels={"kubernetes.io/service-name": service}, endpoints=listed)


def daemons(name: str, image: str, ready: int = 2) -> dict[str, Any]:
    template = {"template": {"spec": {"containers": [{"image": image}]}}}
    return named(name, "kube-system", spec=template, status={"desiredNumberScheduled": 2, "numberReady": ready})


def api(group: str, *, available: bool = True) -> dict[str, Any]:
    condition = {"type": "Available", "status": str(available), "reason": "MissingEndpoints"}
    behind = {"group": group, "service": {"namespace": "kube-system", "name": "adapter"}}
    return named(f"v1.{group}", spec=behind, status={"conditions": [condition]})


def hook(**more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    rule = {"resources": ["pods"], "apiGroups": [""]}
    service = {"service": {"namespace": "kube-system", "name": "policy"}}
    return named("h", webhooks=[{"name": "h.example.com", "clientConfig": service, "rules": [rule], **more}])


def quota(**used: str) -> dict[str, Any]:
    hard = dict.fromkeys(used, "4Gi" if "memory" in used else "4")
    return named("q", "chat", spec={"hard": hard}, status={"used": used})


WELL = Cluster(
    server="https://127.0.0.1:6443",
    namespace="chat",
    version="v1.30.14",
    minor=30,
    skew_seconds=0.4,
    found={
        "nodes": (node(),),
        "pods": (pod("n1", 1),),
        "namespaces": (named("chat"),),
        "daemonsets": (daemons("calico-node", "calico/node:v3.28.1"), daemons("nvidia-device-plugin", "x:1")),
        "endpointslices": (endpoints("kube-dns", "10.0.0.2"), endpoints("policy", "10.0.0.3")),
        "storageclasses": (
            named("gp3", metadata={"annotations": {"storageclass.kubernetes.io/is-default-class": "true"}}),
        ),
        "apiservices": (api("metrics.k8s.io"),),
        "quotas": (quota(pods="1"),),
        "validatingwebhooks": (hook(),),
    },
    kubelets={
        "n1": {"topologyManagerPolicy": "restricted", "cpuManagerPolicy": "static", "shutdownGracePeriod": "30s"},
    },
    gates={"VolumeAttributesClass": False},
    served=frozenset({("nvidia.com/v1", "ClusterPolicy"), ("apps/v1", "Deployment")}),
    rights=(Right("create deployments.apps in chat", held=True),),
)
NEED = Need(
    service="svc",
    resource="nvidia.com/gpu",
    products=frozenset({"NVIDIA-L40S"}),
    per_node=1,
    pods=2,
    kinds=frozenset({("apps/v1", "Deployment")}),
)


def found(facts: Cluster, need: Need = NEED) -> dict[str, Result]:
    return {each.name: each.result for each in examine_cluster(facts, need)}


def having(**objects: tuple[dict[str, Any], ...]) -> Cluster:
    return replace(WELL, found={**WELL.found, **objects})


def test_nothing_is_wrong_with_what_is_well() -> None:
    assert {name: result for name, result in found(WELL).items() if result.verdict is not Verdict.OK} == {}
    assert {name: result for name, result in found(WELL, Need()).items() if result.verdict is not Verdict.OK} == {}


L4 = frozenset({"NVIDIA-L4"})
CASES = [
    ("reach", replace(WELL, unready=("etcd",)), NEED, "failed", "not well: etcd"),
    ("version", replace(WELL, version=""), NEED, "unknown", "does not say"),
    ("version", replace(WELL, version="v1.29.1", minor=29), NEED, "failed", "1.30 or newer"),
    ("version", replace(WELL, version="v1.99.0", minor=99), NEED, "warning", "newer than"),
    ("clock", replace(WELL, skew_seconds=None), NEED, "unknown", "no time"),
    ("clock", replace(WELL, skew_seconds=20.0), NEED, "warning", "20.0 s ahead of"),
    ("clock", replace(WELL, skew_seconds=-600.0), NEED, "failed", "10 min behind"),
    ("gates", WELL, replace(NEED, gates=frozenset({"VolumeAttributesClass"})), "failed", "VolumeAttributesClass"),
    ("gates", replace(WELL, gates={"HPAScaleToZero": True}), NEED, "warning", "featureGates: [HPAScaleToZero]"),
    ("rights", replace(WELL, rights=()), NEED, "unknown", "does not say"),
    ("rights", replace(WELL, rights=(Right("get x", held=False),)), NEED, "failed", "--print-rbac"),
    ("namespace", having(namespaces=()), NEED, "ok", "deploy makes it"),
    ("namespace", having(namespaces=(named("chat", metadata={"deletionTimestamp": "x"}),)), NEED, "failed", "deleted"),
    (
        "namespace",
        having(namespaces=(named("chat", labels={"pod-security.kubernetes.io/enforce": "baseline"}),)),
        replace(NEED, standard=False),
        "failed",
        "spec.storage.kind",
    ),
    ("quotas", having(quotas=(quota(pods="4"),)), NEED, "failed", "pods of q (4 of 4)"),
    ("quotas", having(quotas=(quota(**{"requests.nvidia.com/gpu": "4"}),)), NEED, "failed", "raise the ResourceQuota"),
    ("quotas", having(quotas=(quota(memory="3900Mi"),)), NEED, "warning", "nearly used up"),
    ("nodes", having(nodes=()), NEED, "failed", "no node"),
    ("nodes", having(nodes=(node(ready="False"),)), NEED, "failed", "no node of 1 is ready"),
    ("nodes", having(nodes=(node(), node("n2", ready="Unknown"))), NEED, "warning", "not ready: n2"),
    ("nodes", having(nodes=(node(spec={"unschedulable": True}),)), NEED, "warning", "cordoned: n1"),
    (
        "nodes",
        having(nodes=(node(conditions=[{"type": "DiskPressure", "status": "True"}]),)),
        NEED,
        "warning",
        "n1 (DiskPressure)",
    ),
    ("kubelets", having(nodes=(node(version="v1.31.0"),)), NEED, "warning", "never newer"),
    ("kubelets", having(nodes=(node(version="v1.26.0"),)), NEED, "warning", "n1 1.26"),
    ("accelerators", having(nodes=(node(gpus=0, healthy=0),)), NEED, "failed", "--emulate"),
    ("accelerators", having(nodes=(node(gpus=4, healthy=0),)), NEED, "failed", "all are unhealthy"),
    ("accelerators", having(nodes=(node(gpus=0, healthy=0),)), Need(), "warning", "no node offers"),
    ("accelerators", having(nodes=(node(healthy=3),)), Need(), "warning", "unhealthy on n1"),
    ("accelerators", WELL, replace(NEED, products=L4), "failed", "no node is labelled NVIDIA-L4, but NVIDIA-L40S"),
    ("accelerators", having(pods=(pod("n1", 4),)), NEED, "failed", "no place is free: n1: 0 of 4"),
    ("accelerators", having(pods=(pod("n1", 3),)), NEED, "warning", "1 find a place now"),
    ("accelerators", WELL, replace(NEED, resource=""), "ok", "asks for no accelerator"),
    ("operators", having(nodes=(node(labels={}),)), NEED, "warning", "no label names the accelerator of n1"),
    ("topology", replace(WELL, kubelets={}), NEED, "unknown", "no kubelet tells"),
    ("topology", replace(WELL, kubelets={"n1": {}}), NEED, "warning", "nothing is aligned on n1"),
    (
        "topology",
        replace(WELL, kubelets={"n1": {"topologyManagerPolicy": "single-numa-node"}}),
        replace(NEED, per_node=4),
        "warning",
        "all 4 accelerators of an engine have to be of one NUMA node",
    ),
    ("shutdown", replace(WELL, kubelets={"n1": {"shutdownGracePeriod": "0s"}}), NEED, "warning", "without a word"),
    ("shutdown", replace(WELL, kubelets={}), NEED, "unknown", "no kubelet"),
    ("network", having(daemonsets=()), NEED, "unknown", "no network plugin that is known"),
    ("network", having(daemonsets=(daemons("kube-flannel-ds", "flannel:v0.25.1"),)), NEED, "warning", "no effect"),
    ("network", having(daemonsets=(daemons("cilium", "cilium/cilium:v1.15.4"),)), NEED, "warning", "1.26 to 1.29"),
    ("network", having(daemonsets=(daemons("cilium", "cilium/cilium:v1.18.0"),)), NEED, "ok", "Cilium 1.18"),
    ("network", having(daemonsets=(daemons("calico-node", "x:v3.1.1", 1),)), NEED, "failed", "ready on 1 of 2"),
    ("names", having(endpointslices=()), NEED, "warning", "no Service of the usual names"),
    (
        "names",
        having(endpointslices=(endpoints("kube-dns", "a", ready=False),)),
        NEED,
        "failed",
        "no pod that is ready",
    ),
    ("metrics", having(apiservices=()), NEED, "warning", "install metrics-server"),
    ("metrics", having(apiservices=(api("metrics.k8s.io", available=False),)), NEED, "failed", "MissingEndpoints"),
    (
        "metrics",
        WELL,
        replace(NEED, metrics=frozenset({"custom.metrics.k8s.io"})),
        "warning",
        "install prometheus-adapter",
    ),
    ("kinds", WELL, replace(NEED, kinds=frozenset({("keda.sh/v1alpha1", "ScaledObject")})), "failed", "install KEDA"),
    (
        "kinds",
        WELL,
        replace(NEED, kinds=frozenset({("monitoring.coreos.com/v1", "PodMonitor")})),
        "warning",
        "deploy leaves them out",
    ),
    ("storage", WELL, replace(NEED, classes=frozenset({"fast"})), "failed", "there is no StorageClass fast, but gp3"),
    ("storage", having(storageclasses=()), NEED, "warning", "spec.storage.kind: local"),
    ("webhooks", having(endpointslices=()), NEED, "failed", "no pod answers for h (kube-system/policy)"),
    (
        "webhooks",
        having(endpointslices=(), validatingwebhooks=(hook(failurePolicy="Ignore"),)),
        NEED,
        "ok",
        "0 webhooks",
    ),
]


@pytest.mark.parametrize(("name", "facts", "need", "verdict", "said"), CASES, ids=[case[0] for case in CASES])
def test_what_is_wrong_is_named_with_what_to_do(name: str, facts: Cluster, need: Need, verdict: str, said: str) -> None:
    result = found(facts, need)[name]
    told = f"{result.evidence} {result.remedy}"
    assert result.verdict == verdict, told
    assert said in told
    assert result.remedy or verdict in {"ok", "unknown"}


def test_every_check_of_a_cluster_has_a_case_that_is_not_well() -> None:
    assert {check.name for check in CLUSTER} == {name for name, _, _, verdict, _ in CASES if verdict != "ok"}


def test_what_may_not_be_read_is_unknown_and_no_failure() -> None:
    forbidden = dict.fromkeys(WELL.found, "nodes is forbidden")
    results = found(replace(WELL, found={}, unread=forbidden, kubelets={}))
    unknown = {name for name, result in results.items() if result.verdict is Verdict.UNKNOWN}
    assert {"nodes", "accelerators", "network", "metrics", "storage", "quotas", "webhooks"} <= unknown
    assert all("forbidden" in results[name].evidence for name in ("nodes", "storage"))


MACHINE_WELL = Machine((3, 12, 1), 8, 16 * GIB, 100 * GIB, local_engine=True)


@pytest.mark.parametrize(
    ("facts", "name", "verdict"),
    [
        (MACHINE_WELL, "", "ok"),
        (replace(MACHINE_WELL, python=(3, 10, 9)), "python", "failed"),
        (replace(MACHINE_WELL, memory_bytes=GIB // 2), "memory", "warning"),
        (replace(MACHINE_WELL, disk_bytes=GIB), "disk", "warning"),
        (replace(MACHINE_WELL, local_engine=False), "local-engine", "warning"),
    ],
)
def test_a_machine_is_checked(facts: Machine, name: str, verdict: str) -> None:
    results = tuple(examine_machine(facts))
    assert len(results) == len(MACHINE)
    assert worst(results) == verdict
    assert {each.name for each in results if each.result.verdict is not Verdict.OK} == ({name} if name else set())


def test_the_worst_counts() -> None:
    def checked(*verdicts: Verdict) -> tuple[Checked, ...]:
        return tuple(Checked("x", Result(each, "")) for each in verdicts)

    assert worst(()) is Verdict.OK
    assert worst(checked(Verdict.OK, Verdict.UNKNOWN)) is Verdict.UNKNOWN
    assert worst(checked(Verdict.FAILED, Verdict.WARNING)) is Verdict.FAILED


def test_the_page_about_the_checks_is_what_they_are() -> None:
    page = (ROOT / "docs" / "reference" / "doctor.md").read_text()
    assert page == reference(), "run: .venv/bin/python scripts/doctor_reference.py"
