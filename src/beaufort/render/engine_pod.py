"""The pod of an engine."""

from __future__ import annotations

from math import ceil

from beaufort.plan.capacity import Pool
from beaufort.render import emulated, images, model_volume, placing, ports, scheduler
from beaufort.render.manifest import Json
from beaufort.render.security import CONTAINER, HOME, POD
from beaufort.render.server import Server
from beaufort.render.setting import Setting
from beaufort.units import quantity

COMPONENT = "engine"
LWS_INDEX = "leaderworkerset.sigs.k8s.io/worker-index"
_PROBE_SECONDS = 5
# A start may take so many times as long as planned before it counts as failed, and a minute in any case: a node that
# has just come has more to do.
_PATIENCE = 3
_LEAST_PATIENCE = 60.0
# /dev/kfd and /dev/dri/renderD*: groups `video` and `render` of Ubuntu 22.04.
_VIDEO = 44
_RENDER = 109
_SHARED_MEMORY: Json = {"name": "shared-memory", "mountPath": "/dev/shm"}  # noqa: S108 - in the container, an emptyDir


def pod(
    setting: Setting, pool: Pool, server: Server, *, args: tuple[str, ...] = (), answers: bool = True, revision: str
) -> dict[str, Json]:
    """Return the spec of the pod.

    Args:
        setting: What is rendered.
        pool: The nodes that it runs on.
        server: What it runs.
        args: Further arguments.
        answers: Whether it answers requests; a worker of a replica over several nodes does not.
        revision: The label that tells one revision of the pods from the next.
    """
    lifecycle = setting.plan.lifecycle
    return {
        "serviceAccountName": setting.names.engines,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "priorityClassName": setting.names.cluster_wide("engine"),
        "terminationGracePeriodSeconds": lifecycle.grace_seconds,
        **_gates(setting),
        **_scheduler(setting),
        **images.pull_secrets(setting),
        "securityContext": {**POD, **_device_groups(setting)},
        **placing.nodes_of(setting, pool),
        **(_spread(setting, pool, revision) if answers else {}),
        "initContainers": model_volume.init_containers(setting, server.image),
        "containers": [_container(setting, server, args, answers=answers)],
        "volumes": [
            *model_volume.volumes(setting),
            *model_volume.scratch(),
            *([_shared_memory(setting)] if setting.accelerated else []),
        ],
    }


def answering(setting: Setting) -> dict[str, str]:
    """Return the labels of the pods that answer: of a replica over several nodes, the leader."""
    leader = {LWS_INDEX: "0"} if setting.grouped else {}
    return {**setting.selector(COMPONENT), **leader}


def _spread(setting: Setting, pool: Pool, revision: str) -> dict[str, Json]:
    labels = {**answering(setting), "beaufort.dev/pool": pool.name}
    return {"topologySpreadConstraints": placing.spread(setting, labels, revision)}


def _gates(setting: Setting) -> dict[str, Json]:
    return {"schedulingGates": [{"name": placing.GATE}]} if setting.gated else {}


def _scheduler(setting: Setting) -> dict[str, Json]:
    return {} if scheduler.is_default(setting) else {"schedulerName": setting.names.scheduler}


def _device_groups(setting: Setting) -> dict[str, Json]:
    """Return the groups that AMD's devices belong to, by their numbers on Ubuntu; NVIDIA's are open to everyone."""
    amd = setting.accelerated and setting.vendor == "AMD"
    return {"supplementalGroups": [_VIDEO, _RENDER]} if amd else {}


def _container(setting: Setting, server: Server, args: tuple[str, ...], *, answers: bool) -> Json:
    return {
        "name": "engine",
        "image": server.image,
        "command": server.command,
        "args": [*server.args, *args],
        "env": [
            {"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
            *({"name": name, "value": value} for name, value in server.env.items()),
        ],
        "resources": resources(setting),
        "securityContext": CONTAINER,
        **(_serving(setting, server) if answers else {}),
        "volumeMounts": [
            *model_volume.mounts(setting),
            {"name": "home", "mountPath": HOME},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - in the container, an emptyDir
            *([_SHARED_MEMORY] if setting.accelerated else []),
        ],
    }


def _shared_memory(setting: Setting) -> Json:
    """Return the volume by which the processes of a replica talk; the embedded engines are one process."""
    size = quantity(setting.plan.host.shared_memory_bytes)
    return {"name": "shared-memory", "emptyDir": {"medium": "Memory", "sizeLimit": size}}


def resources(setting: Setting) -> Json:
    """Return requests and limits that are equal and of whole cores: Guaranteed, so cores and memory can be pinned.

    An emulated engine does next to nothing: it asks for as little, so that a large plan fits a small cluster.
    """
    if setting.emulated:
        return emulated.RESOURCES
    amounts: dict[str, Json] = {
        "cpu": str(setting.plan.host.cpus),
        "memory": quantity(setting.plan.host.memory_bytes),
    }
    if setting.accelerated:
        amounts[setting.resource] = str(setting.plan.shape.accelerators_per_node)
    return {"requests": amounts, "limits": amounts}


def _serving(setting: Setting, server: Server) -> dict[str, Json]:
    lifecycle = setting.plan.lifecycle
    return {
        "ports": [{"name": "http", "containerPort": ports.ENGINE, "protocol": "TCP"}],
        # No traffic before the model itself can answer: that a process listens, or is healthy, says less.
        "startupProbe": {
            "httpGet": {"path": server.ready, "port": "http"},
            "periodSeconds": _PROBE_SECONDS,
            "timeoutSeconds": 5,
            "failureThreshold": ceil(max(_PATIENCE * lifecycle.startup_seconds, _LEAST_PATIENCE) / _PROBE_SECONDS),
        },
        "readinessProbe": {
            "httpGet": {"path": server.ready, "port": "http"},
            "periodSeconds": _PROBE_SECONDS,
            "timeoutSeconds": 5,
            "failureThreshold": 2,
        },
        # Only what a restart cures: the engine behind the server has died. Load must not look like it.
        "livenessProbe": {
            "httpGet": {"path": server.alive, "port": "http"},
            "periodSeconds": 10,
            "timeoutSeconds": 10,
            "failureThreshold": 6,
        },
        # Gateways take the pod off their lists while it still answers.
        "lifecycle": {"preStop": {"sleep": {"seconds": lifecycle.pre_stop_seconds}}},
    }
