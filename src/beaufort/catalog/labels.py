"""By which label of its node an accelerator is chosen, for each provider of clusters.

GPU feature discovery writes the driver's name with blanks as ``-`` into ``nvidia.com/gpu.product`` (and appends
``-SHARED`` when the device plugin shares the card: then no value here matches, which is meant). AMD's node labeller
writes it with blanks as ``_`` into ``amd.com/gpu.product-name``. Both labels exist only on nodes that run and whose
driver is up: an autoscaler that has to create the first node of its kind does not know them. GKE writes its own label
when the node is made, and Karpenter's AWS provider knows what a node will be labelled with.
"""

from __future__ import annotations

from dataclasses import dataclass

from beaufort.catalog.accelerators import Accelerator

# cloud.google.com/gke-accelerator carries Compute Engine's name of the accelerator type.
_GKE = {
    "L4": ("nvidia-l4",),
    "A100-40GB": ("nvidia-tesla-a100",),
    "A100-80GB": ("nvidia-a100-80gb",),
    "H100": ("nvidia-h100-80gb", "nvidia-h100-mega-80gb"),
    "H200": ("nvidia-h200-141gb",),
    "B200": ("nvidia-b200",),
}
# karpenter.k8s.aws/instance-gpu-name carries EC2's name in small letters. Both A100 are "a100" there: left out.
_KARPENTER = {"L4": "l4", "A10G": "a10g", "L40S": "l40s", "H100": "h100", "H200": "h200", "B200": "b200"}


@dataclass(frozen=True, slots=True)
class NodeLabel:
    """A label that nodes with an accelerator carry.

    Attributes:
        key: The label's name.
        values: The values that mean the accelerator, any of them: for ``operator: In``.
        writer: Who writes the label.
        before_node: Whether an autoscaler knows the label of a node that does not exist yet.
    """

    key: str
    values: tuple[str, ...]
    writer: str
    before_node: bool = False


def node_labels(accelerator: Accelerator, provider: str = "other") -> tuple[NodeLabel, ...]:
    """Return the labels by which nodes with ``accelerator`` can be chosen, the one to prefer first; none for a CPU.

    Args:
        accelerator: What the pods need.
        provider: Who runs the cluster, as the service file says: ``gke``, ``eks``, ``aks``, ``other``.
    """
    labels = []
    if provider == "gke" and accelerator.name in _GKE:
        key = "cloud.google.com/gke-accelerator"
        labels.append(NodeLabel(key, _GKE[accelerator.name], "GKE", before_node=True))
    if accelerator.vendor == "NVIDIA":
        labels.append(NodeLabel("nvidia.com/gpu.product", accelerator.products, "GPU feature discovery"))
    if accelerator.vendor == "AMD":
        labels.append(NodeLabel("amd.com/gpu.product-name", accelerator.products, "AMD GPU node labeller"))
    if provider == "eks" and accelerator.name in _KARPENTER:
        name = (_KARPENTER[accelerator.name],)
        labels.append(NodeLabel("karpenter.k8s.aws/instance-gpu-name", name, "Karpenter", before_node=True))
    return tuple(labels)
