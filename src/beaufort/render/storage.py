"""The layer `storage`: the weights are downloaded once, verified, and then read by every engine.

What keeps them is chosen in `weights`. The layer has the class, the claim, the program that downloads, and what runs
it: a Job for a claim, a DaemonSet for directories of the nodes. The engines wait for the program's marker.
"""

from __future__ import annotations

import hashlib

from beaufort.render import images, model_volume, placing, volume_class, weights
from beaufort.render.layer import Layer
from beaufort.render.manifest import Manifest, yaml_text
from beaufort.render.security import CONTAINER, POD
from beaufort.render.setting import Setting
from beaufort.units import quantity

COMPONENT = "model-loader"


def render(setting: Setting) -> Layer:
    """Return the layer."""
    if weights.kept(setting) in {"nowhere", "image"}:
        return Layer("storage")
    return Layer("storage", tuple(_manifests(setting)), _files(setting), _notes(setting))


def _manifests(setting: Setting) -> list[Manifest]:
    match weights.kept(setting):
        case "nowhere" | "image" | "given":
            return []
        case "node":
            return [_program(setting), _node_loader(setting)]
        case "pod":
            return [*volume_class.manifests(setting), _program(setting)]
        case "claim":
            copies = [_copy(setting)] if weights.copied(setting) else []
            return [*volume_class.manifests(setting), _program(setting), _claim(setting), *copies, _job(setting)]


def _program(setting: Setting) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": setting.metadata(COMPONENT, setting.names.model),
        "data": {"fetch_model.py": model_volume.PROGRAM},
    }


def _claim(setting: Setting) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": setting.metadata(COMPONENT, setting.names.model, setting.trace(storage="model.weight_bytes")),
        "spec": {
            **model_volume.claim(setting, volume_class.access(setting)),
            **volume_class.attributes_of_claim(setting),
        },
    }


def _copy(setting: Setting) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": setting.metadata(COMPONENT, setting.names.model_copy),
        "spec": {
            "accessModes": ["ReadOnlyMany"],
            "storageClassName": setting.names.cluster_wide("model-copy"),
            "dataSource": {
                "apiGroup": "snapshot.storage.k8s.io",
                "kind": "VolumeSnapshot",
                "name": setting.names.model,
            },
            "resources": {"requests": {"storage": quantity(weights.size(setting))}},
        },
    }


def _job(setting: Setting) -> Manifest:
    image = images.engine(setting, setting.engine)
    hub = weights.hub(setting)
    # What a Job runs cannot be changed: another model or image is another Job.
    file = f" {hub.file}" if hub.file else ""
    what = hashlib.sha256(f"{image} {hub.repo}@{hub.revision}{file}".encode()).hexdigest()[:8]
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": setting.metadata(COMPONENT, setting.names.loader(what)),
        "spec": {
            "backoffLimit": 10,
            "ttlSecondsAfterFinished": 86400,
            "template": {
                "metadata": {"labels": setting.pod_labels(COMPONENT)},
                "spec": {
                    "restartPolicy": "OnFailure",
                    "automountServiceAccountToken": False,
                    "securityContext": POD,
                    **images.pull_secrets(setting),
                    # A volume of one zone comes to be where this pod is: where the engines can be, too.
                    **placing.nodes_of(setting, *setting.region.pools),
                    "containers": [model_volume.fetching(setting, image)],
                    "volumes": [
                        {"name": "model", "persistentVolumeClaim": {"claimName": setting.names.model}},
                        model_volume.programs(setting),
                        *model_volume.scratch(),
                    ],
                },
            },
        },
    }


def _node_loader(setting: Setting) -> Manifest:
    image = images.engine(setting, setting.engine)
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": setting.metadata(COMPONENT, setting.names.loader()),
        "spec": {
            "selector": {"matchLabels": setting.selector(COMPONENT)},
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "100%"}},
            "template": {
                "metadata": {"labels": setting.pod_labels(COMPONENT)},
                "spec": {
                    "automountServiceAccountToken": False,
                    # The directory is made for root, and no volume of this kind is handed to another user.
                    "securityContext": {
                        "runAsUser": 0,
                        "runAsGroup": 0,
                        "seccompProfile": {"type": "RuntimeDefault"},
                    },
                    **images.pull_secrets(setting),
                    **placing.nodes_of(setting, *setting.region.pools),
                    # Small requests: a pod keeps those of its largest init container for as long as it lives.
                    "initContainers": [
                        {
                            **model_volume.fetching(setting, image),
                            "resources": {
                                "requests": {"cpu": "50m", "memory": "256Mi"},
                                "limits": {"memory": "4Gi"},
                            },
                        },
                    ],
                    "containers": [
                        {
                            "name": "pause",
                            "image": images.PAUSE,
                            "resources": {
                                "requests": {"cpu": "10m", "memory": "16Mi"},
                                "limits": {"memory": "32Mi"},
                            },
                            "securityContext": CONTAINER,
                        },
                    ],
                    "volumes": [
                        model_volume.node_directory(setting),
                        model_volume.programs(setting),
                        *model_volume.scratch(),
                    ],
                },
            },
        },
    }


def _files(setting: Setting) -> dict[str, str]:
    if weights.kept(setting) != "claim" or not weights.copied(setting):
        return {}
    snapshot: Manifest = {
        "apiVersion": "snapshot.storage.k8s.io/v1",
        "kind": "VolumeSnapshot",
        "metadata": setting.metadata(COMPONENT, setting.names.model),
        "spec": {"source": {"persistentVolumeClaimName": setting.names.model}},
    }
    return {"after-loading/volumesnapshot.yaml": yaml_text(snapshot)}


def _notes(setting: Setting) -> tuple[str, ...]:
    if weights.kept(setting) == "given":
        return (f"Every node has to hold the model in {weights.folder(setting)} already: nothing downloads it.",)
    hub = weights.hub(setting)
    token = (
        f"A gated model needs the Secret {model_volume.TOKEN_SECRET} with the key HF_TOKEN in namespace "
        f"{setting.namespace}: kubectl -n {setting.namespace} create secret generic {model_volume.TOKEN_SECRET} "
        "--from-literal=HF_TOKEN=..."
    )
    pin = "The model has no revision: what is downloaded first is kept. Pin it with hf://owner/name@commit."
    return (*_keeping(setting), *volume_class.notes(setting), token, *(() if hub.revision else (pin,)))


def _keeping(setting: Setting) -> tuple[str, ...]:
    path = setting.spec.storage.path
    kept: dict[weights.Kept, str] = {
        "node": (
            f"Each node with accelerators keeps the model in {path}, so a new pod reads a local disk; a new node "
            "downloads once, before any engine is there. Directories of nodes (hostPath) are refused by the Pod "
            "Security Standards `baseline` and `restricted`, by GKE Autopilot and by OpenShift's default: choose "
            "another spec.storage.kind there."
        ),
        "claim": _claimed(setting),
        "pod": (
            "Each new pod downloads the model for itself: a volume of this kind is mounted by one node at a time, and "
            "the plan may use several. With spec.storage.kind local, or a class that many nodes mount, it would not."
        ),
    }
    return (kept[weights.kept(setting)],)


def _claimed(setting: Setting) -> str:
    if weights.copied(setting):
        return (
            "The engines read a copy of the model's volume, made from a snapshot: once the Job has completed, apply "
            "after-loading/volumesnapshot.yaml of this layer. Until then the engines' pods are pending."
        )
    if volume_class.access(setting) == "ReadWriteOnce":
        return (
            "One volume holds the model for all pods of the one node that the plan uses. A second node could not "
            "mount it: render again when the plan grows."
        )
    return "One volume that many nodes mount holds the model; a pod that starts reads it over the network."
