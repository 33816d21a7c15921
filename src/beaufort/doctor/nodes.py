"""Checks of the nodes: whether they are there, what they offer, how their kubelets are set up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from beaufort.catalog.accelerators import ACCELERATORS
from beaufort.doctor.facts import Cluster, Need, Object, name_of
from beaufort.doctor.result import Result, failed, listed, ok, unknown, warning

RESOURCES = tuple(dict.fromkeys(each.resource for each in ACCELERATORS.values() if "/" in each.resource))  # no cores
_OPERATORS = {"nvidia.com/gpu": ("nvidia.com", "NVIDIA GPU operator"), "amd.com/gpu": ("amd.com", "AMD GPU operator")}
_PRODUCTS = ("nvidia.com/gpu.product", "amd.com/gpu.product-name", "cloud.google.com/gke-accelerator")
_EMULATE = "deploy with --emulate, which needs none"
_OLDER = 3  # a kubelet may be so many minor versions older than the API server, since 1.28


def ready(cluster: Cluster, _: Need) -> Result:
    """Check that there are nodes that take pods."""
    nodes = cluster.all("nodes")
    if not nodes:
        return failed("the cluster has no node", "add nodes")
    bad = [name_of(each) for each in nodes if _condition(each, "Ready") != "True"]
    closed = [name_of(each) for each in nodes if each.get("spec", {}).get("unschedulable")]
    pressed = [f"{name_of(each)} ({kind})" for each in nodes for kind in _pressures(each)]
    if len(bad) == len(nodes):
        return failed(f"no node of {len(nodes)} is ready", f"see kubectl describe node {bad[0]}")
    problems = [
        *([f"not ready: {listed(bad)}"] if bad else []),
        *([f"cordoned: {listed(closed)}"] if closed else []),
        *([f"short of something: {listed(pressed)}"] if pressed else []),
    ]
    evidence = f"{len(nodes) - len(bad)} of {len(nodes)} nodes are ready"
    if problems:
        return warning(
            f"{evidence}; {'; '.join(problems)}", "see kubectl describe node; kubectl uncordon opens them again"
        )
    return ok(evidence)


def versions(cluster: Cluster, _: Need) -> Result:
    """Check that kubelets are not newer than the API server, nor much older."""
    found = {name_of(each): _minor(each) for each in cluster.all("nodes")}
    wrong = [name for name, minor in found.items() if minor > cluster.minor or minor < cluster.minor - _OLDER]
    if wrong:
        remedy = (
            f"upgrade them: a kubelet may be at most {_OLDER} minor versions older than the API server, and never newer"
        )
        return warning(f"kubelets out of step: {listed(f'{name} 1.{found[name]}' for name in wrong)}", remedy)
    return ok(f"kubelets of 1.{min(found.values())} to 1.{max(found.values())}" if found else "no kubelet")


def accelerators(cluster: Cluster, need: Need) -> Result:
    """Check that nodes offer accelerators, that these are healthy, and that enough are free for the service."""
    nodes = cluster.all("nodes")
    wanted = (need.resource,) if need.resource else RESOURCES
    offering = {name_of(each): each for each in nodes if any(_amount(each, "allocatable", one) for one in wanted)}
    sick = [name for name, each in offering.items() if _sick(each, wanted)]
    vanished = [name_of(each) for each in nodes if name_of(each) not in offering and _sick(each, wanted)]
    if need.service and not need.resource:
        return ok(f"{need.service} asks for no accelerator")
    if not offering:
        where = f"; {listed(vanished)} had some, and its device plugin is gone or all are unhealthy" if vanished else ""
        evidence = f"no node offers {' or '.join(wanted)}{where}"
        remedy = f"install the device plugin or the GPU operator, or {_EMULATE}"
        return failed(evidence, remedy) if need.resource else warning(evidence, remedy)
    used = _used(cluster, wanted)
    shown = listed(f"{name}: {_free(each, used, wanted)}" for name, each in offering.items())
    if need.resource:
        return _enough(offering, used, need, shown)
    if sick or vanished:
        return warning(
            f"{shown}; unhealthy on {listed([*sick, *vanished])}", "see the device plugin's log, and nvidia-smi"
        )
    return ok(shown)


def _enough(offering: Mapping[str, Object], used: Mapping[tuple[str, str], float], need: Need, shown: str) -> Result:
    fitting = {name: each for name, each in offering.items() if not need.products or need.products & _products(each)}
    asked = f"{need.service} asks for {need.pods} pods with {need.per_node} {need.resource} each"
    if not fitting:
        products = sorted(set().union(*map(_products, offering.values())))
        evidence = f"no node is labelled {listed(sorted(need.products))}, but {listed(products) or 'not at all'}"
        return failed(evidence, f"list what the nodes have in spec.accelerators, or {_EMULATE}")
    places = sum(
        int((_amount(each, "allocatable", need.resource) - used.get((name, need.resource), 0)) // max(need.per_node, 1))
        for name, each in fitting.items()
    )
    if places < 1:
        return failed(f"{asked}, and no place is free: {shown}", f"free accelerators, add nodes, or {_EMULATE}")
    if places < need.pods:
        return warning(
            f"{asked}, and {places} find a place now: {shown}", "free accelerators, or let an autoscaler add nodes"
        )
    return ok(f"{asked}: {shown}")


def operators(cluster: Cluster, need: Need) -> Result:
    """Check what looks after the accelerators: a GPU operator or a device plugin, and its labels."""
    nodes = cluster.all("nodes")
    if need.service and not need.resource:
        return ok(f"{need.service} needs none")
    offered = [one for one in RESOURCES if any(_amount(each, "capacity", one) for each in nodes)]
    operated = [title for group, title in _OPERATORS.values() if cluster.serves(group)]
    plugins = [
        f"{each['metadata'].get('namespace')}/{name_of(each)}"
        for each in cluster.all("daemonsets")
        if "device-plugin" in name_of(each)
    ]
    evidence = f"operators: {listed(operated) or 'none'}; device plugins: {listed(plugins) or 'none'}"
    if not offered:
        return unknown(evidence)
    bare = [
        name_of(each)
        for each in nodes
        if any(_amount(each, "capacity", one) for one in offered) and not _products(each)
    ]
    if bare:
        remedy = (
            "run GPU feature discovery (NVIDIA) or the node labeller (AMD): engines choose their nodes by its labels"
        )
        return warning(f"{evidence}; no label names the accelerator of {listed(bare)}", remedy)
    return ok(evidence)


def topology(cluster: Cluster, need: Need) -> Result:
    """Check that kubelets of nodes with accelerators align cores, memory and accelerators."""
    nodes = {name_of(each): each for each in cluster.all("nodes")}
    with_some = [
        name for name, each in nodes.items() if any(_amount(each, "capacity", resource) for resource in RESOURCES)
    ]
    asked = {name: cluster.kubelets[name] for name in (with_some or nodes) if name in cluster.kubelets}
    if not asked:
        return unknown(
            "no kubelet tells its configuration", "read it needs get on nodes/proxy; see kubelet-POOL.yaml of render"
        )
    shown = listed(f"{name}: {_policies(each)}" for name, each in asked.items())
    loose = [name for name in with_some if name in asked and asked[name].get("topologyManagerPolicy", "none") == "none"]
    if loose:
        remedy = (
            "give nodes with accelerators single-numa-node and cpuManagerPolicy static: beaufort render --only nodes"
        )
        return warning(f"nothing is aligned on {listed(loose)}; {shown}", remedy)
    strict = [name for name in with_some if asked.get(name, {}).get("topologyManagerPolicy") == "single-numa-node"]
    if need.per_node > 1 and strict:
        what = f"all {need.per_node} accelerators of an engine have to be of one NUMA node on {listed(strict)}; {shown}"
        remedy = "see that a NUMA node has so many, or use topologyManagerPolicy best-effort or restricted"
        return warning(what, remedy)
    return ok(shown)


def shutdown(cluster: Cluster, _: Need) -> Result:
    """Check that nodes give pods time when they shut down."""
    if not cluster.kubelets:
        return unknown("no kubelet tells its configuration")
    abrupt = [
        name
        for name, each in cluster.kubelets.items()
        if each.get("shutdownGracePeriod", "0s") == "0s" and not each.get("shutdownGracePeriodByPodPriority")
    ]
    if abrupt:
        remedy = "set shutdownGracePeriod and shutdownGracePeriodCriticalPods, at least on spot nodes"
        return warning(f"{listed(abrupt)} end without a word: shutdownGracePeriod is 0s", remedy)
    return ok("every node gives its pods time when it shuts down")


def _policies(kubelet: Object) -> str:
    topology_policy = kubelet.get("topologyManagerPolicy", "none")
    return f"topology {topology_policy}, cpu {kubelet.get('cpuManagerPolicy', 'none')}"


def _condition(node: Object, kind: str) -> str:
    conditions = node.get("status", {}).get("conditions") or ()
    return next((each["status"] for each in conditions if each["type"] == kind), "")


def _pressures(node: Object) -> Iterable[str]:
    kinds = ("MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable")
    return (kind for kind in kinds if _condition(node, kind) == "True")


def _minor(node: Object) -> int:
    version = node.get("status", {}).get("nodeInfo", {}).get("kubeletVersion", "v1.0")
    return int(version.split(".")[1])


def _amount(node: Object, part: str, resource: str) -> float:
    found = node.get("status", {}).get(part, {}).get(resource, "0")
    return float(found) if str(found).isdigit() else 0.0


def _sick(node: Object, resources: Iterable[str]) -> bool:
    return any(_amount(node, "allocatable", each) < _amount(node, "capacity", each) for each in resources)


def _products(node: Object) -> frozenset[str]:
    labels = node["metadata"].get("labels") or {}
    return frozenset(labels[key] for key in _PRODUCTS if key in labels)


def _used(cluster: Cluster, resources: Iterable[str]) -> dict[tuple[str, str], float]:
    """Return what pods have of each resource, by node and resource; nothing where pods cannot be read."""
    used: dict[tuple[str, str], float] = defaultdict(float)
    for pod in cluster.found.get("pods", ()):
        node = pod["spec"].get("nodeName", "")
        for container in pod["spec"].get("containers", ()):
            requests = container.get("resources", {}).get("requests") or {}
            for each in resources:
                used[node, each] += float(requests.get(each, 0))
    return used


def _free(node: Object, used: Mapping[tuple[str, str], float], resources: Iterable[str]) -> str:
    parts = []
    for each in resources:
        offered = _amount(node, "allocatable", each)
        if offered:
            parts.append(f"{offered - used.get((name_of(node), each), 0):g} of {offered:g} {each} free")
    return " and ".join(parts)
