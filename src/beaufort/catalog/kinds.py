"""Kinds of objects: the order in which they are made, and deleted the other way round; their names in paths."""

from __future__ import annotations

# What others refer to comes before what refers to it. Kinds that are not named here come between the two parts.
_FIRST = (
    "Namespace",
    "CustomResourceDefinition",
    "PriorityClass",
    "StorageClass",
    "VolumeAttributesClass",
    "ResourceQuota",
    "LimitRange",
    "NetworkPolicy",
    "ServiceAccount",
    "ClusterRole",
    "ClusterRoleBinding",
    "Role",
    "RoleBinding",
    "Secret",
    "ConfigMap",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Service",
    "PodDisruptionBudget",
)
_LAST = (
    "Job",
    "DaemonSet",
    "Deployment",
    "StatefulSet",
    "LeaderWorkerSet",
    "HorizontalPodAutoscaler",
    "ScaledObject",
    "Ingress",
    "HTTPRoute",
    "APIService",
)
_RANKS = {kind: rank for rank, kind in enumerate((*_FIRST, "", *_LAST), -len(_FIRST))}


def rank(kind: str) -> int:
    """Return where a kind stands in the order: a lower one is made before a higher one."""
    return _RANKS.get(kind, 0)


def plural(kind: str) -> str:
    """Return the name of a kind in paths and rights: ``networkpolicies``, ``ingresses``.

    English as API machinery guesses it (``meta.UnsafeGuessKindToResource``), which fits every kind that is rendered.
    """
    word = kind.lower()
    if word.endswith("s"):
        return f"{word}es"
    return f"{word[:-1]}ies" if word.endswith("y") else f"{word}s"
