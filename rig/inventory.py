"""The nodes of the rig: what they are called, where they are, and which devices they seem to have."""

from __future__ import annotations

from dataclasses import dataclass, replace

from beaufort.errors import Problem, UsageError

# Processors of each made-up NUMA node.
NUMA_CPUS = 8


@dataclass(frozen=True, slots=True)
class Node:
    """One node.

    Attributes:
        name: Its name, and that of its PID 1 among the rig's processes.
        number: From 1; its addresses follow from it.
        zone: Its ``topology.kubernetes.io/zone``.
        resource: The extended resource that its devices are, such as ``nvidia.com/gpu``.
        variable: The environment variable that names a container's devices.
        prefix: What the devices' names begin with.
        devices: How many there are, spread evenly over the NUMA nodes.
        labels: What it is labelled with besides its zone.
        numa: How many NUMA nodes of ``NUMA_CPUS`` processors are made up; 0: it shows the machine's own.
    """

    name: str
    number: int
    zone: str
    resource: str
    variable: str
    prefix: str
    devices: int
    labels: tuple[tuple[str, str], ...] = ()
    numa: int = 0

    def device(self, index: int) -> tuple[str, int]:
        """Return the name of a device and its NUMA node."""
        return f"{self.prefix}-{index}", index * max(self.numa, 1) // self.devices


_REGION = ("topology.kubernetes.io/region", "rig")
# One of each vendor, labelled as their own labellers, Karpenter and GKE would: what Beaufort renders selects by these.
NODES = (
    Node(
        "n1",
        1,
        "zone-a",
        "nvidia.com/gpu",
        "NVIDIA_VISIBLE_DEVICES",
        "nvidia",
        4,
        (
            _REGION,
            ("nvidia.com/gpu.product", "NVIDIA-L40S"),
            ("nvidia.com/gpu.count", "4"),
            ("karpenter.k8s.aws/instance-gpu-name", "l40s"),
            ("karpenter.sh/capacity-type", "on-demand"),
            ("cloud.google.com/gke-accelerator", "nvidia-h100-80gb"),
        ),
        numa=2,
    ),
    Node(
        "n2",
        2,
        "zone-b",
        "amd.com/gpu",
        "AMD_VISIBLE_DEVICES",
        "amd",
        2,
        (_REGION, ("amd.com/gpu.product-name", "AMD_Instinct_MI300X_OAM"), ("karpenter.sh/capacity-type", "on-demand")),
    ),
)
NAMES = tuple(node.name for node in NODES)


def nodes(numa: int) -> tuple[Node, ...]:
    """Return the nodes, the first of them with ``numa`` made-up NUMA nodes; 0 shows the machine's own processors."""
    first, *others = NODES
    return (replace(first, numa=numa), *others)


def find(name: str, among: tuple[Node, ...] = NODES) -> Node:
    """Return the node of that name.

    Raises:
        UsageError: There is none.
    """
    for node in among:
        if node.name == name:
            return node
    known = ", ".join(each.name for each in among)
    raise UsageError(
        Problem(f"there is no node {name!r}", remedy=f"choose one of {known}" if known else "make cluster")
    )
