"""The layer ``scheduler``: a second scheduler that looks at accelerators.

The default scheduler ranks nodes by free cores and memory, of which nodes with accelerators have plenty: to it eight busy
accelerators look as good as eight free ones. A profile that ranks by accelerators changes that. Its weight matters: with
the usual one the other scores, spreading by host above all, outweigh it (measured: twelve pods on six nodes, three of
them half full; difference between the fullest and the emptiest node afterwards).

| Profile | Difference, of 8 accelerators |
|---|---|
| the default | 4 |
| LeastAllocated, weight 1 | 2 |
| LeastAllocated, weight 10: `spread` | 0 |
| MostAllocated, no other score: `pack` | 8, three nodes wholly free |

Managed clusters do not let anybody change the profiles of their scheduler, so it is one beside it. Both bind pods
optimistically: should they choose the same place at once, the kubelet refuses one, and it is placed anew.
"""

from __future__ import annotations

import re

from beaufort.render.layer import Layer
from beaufort.render.manifest import Json, Manifest, yaml_text
from beaufort.render.setting import Setting

_SPREAD_WEIGHT = 10
_COMPONENT = "scheduler"
_CONFIGURATION = "/etc/kubernetes/scheduler"
_USER = 65534
# The last patch of a version that gets no more of them.
_LAST_PATCH = {30: 14}


def scheduler_name(setting: Setting) -> str:
    """Return the ``schedulerName`` of the engines' pods."""
    return "default-scheduler" if setting.spec.scheduling.profile == "default" else setting.names.scheduler


def render(setting: Setting) -> Layer:
    """Return the layer; nothing when the default scheduler is good enough."""
    if setting.spec.scheduling.profile == "default":
        return Layer("scheduler")
    return Layer(
        "scheduler",
        manifests=(
            _account(setting),
            _binding(setting, "system:kube-scheduler"),
            _binding(setting, "system:volume-scheduler"),
            _authentication_reader(setting),
            _lease_role(setting),
            _lease_binding(setting),
            _configuration(setting),
            _deployment(setting),
        ),
        notes=(
            f"Engines are placed by a scheduler of their own, {setting.names.scheduler}: without it they stay Pending. "
            "To go back, set spec.scheduling.profile to default.",
            "Cluster Autoscaler and Karpenter simulate the default profile: they may add a node where the second "
            "scheduler would not have needed one, never the other way round.",
        ),
    )


def profile(setting: Setting) -> dict[str, Json]:
    """Return the scheduler's profile."""
    packing = setting.spec.scheduling.profile == "pack"
    others = "*" if packing else "NodeResourcesFit"  # what no longer counts as it did
    return {
        "schedulerName": setting.names.scheduler,
        "plugins": {
            "score": {
                "disabled": [{"name": others}],
                "enabled": [{"name": "NodeResourcesFit", "weight": _SPREAD_WEIGHT}],
            },
        },
        "pluginConfig": [
            {
                "name": "NodeResourcesFit",
                "args": {
                    "scoringStrategy": {
                        "type": "MostAllocated" if packing else "LeastAllocated",
                        "resources": [{"name": setting.resource, "weight": 1}],
                    },
                },
            },
        ],
    }


def _scheduler_configuration(setting: Setting) -> Manifest:
    return {
        "apiVersion": "kubescheduler.config.k8s.io/v1",
        "kind": "KubeSchedulerConfiguration",
        "leaderElection": {
            "leaderElect": True,
            "resourceLock": "leases",
            "resourceName": setting.names.scheduler,
            "resourceNamespace": setting.namespace,
        },
        "profiles": [profile(setting)],
    }


def _configuration(setting: Setting) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": setting.metadata(_COMPONENT, setting.names.scheduler),
        "data": {"scheduler.yaml": yaml_text(_scheduler_configuration(setting))},
    }


def _account(setting: Setting) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": setting.metadata(_COMPONENT, setting.names.scheduler),
    }


def _binding(setting: Setting, role: str) -> Manifest:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": setting.cluster_metadata(
            _COMPONENT, setting.names.cluster_wide("scheduler", role.removeprefix("system:"))
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
            **setting.metadata(_COMPONENT, setting.names.cluster_wide("scheduler")),
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
        "metadata": setting.metadata(_COMPONENT, setting.names.scheduler),
        "rules": [
            {**lease, "verbs": ["create"]},
            {**lease, "resourceNames": [setting.names.scheduler], "verbs": ["get", "update"]},
        ],
    }


def _lease_binding(setting: Setting) -> Manifest:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": setting.metadata(_COMPONENT, setting.names.scheduler),
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": setting.names.scheduler},
        "subjects": [_subject(setting)],
    }


def _subject(setting: Setting) -> dict[str, Json]:
    return {"kind": "ServiceAccount", "name": setting.names.scheduler, "namespace": setting.namespace}


def _deployment(setting: Setting) -> Manifest:
    probe = {"path": "/healthz", "port": "https", "scheme": "HTTPS"}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": setting.metadata(_COMPONENT, setting.names.scheduler),
        "spec": {
            "replicas": 2,  # one leads, the other takes over within 15 s
            "selector": {"matchLabels": setting.selector(_COMPONENT)},
            "template": {
                "metadata": {"labels": setting.pod_labels(_COMPONENT)},
                "spec": {
                    "serviceAccountName": setting.names.scheduler,
                    "priorityClassName": "system-cluster-critical",
                    "affinity": {
                        "podAntiAffinity": {
                            "preferredDuringSchedulingIgnoredDuringExecution": [
                                {
                                    "weight": 100,
                                    "podAffinityTerm": {
                                        "topologyKey": "kubernetes.io/hostname",
                                        "labelSelector": {"matchLabels": setting.selector(_COMPONENT)},
                                    },
                                },
                            ],
                        },
                    },
                    "containers": [
                        {
                            "name": "scheduler",
                            "image": f"registry.k8s.io/kube-scheduler:{image_tag(setting)}",
                            "command": ["kube-scheduler", f"--config={_CONFIGURATION}/scheduler.yaml"],
                            "ports": [{"name": "https", "containerPort": 10259}],
                            "startupProbe": {"httpGet": probe, "failureThreshold": 24},
                            "livenessProbe": {"httpGet": probe, "periodSeconds": 10, "failureThreshold": 8},
                            "readinessProbe": {"httpGet": probe},
                            "resources": {
                                "requests": {"cpu": "100m", "memory": "128Mi"},
                                "limits": {"memory": "512Mi"},
                            },
                            "securityContext": {
                                "allowPrivilegeEscalation": False,
                                "capabilities": {"drop": ["ALL"]},
                                "readOnlyRootFilesystem": True,
                            },
                            "volumeMounts": [{"name": "configuration", "mountPath": _CONFIGURATION, "readOnly": True}],
                        },
                    ],
                    "securityContext": {
                        "runAsNonRoot": True,
                        "runAsUser": _USER,
                        "seccompProfile": {"type": "RuntimeDefault"},
                    },
                    "volumes": [{"name": "configuration", "configMap": {"name": setting.names.scheduler}}],
                },
            },
        },
    }


def image_tag(setting: Setting) -> str:
    """Return the scheduler's version: the cluster's own patch where the file gives it for this minor version."""
    written = re.match(r"v?(1\.\d+\.\d+)", setting.spec.cluster.version)
    if written and written[1].startswith(f"{setting.version}."):
        return f"v{written[1]}"
    return f"v{setting.version}.{_LAST_PATCH.get(setting.minor, 0)}"
