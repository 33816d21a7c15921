"""Which kinds have to be there before others. Deletion goes the other way round."""

from __future__ import annotations

from beaufort.kube.reference import Reference

# Each kind stands behind what its objects refer to: a pod is not made without its service account, its class or its
# claim, a workload should find its configuration, and a scaler or a route its target. Others' kinds come last.
_ORDER = (
    "Namespace",
    "CustomResourceDefinition",
    "PriorityClass",
    "StorageClass",
    "VolumeAttributesClass",
    "ResourceQuota",
    "LimitRange",
    "ServiceAccount",
    "Secret",
    "ConfigMap",
    "ClusterRole",
    "Role",
    "ClusterRoleBinding",
    "RoleBinding",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "NetworkPolicy",
    "CiliumNetworkPolicy",
    "Service",
    "PodDisruptionBudget",
    "Job",
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "LeaderWorkerSet",
)
_RANKS = {kind: rank for rank, kind in enumerate(_ORDER)}


def rank(reference: Reference) -> tuple[int, Reference]:
    """Return a key that sorts objects in the order in which they are applied."""
    return (_RANKS.get(reference.kind, len(_ORDER)), reference)
