"""How closely the cores, memory and accelerators of a pod have to lie together.

The kubelet of a node decides it alone, after the scheduler chose the node: the scheduler knows nothing of NUMA nodes. A
pod that the policy refuses is failed with ``TopologyAffinityError`` and made anew, possibly on the same node. So the
strict policy is right only where every replica can be aligned: where its accelerators fit one NUMA node.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from beaufort.catalog.instances import instances
from beaufort.plan.capacity import Pool
from beaufort.render.setting import Setting

_USUAL_NUMA_NODES = 2  # two sockets, as servers with accelerators mostly have

Policy: TypeAlias = Literal["none", "best-effort", "restricted", "single-numa-node"]


@dataclass(frozen=True, slots=True)
class Alignment:
    """The kubelet's policy on the nodes of a pool.

    Attributes:
        policy: The value of ``topologyManagerPolicy``.
        note: Why, one sentence.
    """

    policy: Policy
    note: str


def alignment(setting: Setting, pool: Pool) -> Alignment:
    """Return the policy for the nodes of ``pool``."""
    wanted = setting.spec.nodes.topology
    replica = setting.plan.shape.accelerators_per_node
    room = max(pool.accelerators_per_node // _numa_nodes(setting, pool), 1)
    fits = replica <= room
    shape = f"{_count(replica)} of a replica, {room} to a NUMA node"
    if wanted == "auto" and fits:
        note = f"Nodes of {pool.name} align each engine in one NUMA node (single-numa-node): {shape}."
        return Alignment("single-numa-node", note)
    if wanted == "auto":
        note = f"Nodes of {pool.name} align engines as well as they can (best-effort): {shape}, so no one holds it all."
        return Alignment("best-effort", note)
    if wanted == "single-numa-node" and not fits:
        note = (
            f"Nodes of {pool.name} will fail every engine with TopologyAffinityError ({shape}): "
            "set spec.nodes.topology to best-effort, or spec.nodes.numaNodes to what lscpu tells."
        )
        return Alignment(wanted, note)
    return Alignment(wanted, f"Nodes of {pool.name} have the topology policy {wanted}, as the file says.")


def _numa_nodes(setting: Setting, pool: Pool) -> int:
    given = setting.spec.nodes.numa_nodes
    known = instances(pool.accelerator, setting.spec.cluster.provider, pool.accelerators_per_node)
    return given or max((each.numa_nodes or 0 for each in known), default=0) or _USUAL_NUMA_NODES


def _count(accelerators: int) -> str:
    return "1 accelerator" if accelerators == 1 else f"{accelerators} accelerators"
