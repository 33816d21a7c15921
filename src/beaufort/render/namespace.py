"""The layer ``namespace``: the namespace that holds the service."""

from __future__ import annotations

from beaufort.render import weights
from beaufort.render.layer import Layer
from beaufort.render.manifest import Manifest
from beaufort.render.setting import Setting

_EXISTING = {"default", "kube-public", "kube-system"}  # every cluster has these, and others own their labels


def render(setting: Setting) -> Layer:
    """Return the layer."""
    if setting.namespace in _EXISTING:
        return Layer("namespace")
    return Layer("namespace", manifests=(_namespace(setting),))


def _namespace(setting: Setting) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {
            "name": setting.namespace,
            # No label of the service: several may share the namespace.
            "labels": {"app.kubernetes.io/managed-by": "beaufort", **_pod_security(setting)},
        },
    }


def _pod_security(setting: Setting) -> dict[str, str]:
    """Return the labels that tell of a pod below the standard which all of ours keep, unless directories are used.

    Told, not enforced: what else lives in the namespace is not ours to stop.
    """
    if weights.kept(setting) in {"node", "given"}:
        return {}
    return {
        "pod-security.kubernetes.io/warn": "restricted",
        "pod-security.kubernetes.io/audit": "restricted",
    }
