"""The layer `autoscaling`: each pool grows by its engines' queues, with the accelerators' utilisation as a guard.

The target of a metric of accelerators is an `AverageValue`: `averageUtilization` exists for the CPU and memory that
pods request, and no API server takes it for anything else.
"""

from __future__ import annotations

from beaufort.plan.capacity import ScalePolicy
from beaufort.render import adapter, keda, pools, program
from beaufort.render.layer import Layer
from beaufort.render.manifest import Json, Manifest
from beaufort.render.pools import Bounds
from beaufort.render.setting import Setting

COMPONENT = "engine"
WAITING = "inference_requests_waiting"
RUNNING = "inference_requests_running"
UTILISATION = "accelerator_utilisation"
_OPERATOR_NOTE = (
    "The autoscalers ask Beaufort's operator for external metrics: until it runs, replicas stay as they are. The "
    "accelerators' utilisation is not among its metrics."
)


def render(setting: Setting) -> Layer:
    """Return the layer."""
    scaled = [each for each in pools.bounds(setting) if not each.fixed]
    make = _scaled_object if setting.spec.scaling.metrics == "keda" else _autoscaler
    by_adapter = scaled and setting.spec.scaling.metrics == "prometheus-adapter"
    return Layer(
        "autoscaling",
        tuple(make(setting, each) for each in scaled),
        {"prometheus-adapter-values.yaml": adapter.values(setting, program.server(setting))} if by_adapter else {},
        _notes(setting) if scaled else (),
    )


def _autoscaler(setting: Setting, bounds: Bounds) -> Manifest:
    external = setting.spec.scaling.metrics == "beaufort"
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": setting.metadata(
            COMPONENT, setting.names.engine(bounds.pool.name), _traces(setting, bounds), pool=bounds.pool.name
        ),
        "spec": {
            "scaleTargetRef": _target(setting, bounds),
            "minReplicas": bounds.min,
            "maxReplicas": bounds.max,
            "metrics": _external(setting, bounds) if external else _of_pods(setting),
            "behavior": _behaviour(setting),
        },
    }


def _of_pods(setting: Setting) -> list[Json]:
    scaling = setting.plan.scaling
    targets = {WAITING: scaling.waiting_target, RUNNING: scaling.running_target}
    if setting.guarded:
        targets[UTILISATION] = scaling.gpu_utilisation_target
    return [
        {
            "type": "Pods",
            "pods": {
                "metric": {"name": name},
                "target": {"type": "AverageValue", "averageValue": f"{target:g}"},
            },
        }
        for name, target in targets.items()
    ]


def _external(setting: Setting, bounds: Bounds) -> list[Json]:
    """Return metrics of Beaufort's operator: sums over a pool, which the autoscaler divides by its replicas."""
    scaling = setting.plan.scaling
    targets = {"beaufort_requests_waiting": scaling.waiting_target, "beaufort_requests_running": scaling.running_target}
    return [
        {
            "type": "External",
            "external": {
                "metric": {
                    "name": name,
                    "selector": {"matchLabels": {"service": setting.name, "pool": bounds.pool.name}},
                },
                "target": {"type": "AverageValue", "averageValue": f"{target:g}"},
            },
        }
        for name, target in targets.items()
    ]


def _scaled_object(setting: Setting, bounds: Bounds) -> Manifest:
    return {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": setting.metadata(
            COMPONENT, setting.names.engine(bounds.pool.name), _traces(setting, bounds), pool=bounds.pool.name
        ),
        "spec": {
            "scaleTargetRef": _target(setting, bounds),
            "minReplicaCount": bounds.min,
            "maxReplicaCount": bounds.max,
            "pollingInterval": 15,
            "cooldownPeriod": setting.plan.scaling.down.stabilization_seconds,
            # When the figures are missing, what was planned for the peak: an outage of Prometheus must not look idle.
            "fallback": {"failureThreshold": 3, "replicas": max(bounds.pool.replicas, bounds.min)},
            "advanced": {"horizontalPodAutoscalerConfig": {"behavior": _behaviour(setting)}},
            "triggers": keda.triggers(setting, bounds, program.server(setting)),
        },
    }


def _target(setting: Setting, bounds: Bounds) -> Json:
    return {
        "apiVersion": "leaderworkerset.x-k8s.io/v1" if setting.grouped else "apps/v1",
        "kind": "LeaderWorkerSet" if setting.grouped else "Deployment",
        "name": setting.names.engine(bounds.pool.name),
    }


def _behaviour(setting: Setting) -> Json:
    return {
        "scaleUp": _policy(setting.plan.scaling.up, "Max"),
        "scaleDown": _policy(setting.plan.scaling.down, "Min"),
    }


def _policy(policy: ScalePolicy, select: str) -> Json:
    return {
        "stabilizationWindowSeconds": policy.stabilization_seconds,
        "selectPolicy": select,
        "policies": [
            {"type": "Pods", "value": policy.pods, "periodSeconds": policy.period_seconds},
            {"type": "Percent", "value": policy.percent, "periodSeconds": policy.period_seconds},
        ],
    }


def _traces(setting: Setting, bounds: Bounds) -> dict[str, str]:
    guard = {"utilisation": "scaling.gpu_utilisation_target"} if setting.guarded else {}
    return setting.trace(
        min_replicas=f"{setting.region_path}.replicas.min",
        max_replicas=f"{setting.pool_path(bounds.pool)}.max_replicas",
        waiting="scaling.waiting_target",
        running="scaling.running_target",
        **guard,
        scale_up="scaling.up",
        scale_down="scaling.down",
    )


def _notes(setting: Setting) -> tuple[str, ...]:
    match setting.spec.scaling.metrics:
        case "prometheus-adapter":
            return adapter.notes(setting)
        case "keda":
            return ("The cluster needs KEDA 2.15 or newer, and its Prometheus the engines' metrics.",)
        case "beaufort":
            return (_OPERATOR_NOTE,)
