"""What the second scheduler may do: what the default one may, and a lease of its own."""

from __future__ import annotations

from beaufort.render.manifest import Json, Manifest
from beaufort.render.scheduler.configuration import COMPONENT
from beaufort.render.setting import Setting


def manifests(setting: Setting) -> tuple[Manifest, ...]:
    """Return the account and its rights."""
    return (
        _account(setting),
        _binding(setting, "system:kube-scheduler"),
        _binding(setting, "system:volume-scheduler"),
        _authentication_reader(setting),
        _lease_role(setting),
        _lease_binding(setting),
    )


def _account(setting: Setting) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": setting.metadata(COMPONENT, setting.names.scheduler),
    }


def _binding(setting: Setting, role: str) -> Manifest:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": setting.cluster_metadata(
            COMPONENT, setting.names.cluster_wide("scheduler", role.removeprefix("system:"))
        ),
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
        "subjects": [_subject(setting)],
    }


def _authentication_reader(setting: Setting) -> Manifest:
    """Return what lets the scheduler know who asks for its metrics."""
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {
            **setting.metadata(COMPONENT, setting.names.cluster_wide("scheduler")),
            "namespace": "kube-system",  # where the ConfigMap is that it reads
        },
        "roleRef": {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "Role",
            "name": "extension-apiserver-authentication-reader",
        },
        "subjects": [_subject(setting)],
    }


def _lease_role(setting: Setting) -> Manifest:
    """Return the role for the lease: that of system:kube-scheduler allows the default scheduler's alone."""
    lease = {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"]}
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": setting.metadata(COMPONENT, setting.names.scheduler),
        "rules": [
            {**lease, "verbs": ["create"]},
            {**lease, "resourceNames": [setting.names.scheduler], "verbs": ["get", "update"]},
        ],
    }


def _lease_binding(setting: Setting) -> Manifest:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": setting.metadata(COMPONENT, setting.names.scheduler),
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": setting.names.scheduler},
        "subjects": [_subject(setting)],
    }


def _subject(setting: Setting) -> dict[str, Json]:
    return {"kind": "ServiceAccount", "name": setting.names.scheduler, "namespace": setting.namespace}
