"""Every check, in the order in which they are told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from beaufort.doctor import control_plane, extensions, machine, networking, nodes, permission
from beaufort.doctor.facts import Cluster, Machine, Need, UnreadError
from beaufort.doctor.result import Result, Verdict, unheard


@dataclass(frozen=True, slots=True)
class MachineCheck:
    """A check of the machine.

    Attributes:
        name: Its name, stable.
        run: The check.
    """

    name: str
    run: Callable[[Machine], Result]


@dataclass(frozen=True, slots=True)
class ClusterCheck:
    """A check of the cluster.

    Attributes:
        name: Its name, stable.
        run: The check.
        reads: What it looks at.
    """

    name: str
    run: Callable[[Cluster, Need], Result]
    reads: str


@dataclass(frozen=True, slots=True)
class Checked:
    """A check with its result.

    Attributes:
        name: The check's name.
        result: What it found.
    """

    name: str
    result: Result


MACHINE = (
    MachineCheck("python", machine.python),
    MachineCheck("memory", machine.memory),
    MachineCheck("disk", machine.disk),
    MachineCheck("local-engine", machine.local_engine),
)
CLUSTER = (
    ClusterCheck("reach", control_plane.reach, "`/readyz`"),
    ClusterCheck("version", control_plane.version, "`/version`"),
    ClusterCheck("clock", control_plane.clock, "the header `Date`"),
    ClusterCheck("gates", control_plane.gates, "`kubernetes_feature_enabled` of the API server's `/metrics`"),
    ClusterCheck("rights", permission.rights, "SelfSubjectAccessReview, one for each right"),
    ClusterCheck("namespace", permission.namespace, "Namespaces"),
    ClusterCheck("quotas", extensions.quotas, "ResourceQuotas of the namespace"),
    ClusterCheck("nodes", nodes.ready, "Nodes"),
    ClusterCheck("kubelets", nodes.versions, "Nodes"),
    ClusterCheck("accelerators", nodes.accelerators, "Nodes, Pods"),
    ClusterCheck("operators", nodes.operators, "Nodes, DaemonSets, kinds"),
    ClusterCheck("topology", nodes.topology, "`configz` of each kubelet"),
    ClusterCheck("shutdown", nodes.shutdown, "`configz` of each kubelet"),
    ClusterCheck("network", networking.plugin, "DaemonSets"),
    ClusterCheck("names", networking.names, "EndpointSlices"),
    ClusterCheck("metrics", extensions.metrics, "APIServices"),
    ClusterCheck("kinds", extensions.kinds, "`/apis`"),
    ClusterCheck("storage", extensions.storage, "StorageClasses"),
    ClusterCheck("webhooks", control_plane.webhooks, "webhook configurations, EndpointSlices"),
)


def examine_machine(facts: Machine) -> Iterator[Checked]:
    """Yield what each check of a machine finds."""
    return (Checked(check.name, check.run(facts)) for check in MACHINE)


def examine_cluster(facts: Cluster, need: Need) -> Iterator[Checked]:
    """Yield what each check of a cluster finds."""
    for check in CLUSTER:
        try:
            result = check.run(facts, need)
        except UnreadError as error:
            result = unheard(str(error))
        yield Checked(check.name, result)


def worst(checked: tuple[Checked, ...]) -> Verdict:
    """Return the worst verdict; ``ok`` if nothing was checked."""
    order = list(Verdict)
    return max((each.result.verdict for each in checked), key=order.index, default=Verdict.OK)
