"""The KubeletConfiguration of the nodes of a pool.

What is left out keeps its default, so the file can be merged into whatever else sets up the node.
"""

from __future__ import annotations

from beaufort.catalog.kubernetes import served, state
from beaufort.plan.capacity import Pool
from beaufort.render.manifest import Json, Manifest
from beaufort.render.nodes.shutdown import division
from beaufort.render.nodes.topology import Policy, alignment
from beaufort.render.setting import Setting
from beaufort.units import MIB

_LOWEST_PRIORITY = -(2**31)  # of any pod
_CRITICAL_PRIORITY = 2_000_000_000  # of the class system-cluster-critical


def configuration(setting: Setting, pool: Pool) -> Manifest:
    """Return the configuration."""
    return {
        "apiVersion": state("KubeletConfiguration", setting.minor).api,
        "kind": "KubeletConfiguration",
        **_aligned(setting, alignment(setting, pool).policy),
        **_reserved(setting),
        **_shutdown(setting, pool),
    }


def _aligned(setting: Setting, policy: Policy) -> dict[str, Json]:
    if policy == "none":
        return {}
    nearest = {"topologyManagerPolicyOptions": {"prefer-closest-numa-nodes": "true"}}
    # Without effect where there is one NUMA node to choose anyway.
    useful = policy != "single-numa-node" and served("TopologyManagerPreferClosestNUMA", setting.minor)
    return {
        "topologyManagerPolicy": policy,
        # All containers of a pod together, so that what stands beside the engine does not take its place.
        "topologyManagerScope": "pod",
        **(nearest if useful else {}),
        "cpuManagerPolicy": "static",
        "memoryManagerPolicy": "Static",
        # The kubelet starts only if this is what is reserved below, all together: kube, system, eviction.
        "reservedMemory": [{"numaNode": 0, "limits": {"memory": f"{_reserved_mib(setting)}Mi"}}],
    }


def _reserved(setting: Setting) -> dict[str, Json]:
    reserved = setting.spec.nodes.reserved
    half = _mib(reserved.memory) // 2
    return {
        # Both, since whoever sets up nodes has defaults for either, which would make another sum.
        "kubeReserved": {"cpu": f"{reserved.cpus * 500}m", "memory": f"{half}Mi"},
        "systemReserved": {"cpu": f"{reserved.cpus * 500}m", "memory": f"{_mib(reserved.memory) - half}Mi"},
        # All of them: one alone would turn the others off.
        "evictionHard": {
            "memory.available": f"{_mib(reserved.eviction)}Mi",
            "nodefs.available": "10%",
            "nodefs.inodesFree": "5%",
            "imagefs.available": "15%",
            "imagefs.inodesFree": "5%",
        },
    }


def _shutdown(setting: Setting, pool: Pool) -> dict[str, Json]:
    time = division(setting, pool)
    if setting.spec.nodes.shutdown_by == "period":
        return {
            "shutdownGracePeriod": f"{time.pods + time.critical}s",  # of both
            "shutdownGracePeriodCriticalPods": f"{time.critical}s",
        }
    return {
        "shutdownGracePeriodByPodPriority": [  # of pods with this priority and more; one range after the other
            {"priority": _LOWEST_PRIORITY, "shutdownGracePeriodSeconds": 1},  # what only holds a place
            {"priority": 0, "shutdownGracePeriodSeconds": max(time.pods - 1, 1)},
            {"priority": _CRITICAL_PRIORITY, "shutdownGracePeriodSeconds": time.critical},
        ],
    }


def _reserved_mib(setting: Setting) -> int:
    reserved = setting.spec.nodes.reserved
    return _mib(reserved.memory) + _mib(reserved.eviction)


def _mib(count: int) -> int:
    return -(-count // MIB)
