"""The layer ``namespace``: the namespace that holds the service."""

from __future__ import annotations

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
            "labels": {
                "app.kubernetes.io/managed-by": "beaufort",
                # Told, not enforced: what else lives here is not ours to stop.
                "pod-security.kubernetes.io/warn": "restricted",
                "pod-security.kubernetes.io/audit": "restricted",
            },
        },
    }
