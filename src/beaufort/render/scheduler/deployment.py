"""The second scheduler's pods."""

from __future__ import annotations

from beaufort.render.manifest import Manifest
from beaufort.render.release import release
from beaufort.render.scheduler.configuration import COMPONENT, FILE
from beaufort.render.setting import Setting

_FOLDER = "/etc/kubernetes/scheduler"
_NOBODY = 65534


def deployment(setting: Setting) -> Manifest:
    """Return the Deployment."""
    probe = {"path": "/healthz", "port": "https", "scheme": "HTTPS"}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": setting.metadata(COMPONENT, setting.names.scheduler),
        "spec": {
            "replicas": 2,  # one leads, the other takes over within 15 s
            "selector": {"matchLabels": setting.selector(COMPONENT)},
            "template": {
                "metadata": {"labels": setting.pod_labels(COMPONENT)},
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
                                        "labelSelector": {"matchLabels": setting.selector(COMPONENT)},
                                    },
                                },
                            ],
                        },
                    },
                    "containers": [
                        {
                            "name": "scheduler",
                            "image": f"registry.k8s.io/kube-scheduler:{release(setting)}",
                            "command": ["kube-scheduler", f"--config={_FOLDER}/{FILE}"],
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
                            "volumeMounts": [{"name": "configuration", "mountPath": _FOLDER, "readOnly": True}],
                        },
                    ],
                    "securityContext": {
                        "runAsNonRoot": True,
                        "runAsUser": _NOBODY,
                        "seccompProfile": {"type": "RuntimeDefault"},
                    },
                    "volumes": [{"name": "configuration", "configMap": {"name": setting.names.scheduler}}],
                },
            },
        },
    }
