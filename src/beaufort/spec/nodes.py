"""How the nodes with accelerators are set up: what the kubelet keeps together, and who installs the accelerators."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from beaufort.spec.mistakes import Mistake, raise_mistakes
from beaufort.spec.part import Part
from beaufort.spec.scalars import Bytes, Seconds
from beaufort.units import GIB, MIB


class Reserved(Part):
    """What a node keeps for itself: the kubelet, the container runtime, and the system."""

    cpus: int = Field(
        default=2,
        ge=1,
        le=64,
        description="Whole cores. They are never given to a container alone, so engines keep theirs to themselves.",
    )
    memory: Bytes = Field(default=4 * GIB, description="Memory: `4Gi`, or bytes.")
    eviction: Bytes = Field(
        default=512 * MIB, description="The kubelet evicts pods when less memory than this is left: `512Mi`, or bytes."
    )


class Nodes(Part):
    """How the nodes with accelerators are set up."""

    topology: Literal["auto", "none", "best-effort", "restricted", "single-numa-node"] = Field(
        default="auto",
        description="The kubelet's `topologyManagerPolicy`: how closely a pod's cores, memory and accelerators have to "
        "lie together. `auto`: `single-numa-node` when the accelerators of a replica fit one NUMA node, else "
        "`best-effort`.",
    )
    numa_nodes: int | None = Field(
        default=None,
        ge=1,
        le=8,
        description="NUMA nodes of a node, among which its accelerators are shared evenly; `lscpu` tells. Default: the "
        "catalog's for the provider's machine, else 2.",
    )
    reserved: Reserved = Field(default=Reserved(), description="What a node keeps for itself.")
    reclaim_notice: Seconds | None = Field(
        default=None,
        description="How long before a spot node vanishes it is told: `2m`, or seconds. Default: 2 minutes on `eks`, "
        "else 30 seconds.",
    )
    shutdown_by: Literal["period", "priority"] = Field(
        default="period",
        description="How a node that shuts down divides the time that is left: `period`: one time for all pods, one "
        "for critical ones. `priority`: a time for each range of priorities.",
    )
    gpu_operator: bool = Field(
        default=False,
        description="Whether to write the configuration of the vendor's operator (`ClusterPolicy` of NVIDIA, "
        "`DeviceConfig` of AMD). It holds for the whole cluster: leave it off where somebody else installs the "
        "accelerators, as most providers do.",
    )
    time_slicing: int = Field(
        default=1,
        ge=1,
        le=48,
        description="Pods that take turns on one accelerator of NVIDIA, without any protection of its memory; 1: none. "
        "For trying out. Needs `gpuOperator`.",
    )

    @field_validator("time_slicing")
    @classmethod
    def _operator_slices(cls, pods: int, info: ValidationInfo) -> int:
        if pods > 1 and not info.data.get("gpu_operator", True):
            raise_mistakes(Mistake("nothing would do the time slicing", "add gpuOperator: true, or remove it"))
        return pods
