"""The layer `disruption`: what may be missing at once, who goes first, and the place that is kept free.

A PodDisruptionBudget holds back evictions, as of a drain. A spot node that is taken away asks nobody: what helps there
is the base on nodes that are kept, the spread over zones, and the headroom.
"""

from __future__ import annotations

from beaufort.render import images, placing
from beaufort.render.engine_pod import resources
from beaufort.render.layer import Layer
from beaufort.render.manifest import Manifest
from beaufort.render.security import CONTAINER, POD
from beaufort.render.setting import Setting

_ENGINE = "engine"
_HEADROOM = "headroom"
# Above what asks for nothing special (0), far below Kubernetes' own (2,000,000,000).
_PRIORITIES = {"gateway": 2000, "engine": 1000}
# The lowest for which the cluster autoscaler still adds nodes (--expendable-pods-priority-cutoff).
_HEADROOM_PRIORITY = -10


def render(setting: Setting) -> Layer:
    """Return the layer."""
    classes = [_priority(setting, component, value) for component, value in _PRIORITIES.items()]
    headroom = [_headroom_priority(setting), _headroom(setting)] if _reserves(setting) else []
    return Layer("disruption", (*classes, _budget(setting), *headroom), notes=_notes(setting))


def _reserves(setting: Setting) -> bool:
    """Return whether places are kept free: in a rehearsal nothing is scarce."""
    return setting.plan.disruption.headroom_pods > 0 and not setting.emulated


def _priority(setting: Setting, component: str, value: int) -> Manifest:
    return {
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "metadata": setting.cluster_metadata(component, setting.names.cluster_wide(component)),
        "value": value,
        "globalDefault": False,
        "description": f"The {component} of {setting.namespace}/{setting.name}.",
    }


def _headroom_priority(setting: Setting) -> Manifest:
    return {
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "metadata": setting.cluster_metadata(_HEADROOM, setting.names.cluster_wide(_HEADROOM)),
        "value": _HEADROOM_PRIORITY,
        "globalDefault": False,
        "preemptionPolicy": "Never",
        "description": f"Pods that keep a place for {setting.namespace}/{setting.name} and give way at once.",
    }


def _budget(setting: Setting) -> Manifest:
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": setting.metadata(
            _ENGINE, setting.names.engines, setting.trace(max_unavailable="disruption.max_unavailable")
        ),
        "spec": {
            "maxUnavailable": setting.plan.disruption.max_unavailable,
            "selector": {"matchLabels": setting.selector(_ENGINE)},
            # A pod that never became ready must not hold back the drain of its node.
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
        },
    }


def _headroom(setting: Setting) -> Manifest:
    amounts = resources(setting)
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": setting.metadata(
            _HEADROOM, setting.names.headroom, setting.trace(replicas="disruption.headroom_pods")
        ),
        "spec": {
            "replicas": setting.plan.disruption.headroom_pods * setting.plan.shape.nodes,
            "selector": {"matchLabels": setting.selector(_HEADROOM)},
            "revisionHistoryLimit": 1,
            "template": {
                "metadata": {"labels": setting.pod_labels(_HEADROOM)},
                "spec": {
                    "automountServiceAccountToken": False,
                    "priorityClassName": setting.names.cluster_wide(_HEADROOM),
                    "terminationGracePeriodSeconds": 0,
                    "securityContext": POD,
                    **placing.nodes_of(setting, *setting.region.pools),
                    "containers": [
                        {
                            "name": "pause",
                            "image": images.PAUSE,
                            "resources": amounts,
                            "securityContext": CONTAINER,
                        },
                    ],
                },
            },
        },
    }


def _notes(setting: Setting) -> tuple[str, ...]:
    pools = setting.region.pools
    if setting.emulated:
        return ()
    spot = any(pool.capacity == "spot" and pool.max_replicas for pool in pools)
    kept = any(pool.capacity == "on-demand" and pool.max_replicas for pool in pools)
    notes = []
    if spot:
        notes.append(
            "Spot nodes need something that drains them at the provider's notice (AWS Node Termination Handler or "
            "Karpenter; GKE and AKS by graceful node shutdown): a PodDisruptionBudget does not hold them."
        )
    if spot and not kept:
        notes.append("Every engine is on spot nodes: when the provider takes them all, the service is gone.")
    if _reserves(setting):
        notes.append(
            f"{setting.plan.disruption.headroom_pods} places are kept free by pods of low priority: accelerators that "
            "cost money and serve nothing until an engine has to move."
        )
    return tuple(notes)
