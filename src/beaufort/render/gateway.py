"""The layer `gateway`: what clients talk to, as many as the load needs or one on every node."""

from __future__ import annotations

from beaufort.render import images, placing, ports, route
from beaufort.render.layer import Layer
from beaufort.render.manifest import Json, Manifest
from beaufort.render.security import CONTAINER, HOME, POD
from beaufort.render.setting import Setting

COMPONENT = "gateway"
_CPU_TARGET = 70  # percent of the request: a gateway is bound by its one core
_MARGIN_SECONDS = 10  # for the process to end after its drain


def render(setting: Setting) -> Layer:
    """Return the layer."""
    workload = [_daemon_set(setting)] if _everywhere(setting) else [_deployment(setting), _budget(setting)]
    manifests = [
        _service_account(setting),
        _role(setting),
        _role_binding(setting),
        _service(setting),
        *workload,
        *_autoscaler(setting),
        *route.manifests(setting),
    ]
    return Layer("gateway", tuple(manifests), notes=(*_notes(setting), *route.notes(setting)))


def _everywhere(setting: Setting) -> bool:
    return setting.spec.gateway.mode == "daemonset"


def _service_account(setting: Setting) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": setting.metadata(COMPONENT, setting.names.gateway),
        "automountServiceAccountToken": False,
    }


def _role(setting: Setting) -> Manifest:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": setting.metadata(COMPONENT, setting.names.gateway),
        # The engines' slices and its own, which tells its zone. A list cannot be restricted to names.
        "rules": [
            {
                "apiGroups": ["discovery.k8s.io"],
                "resources": ["endpointslices"],
                "verbs": ["get", "list", "watch"],
            },
        ],
    }


def _role_binding(setting: Setting) -> Manifest:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": setting.metadata(COMPONENT, setting.names.gateway),
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": setting.names.gateway},
        "subjects": [{"kind": "ServiceAccount", "name": setting.names.gateway, "namespace": setting.namespace}],
    }


def _service(setting: Setting) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": setting.metadata(COMPONENT, setting.names.gateway, _topology_annotation(setting)),
        "spec": {
            "type": "ClusterIP",
            "selector": setting.selector(COMPONENT),
            "ports": [{"name": "http", "port": 80, "targetPort": "http", "protocol": "TCP", "appProtocol": "http"}],
            **_traffic(setting),
        },
    }


def _traffic(setting: Setting) -> dict[str, Json]:
    """Return which gateway a client of the cluster gets: its node's own, or one of its zone where that has one."""
    if _everywhere(setting):
        return {"internalTrafficPolicy": "Local"}
    if setting.serves("PreferSameTrafficDistribution"):
        return {"trafficDistribution": "PreferSameZone"}
    if setting.serves("ServiceTrafficDistribution"):
        return {"trafficDistribution": "PreferClose"}
    return {}


def _topology_annotation(setting: Setting) -> dict[str, str]:
    """Return the older form of the same wish; where both are written, it wins, so only one is."""
    return {} if _traffic(setting) else {"service.kubernetes.io/topology-mode": "Auto"}


def _deployment(setting: Setting) -> Manifest:
    replicas = setting.spec.gateway.replicas
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": setting.metadata(COMPONENT, setting.names.gateway, _traces(setting)),
        "spec": {
            **({"replicas": replicas.max} if replicas.min == replicas.max else {}),
            "selector": {"matchLabels": setting.selector(COMPONENT)},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
            "revisionHistoryLimit": 3,
            "template": {
                "metadata": {"labels": setting.pod_labels(COMPONENT)},
                "spec": {
                    **_pod(setting),
                    "topologySpreadConstraints": placing.spread(
                        setting, setting.selector(COMPONENT), "pod-template-hash"
                    ),
                },
            },
        },
    }


def _daemon_set(setting: Setting) -> Manifest:
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": setting.metadata(COMPONENT, setting.names.gateway, _traces(setting)),
        "spec": {
            "selector": {"matchLabels": setting.selector(COMPONENT)},
            # The successor comes first: while a node has no gateway, its clients' requests are dropped.
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
            "template": {
                "metadata": {"labels": setting.pod_labels(COMPONENT)},
                "spec": {**_pod(setting), "nodeSelector": {"kubernetes.io/os": "linux"}},
            },
        },
    }


def _pod(setting: Setting) -> dict[str, Json]:
    lifecycle = setting.plan.lifecycle
    return {
        "serviceAccountName": setting.names.gateway,
        "automountServiceAccountToken": True,  # of all pods of the service, this one alone asks the cluster's API
        "enableServiceLinks": False,
        "priorityClassName": setting.names.cluster_wide("gateway"),
        "terminationGracePeriodSeconds": lifecycle.pre_stop_seconds + lifecycle.shutdown_seconds + _MARGIN_SECONDS,
        **images.pull_secrets(setting),
        "securityContext": POD,
        **({} if _everywhere(setting) else {"affinity": placing.off_spot(setting)}),
        "containers": [
            {
                "name": "gateway",
                "image": images.beaufort(setting),
                "command": ["beaufort", "gateway"],
                "args": [
                    "--host=0.0.0.0",
                    f"--port={ports.GATEWAY}",
                    f"--endpoints-service={setting.names.engines}:http",
                    "--access-log=-",
                    # While clients and load balancers take it off their lists, it answers, and says that it leaves. A
                    # preStop hook would only let it answer: connections that are kept would break in the end.
                    f"--leave-seconds={lifecycle.pre_stop_seconds}",
                    f"--drain-seconds={lifecycle.shutdown_seconds}",
                ],
                "env": [
                    {"name": "HOME", "value": HOME},
                    # Of its own endpoint it learns its zone.
                    {"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
                ],
                "ports": [{"name": "http", "containerPort": ports.GATEWAY, "protocol": "TCP"}],
                "resources": {
                    # A rehearsal has to fit a small cluster.
                    "requests": {"cpu": "50m", "memory": "96Mi"}
                    if setting.emulated
                    else {"cpu": "1", "memory": "512Mi"},
                    "limits": {"memory": "1Gi"},
                },
                "securityContext": CONTAINER,
                # /ready: it knows which engines there are. Not /health, which asks whether one is ready: while none
                # is, requests should wait here, or be answered with an error that says so, rather than find no gateway.
                "readinessProbe": {"httpGet": {"path": "/ready", "port": "http"}, "periodSeconds": 2},
                "livenessProbe": {"httpGet": {"path": "/metrics", "port": "http"}, "periodSeconds": 10},
            },
        ],
    }


def _budget(setting: Setting) -> Manifest:
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": setting.metadata(COMPONENT, setting.names.gateway),
        "spec": {
            "maxUnavailable": 1,
            "selector": {"matchLabels": setting.selector(COMPONENT)},
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
        },
    }


def _autoscaler(setting: Setting) -> list[Manifest]:
    replicas = setting.spec.gateway.replicas
    if _everywhere(setting) or replicas.min == replicas.max:
        return []
    return [
        {
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": setting.metadata(COMPONENT, setting.names.gateway),
            "spec": {
                "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": setting.names.gateway},
                "minReplicas": replicas.min,
                "maxReplicas": replicas.max,
                "metrics": [
                    {
                        "type": "Resource",
                        "resource": {
                            "name": "cpu",
                            "target": {"type": "Utilization", "averageUtilization": _CPU_TARGET},
                        },
                    },
                ],
            },
        },
    ]


def _traces(setting: Setting) -> dict[str, str]:
    return setting.trace(drain_seconds="lifecycle.shutdown_seconds", leave_seconds="lifecycle.pre_stop_seconds")


def _notes(setting: Setting) -> tuple[str, ...]:
    notes = []
    if _everywhere(setting):
        notes.append(
            "A gateway runs on every node, and clients inside the cluster get their own node's (internalTrafficPolicy: "
            "Local). Where that one is missing their requests are dropped, not sent to another node."
        )
    elif not _traffic(setting):
        notes.append(
            "Zones: the Service has the annotation service.kubernetes.io/topology-mode, which needs gateways ready in "
            "every zone, about in proportion to its cores. "
            + setting.left_out("ServiceTrafficDistribution", "The field trafficDistribution")
        )
    if setting.spec.keys:
        notes.append("spec.keys: this gateway checks no keys yet. Let nobody reach it who may not use the model.")
    if setting.spec.cache is not None:
        notes.append("spec.cache: this gateway keeps no answers yet.")
    return tuple(notes)
