"""The layer ``nodes``: how the kubelets of the nodes with accelerators are set up, and the vendor's operator.

| Module | Holds |
|---|---|
| `topology` | how closely cores, memory and accelerators have to lie together, and why |
| `shutdown` | how a node that shuts down divides the time that is left |
| `kubelet` | the KubeletConfiguration of a pool |
| `nvidia` | ClusterPolicy, the counters of DCGM, time slicing |
| `amd` | DeviceConfig |

A KubeletConfiguration is a file, not an object: it is put on the node by whoever makes the node.
"""

from __future__ import annotations

from beaufort.render.layer import Layer
from beaufort.render.manifest import Manifest, yaml_text
from beaufort.render.nodes import amd, kubelet, nvidia, shutdown, topology
from beaufort.render.setting import Setting

_APART = "they hold for the whole cluster, in the namespace of the accelerators' operator"
_FILES = (
    "The files kubelet-POOL.yaml are for whoever makes the nodes of a pool: a node pool of the provider, Cluster API "
    "(spec.cluster.provision), or the kubelet's --config-dir."
)
_DRAIN = (
    "A kubelet that changes its CPU, memory or topology policy refuses to start until the node is drained and "
    "/var/lib/kubelet/cpu_manager_state and memory_manager_state are removed: give new nodes the new configuration."
)
_CHART = (
    "Install NVIDIA's operator with the values of gpu-operator-values.yaml; over one that is installed, apply the "
    "ClusterPolicy with kubectl apply --server-side --force-conflicts, which keeps the chart's images."
)


def render(setting: Setting) -> Layer:
    """Return the layer; nothing where engines use no accelerators."""
    if not setting.accelerated:
        return Layer("nodes")
    pools, operator = setting.region.pools, _operator(setting)
    alignments = tuple(topology.alignment(setting, pool) for pool in pools)
    times = tuple(shutdown.division(setting, pool) for pool in pools)
    return Layer(
        "nodes",
        manifests=operator,
        files={
            **{f"kubelet-{pool.name}.yaml": yaml_text(kubelet.configuration(setting, pool)) for pool in pools},
            **_chart(setting),
        },
        notes=(
            _FILES,
            *(alignment.note for alignment in alignments),
            *(time.note for time in times if time.note),
            *((_DRAIN,) if any(alignment.policy != "none" for alignment in alignments) else ()),
            *((_CHART,) if _chart(setting) else ()),
            *(nvidia.slicing_notes(setting)),
        ),
        apart=_APART if operator else "",
    )


def _operator(setting: Setting) -> tuple[Manifest, ...]:
    if not setting.spec.nodes.gpu_operator:
        return ()
    return amd.manifests(setting) if setting.vendor == "AMD" else nvidia.manifests(setting)


def _chart(setting: Setting) -> dict[str, str]:
    if not setting.spec.nodes.gpu_operator or setting.vendor != "NVIDIA":
        return {}
    return {"gpu-operator-values.yaml": yaml_text(nvidia.chart_values(setting))}
