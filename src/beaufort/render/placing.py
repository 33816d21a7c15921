"""Which nodes a pool's pods may go to, and how they are spread over them."""

from __future__ import annotations

from beaufort.catalog.accelerators import accelerator
from beaufort.catalog.labels import node_labels
from beaufort.plan.capacity import Pool
from beaufort.render.manifest import Json
from beaufort.render.setting import Setting

ZONE = "topology.kubernetes.io/zone"
HOST = "kubernetes.io/hostname"
GATE = "beaufort.dev/placement"  # the scheduling gate that Beaufort's operator opens
OWN_CAPACITY = "beaufort.dev/capacity"  # where no provider labels its spot nodes

# The labels by which providers tell spot nodes, with the value for spot. Any of those of a provider tells it.
_SPOT = {
    "eks": (("karpenter.sh/capacity-type", "spot"), ("eks.amazonaws.com/capacityType", "SPOT")),
    "gke": (("cloud.google.com/gke-spot", "true"),),
    "aks": (("kubernetes.azure.com/scalesetpriority", "spot"),),
}
_TAINTS = {"NVIDIA": "nvidia.com/gpu", "AMD": "amd.com/gpu"}
# GKE's and Azure's spot nodes may carry a taint, with the label's own name.
_SPOT_TAINTS = {"gke": "cloud.google.com/gke-spot", "aks": "kubernetes.azure.com/scalesetpriority"}


def nodes_of(setting: Setting, *pools: Pool) -> dict[str, Json]:
    """Return the part of a pod's spec that admits the nodes of any of ``pools``, which are of one accelerator.

    A rehearsal takes any node: those of the plan are not there.
    """
    if setting.emulated:
        return {}
    tolerated = tolerations(setting, *pools)
    return {
        "affinity": node_affinity(setting, *pools),
        **({"tolerations": tolerated} if tolerated else {}),
    }


def node_affinity(setting: Setting, *pools: Pool) -> Json:
    """Return the `affinity` that admits the nodes of any of ``pools``, which are of one accelerator."""
    terms = [{"matchExpressions": term} for pool in pools for term in _terms(setting, pool)]
    unique = [term for position, term in enumerate(terms) if term not in terms[:position]]
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": unique}}}


def _terms(setting: Setting, pool: Pool) -> list[list[Json]]:
    """Return the alternatives: for every label that tells the accelerator, every label that tells the capacity."""
    zones: list[Json] = [{"key": ZONE, "operator": "In", "values": pool.zones}] if pool.zones else []
    labels = node_labels(accelerator(pool.accelerator), setting.spec.cluster.provider)
    # Every node has processors: nothing tells those that a plan for processors means.
    chosen: list[list[Json]] = [[{"key": each.key, "operator": "In", "values": each.values}] for each in labels] or [[]]
    return [[*label, *capacity, *zones] for label in chosen for capacity in _capacity(setting, pool)]


def _capacity(setting: Setting, pool: Pool) -> list[list[Json]]:
    labels = _SPOT.get(setting.spec.cluster.provider, ((OWN_CAPACITY, "spot"),))
    if pool.capacity == "spot":
        return [[{"key": key, "operator": "In", "values": [spot]}] for key, spot in labels]
    # NotIn also admits a node without the label.
    return [[{"key": key, "operator": "NotIn", "values": [spot]} for key, spot in labels]]


def off_spot(setting: Setting) -> Json:
    """Return the `affinity` that prefers nodes which are kept until released."""
    labels = _SPOT.get(setting.spec.cluster.provider, ((OWN_CAPACITY, "spot"),))
    rules = [{"key": key, "operator": "NotIn", "values": [spot]} for key, spot in labels]
    return {
        "nodeAffinity": {
            "preferredDuringSchedulingIgnoredDuringExecution": [
                {"weight": 100, "preference": {"matchExpressions": rules}},
            ],
        },
    }


def tolerations(setting: Setting, *pools: Pool) -> list[Json]:
    """Return what lets pods onto nodes that keep others away: those with accelerators, and spot ones."""
    accelerators: list[Json] = (
        [{"key": _TAINTS[setting.vendor], "operator": "Exists", "effect": "NoSchedule"}] if setting.accelerated else []
    )
    kept = accelerators
    spot = _SPOT_TAINTS.get(setting.spec.cluster.provider)
    if spot is not None and any(pool.capacity == "spot" for pool in pools):
        kept.append({"key": spot, "operator": "Exists", "effect": "NoSchedule"})
    return kept


def spread(setting: Setting, labels: dict[str, str], revision: str) -> list[Json]:
    """Return how the pods with ``labels`` are spread: over zones as the service file says, over nodes if possible.

    Args:
        setting: What is rendered.
        labels: Tell the pods.
        revision: The label that tells one revision of them from the next, so that a roll-out is spread by itself.
    """
    required = setting.spec.scheduling.zones == "required" and not setting.emulated
    shared: dict[str, Json] = {
        "labelSelector": {"matchLabels": labels},
        "matchLabelKeys": [revision],
        "nodeTaintsPolicy": "Honor",  # a zone whose nodes the pods may not use is no zone for them
    }
    return [
        {
            "maxSkew": 1,
            "topologyKey": ZONE,
            "whenUnsatisfiable": "DoNotSchedule" if required else "ScheduleAnyway",
            **shared,
        },
        {
            "maxSkew": 1,
            "topologyKey": HOST,
            "whenUnsatisfiable": "ScheduleAnyway",
            **shared,
        },
    ]


def notes(setting: Setting) -> tuple[str, ...]:
    """Return what the nodes have to carry."""
    if setting.emulated:
        return ()
    provider = setting.spec.cluster.provider
    spot = any(pool.capacity == "spot" for pool in setting.region.pools)
    found = []
    if spot and provider not in _SPOT:
        found.append(f"Label spot nodes {OWN_CAPACITY}=spot: no label of a provider tells them here.")
    keys = node_labels(accelerator(setting.plan.shape.accelerator), provider)
    if keys and not any(label.before_node for label in keys):
        found.append(
            f"Nodes are chosen by {keys[0].key}, which {keys[0].writer} writes once a node runs. An autoscaler that "
            "has to create the first node does not know it: give the node group the label, too."
        )
    return tuple(found)
