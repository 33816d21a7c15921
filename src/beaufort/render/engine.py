"""The layer `engine`: a Deployment for each pool, or a LeaderWorkerSet where a replica spans nodes."""

from __future__ import annotations

from math import ceil

from beaufort.render import placing, pools, ports, program, vllm
from beaufort.render.engine_pod import COMPONENT, LWS_INDEX, answering, pod
from beaufort.render.layer import Layer
from beaufort.render.manifest import Json, Manifest
from beaufort.render.pools import Bounds
from beaufort.render.server import Server
from beaufort.render.setting import Setting

_TEMPLATE_HASH = "pod-template-hash"
_LWS_HASH = "leaderworkerset.sigs.k8s.io/template-revision-hash"


def render(setting: Setting) -> Layer:
    """Return the layer.

    Raises:
        UsageError: The engine cannot run what was planned.
    """
    server = program.server(setting)
    make = _leader_worker_set if setting.grouped else _deployment
    workloads = (make(setting, each, server) for each in pools.bounds(setting))
    return Layer(
        "engine",
        (_service_account(setting), _service(setting), *workloads),
        notes=(*server.notes, *placing.notes(setting), *pools.notes(setting), *_notes(setting)),
    )


def _service_account(setting: Setting) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": setting.metadata(COMPONENT, setting.names.engines),
        "automountServiceAccountToken": False,
    }


def _service(setting: Setting) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": setting.metadata(COMPONENT, setting.names.engines),
        "spec": {
            # Headless: its name resolves to every engine that is ready, and who asks chooses among them.
            "clusterIP": "None",
            "selector": answering(setting),
            "ports": [{"name": "http", "port": ports.ENGINE, "targetPort": "http", "protocol": "TCP"}],
        },
    }


def _deployment(setting: Setting, bounds: Bounds, server: Server) -> Manifest:
    pool = bounds.pool
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": setting.metadata(
            COMPONENT, setting.names.engine(pool.name), _traces(setting, bounds), pool=pool.name
        ),
        "spec": {
            **_replicas(bounds),
            "selector": {"matchLabels": {**setting.selector(COMPONENT), "beaufort.dev/pool": pool.name}},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": _roll_out(bounds)},
            # The first start downloads the model. Until then a roll-out makes progress.
            "progressDeadlineSeconds": ceil(3 * setting.plan.lifecycle.first_startup_seconds) + 600,
            "revisionHistoryLimit": 3,
            "template": {
                "metadata": {"labels": setting.pod_labels(COMPONENT, pool=pool.name)},
                "spec": pod(setting, pool, server, revision=_TEMPLATE_HASH),
            },
        },
    }


def _leader_worker_set(setting: Setting, bounds: Bounds, server: Server) -> Manifest:
    pool = bounds.pool
    labels = setting.pod_labels(COMPONENT, pool=pool.name)
    worker = pod(setting, pool, server, args=vllm.worker_args(setting), answers=False, revision=_LWS_HASH)
    return {
        "apiVersion": "leaderworkerset.x-k8s.io/v1",
        "kind": "LeaderWorkerSet",
        "metadata": setting.metadata(
            COMPONENT, setting.names.engine(pool.name), _traces(setting, bounds), pool=pool.name
        ),
        "spec": {
            **_replicas(bounds),
            "rolloutStrategy": {
                "type": "RollingUpdate",
                "rollingUpdateConfiguration": {"maxUnavailable": 1, "maxSurge": 0},
            },
            # The leader is ready only when its workers have joined it: they must not wait for that.
            "startupPolicy": "LeaderCreated",
            "leaderWorkerTemplate": {
                "size": setting.plan.shape.nodes,
                "restartPolicy": "RecreateGroupOnPodRestart",
                "leaderTemplate": {
                    "metadata": {"labels": labels},
                    "spec": pod(setting, pool, server, args=vllm.leader_args(setting), revision=_LWS_HASH),
                },
                "workerTemplate": {
                    "metadata": {"labels": labels},
                    "spec": {**worker, **_near_the_leader(setting, worker)},
                },
            },
        },
    }


def _near_the_leader(setting: Setting, worker: dict[str, Json]) -> dict[str, Json]:
    """Return the worker's affinity: in its leader's zone, where the version can say so."""
    affinity = worker["affinity"]
    if not setting.serves("MatchLabelKeysInPodAffinity") or not isinstance(affinity, dict):
        return {}
    return {
        "affinity": {
            **affinity,
            "podAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": [
                    {
                        "topologyKey": placing.ZONE,
                        "labelSelector": {"matchLabels": {LWS_INDEX: "0"}},
                        "matchLabelKeys": ["leaderworkerset.sigs.k8s.io/group-key"],
                    },
                ],
            },
        },
    }


def _replicas(bounds: Bounds) -> dict[str, Json]:
    """Return the number of replicas where nobody scales it: written, it would undo the autoscaler at each apply."""
    return {"replicas": bounds.max} if bounds.fixed else {}


def _roll_out(bounds: Bounds) -> Json:
    """Return how pods are replaced: in place, since accelerators for a second set are rarely free."""
    if bounds.max == 1:
        return {"maxSurge": 1, "maxUnavailable": 0}  # the only one stays until its successor answers
    return {"maxSurge": 0, "maxUnavailable": 1}


def _traces(setting: Setting, bounds: Bounds) -> dict[str, str]:
    fixed = {"replicas": f"{setting.pool_path(bounds.pool)}.max_replicas"} if bounds.fixed else {}
    return setting.trace(
        **fixed,
        cpus="host.cpus",
        memory="host.memory_bytes",
        shared_memory="host.shared_memory_bytes",
        tensor_parallel="shape.tensor_parallel",
        pipeline_parallel="shape.pipeline_parallel",
        quantisation="model.quantisation",
        max_model_len="model.max_model_len",
        max_num_seqs="engine.max_num_seqs",
        max_num_batched_tokens="engine.max_num_batched_tokens",
        gpu_memory_utilization="engine.gpu_memory_utilization",
        block_size="engine.block_size",
        startup_probe="lifecycle.startup_seconds",
        progress_deadline="lifecycle.first_startup_seconds",
        pre_stop="lifecycle.pre_stop_seconds",
        shutdown_timeout="lifecycle.shutdown_seconds",
        grace_period="lifecycle.grace_seconds",
    )


def _notes(setting: Setting) -> tuple[str, ...]:
    notes = []
    if setting.accelerated and setting.vendor == "AMD":
        notes.append(
            "Engines do not run as root, and AMD's devices belong to groups of the node: the manifests add 44 (video) "
            "and 109 (render), as on Ubuntu 22.04. Where `getent group render` tells another number, change it."
        )
    if setting.grouped:
        notes.append("The cluster needs LeaderWorkerSet 0.6 or newer (leaderworkerset.x-k8s.io/v1).")
        if not setting.serves("MatchLabelKeysInPodAffinity"):
            notes.append(
                setting.left_out("MatchLabelKeysInPodAffinity", "The rule that a replica stays in one zone")
                + " Give the accelerators one zone, or a replica may span two."
            )
    if setting.gated:
        notes.append(
            f"Engines are born with the scheduling gate {placing.GATE}: without Beaufort's operator none is scheduled. "
            "To fail open, set spec.scheduling.gates to false and apply again."
        )
    if setting.accelerated and any(bounds.max == 1 for bounds in pools.bounds(setting)):
        notes.append("A roll-out of a single replica needs a second free accelerator: the old one stays until then.")
    return tuple(notes)
