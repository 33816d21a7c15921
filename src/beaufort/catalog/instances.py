"""The machines that clouds rent with accelerators in them: how many, and with how much CPU and memory.

NUMA nodes are stated where a topology file that the cloud publishes shows them; elsewhere they are not known here, and
``lscpu`` on a node tells.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from beaufort.units import GIB

Cloud: TypeAlias = Literal["aws", "azure", "gcp"]

CLOUDS: dict[str, Cloud] = {"aws": "aws", "eks": "aws", "azure": "azure", "aks": "azure", "gcp": "gcp", "gke": "gcp"}
"""The cloud by its own name and by that of its managed Kubernetes."""

_SOURCES: dict[Cloud, str] = {
    "aws": "EC2 instance types as in ec2_instance_types.go of the Kubernetes cluster autoscaler, 2026-01-22; "
    "NUMA nodes from the topology files of aws-ofi-nccl",
    "azure": "Azure VM sizes as in azure_instance_types.go of the Kubernetes cluster autoscaler, 2026-03-17; "
    "NUMA nodes from the topology files of Azure/azhpc-images",
    "gcp": "https://cloud.google.com/compute/docs/accelerator-optimized-machines",
}


@dataclass(frozen=True, slots=True)
class Instance:
    """One kind of machine.

    Attributes:
        name: Its name at the cloud, as nodes carry it in ``node.kubernetes.io/instance-type``.
        cloud: Whose it is.
        accelerator: The catalog's name of its accelerators.
        count: How many of them.
        vcpus: Hardware threads of CPU.
        memory_bytes: Memory of the machine. A node can give less to pods: the kubelet reserves some.
        numa_nodes: NUMA nodes that the guest sees; ``None`` where not known.
    """

    name: str
    cloud: Cloud
    accelerator: str
    count: int
    vcpus: int
    memory_bytes: int
    numa_nodes: int | None = None

    @property
    def source(self) -> str:
        """Where the figures were read."""
        return _SOURCES[self.cloud]


_Size: TypeAlias = tuple[str, str, int, int, int] | tuple[str, str, int, int, int, int]

# Name, accelerator, how many, vCPUs, GiB, NUMA nodes.
_AWS: tuple[_Size, ...] = (
    ("g6.xlarge", "L4", 1, 4, 16),
    ("g6.2xlarge", "L4", 1, 8, 32),
    ("g6.12xlarge", "L4", 4, 48, 192),
    ("g6.48xlarge", "L4", 8, 192, 768),
    ("g5.xlarge", "A10G", 1, 4, 16),
    ("g5.2xlarge", "A10G", 1, 8, 32),
    ("g5.12xlarge", "A10G", 4, 48, 192),
    ("g5.48xlarge", "A10G", 8, 192, 768, 2),
    ("g6e.xlarge", "L40S", 1, 4, 32),
    ("g6e.2xlarge", "L40S", 1, 8, 64),
    ("g6e.12xlarge", "L40S", 4, 48, 384),
    ("g6e.48xlarge", "L40S", 8, 192, 1536),
    ("p4d.24xlarge", "A100-40GB", 8, 96, 1152, 2),
    ("p4de.24xlarge", "A100-80GB", 8, 96, 1152, 2),
    ("p5.4xlarge", "H100", 1, 16, 256),
    ("p5.48xlarge", "H100", 8, 192, 2048, 2),
    ("p5en.48xlarge", "H200", 8, 192, 2048),
    ("p6-b200.48xlarge", "B200", 8, 192, 2048),
)
_AZURE: tuple[_Size, ...] = (
    ("Standard_NC24ads_A100_v4", "A100-80GB-PCIe", 1, 24, 220),
    ("Standard_NC48ads_A100_v4", "A100-80GB-PCIe", 2, 48, 440),
    ("Standard_NC96ads_A100_v4", "A100-80GB-PCIe", 4, 96, 880, 4),
    ("Standard_ND96asr_v4", "A100-40GB", 8, 96, 900, 4),
    ("Standard_ND96amsr_A100_v4", "A100-80GB", 8, 96, 1800, 4),
    ("Standard_NC40ads_H100_v5", "H100-NVL", 1, 40, 320),
    ("Standard_NC80adis_H100_v5", "H100-NVL", 2, 80, 640),
    ("Standard_ND96isr_H100_v5", "H100", 8, 96, 1900, 2),
    ("Standard_ND96isr_H200_v5", "H200", 8, 96, 1850),
    ("Standard_ND96isr_MI300X_v5", "MI300X", 8, 96, 1850),
)
_GCP: tuple[_Size, ...] = (
    ("g2-standard-4", "L4", 1, 4, 16),
    ("g2-standard-8", "L4", 1, 8, 32),
    ("g2-standard-12", "L4", 1, 12, 48),
    ("g2-standard-24", "L4", 2, 24, 96),
    ("g2-standard-48", "L4", 4, 48, 192),
    ("g2-standard-96", "L4", 8, 96, 384),
    ("a2-highgpu-1g", "A100-40GB", 1, 12, 85),
    ("a2-highgpu-8g", "A100-40GB", 8, 96, 680),
    ("a2-ultragpu-1g", "A100-80GB", 1, 12, 170),
    ("a2-ultragpu-8g", "A100-80GB", 8, 96, 1360),
    ("a3-highgpu-1g", "H100", 1, 26, 234),
    ("a3-highgpu-8g", "H100", 8, 208, 1872),
    ("a3-megagpu-8g", "H100", 8, 208, 1872),
    ("a3-ultragpu-8g", "H200", 8, 224, 2952),
    ("a4-highgpu-8g", "B200", 8, 224, 3968),
)


def _instance(cloud: Cloud, size: _Size) -> Instance:
    name, accelerator, count, vcpus, gib, *numa = size
    return Instance(name, cloud, accelerator, count, vcpus, gib * GIB, numa[0] if numa else None)


_SIZES: dict[Cloud, tuple[_Size, ...]] = {"aws": _AWS, "azure": _AZURE, "gcp": _GCP}

INSTANCES: dict[str, Instance] = {size[0]: _instance(cloud, size) for cloud, sizes in _SIZES.items() for size in sizes}
"""Every known machine by name."""


def instances(accelerator: str, provider: str, count: int | None = None) -> tuple[Instance, ...]:
    """Return the machines of a cloud with an accelerator in them, the smallest first; none when none is known.

    Args:
        accelerator: The catalog's name of the accelerator.
        provider: The cloud, or its managed Kubernetes: ``aws`` or ``eks``, ``azure`` or ``aks``, ``gcp`` or ``gke``.
        count: Only machines with just so many accelerators; ``None`` takes any number.
    """
    cloud = CLOUDS.get(provider)
    found = (
        known
        for known in INSTANCES.values()
        if known.cloud == cloud and known.accelerator == accelerator and count in {None, known.count}
    )
    return tuple(sorted(found, key=lambda known: (known.count, known.vcpus)))
