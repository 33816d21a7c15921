"""The parts of a pod that bring the weights into it."""

from __future__ import annotations

from importlib import resources

from beaufort.render import weights
from beaufort.render.manifest import Json
from beaufort.render.security import CONTAINER, HOME
from beaufort.render.setting import Setting
from beaufort.spec.source import HubSource, PathSource
from beaufort.units import quantity

PROGRAM = resources.files("beaufort.render").joinpath("fetch_model.py").read_text("utf-8")
TOKEN_SECRET = "hf-token"  # noqa: S105 - the name of the Secret with the key HF_TOKEN
_PROGRAMS = "/opt/programs"  # not a folder of any engine's image: what is mounted hides what is there


def volumes(setting: Setting) -> list[Json]:
    """Return the volumes of an engine's pod."""
    match weights.kept(setting):
        case "nowhere" | "image":
            return []
        case "given":
            return [_model(setting)]
        case _:
            return [_model(setting), programs(setting)]


def mounts(setting: Setting) -> list[Json]:
    """Return how the engine's container mounts the model: read only."""
    if weights.kept(setting) in {"nowhere", "image"}:
        return []
    source = weights.source(setting)
    path = source.path if isinstance(source, PathSource) else weights.MODELS
    return [{"name": "model", "mountPath": path, "readOnly": True}]


def init_containers(setting: Setting, image: str) -> list[Json]:
    """Return the container that lets the engine start once the weights are there."""
    match weights.kept(setting):
        case "nowhere" | "image" | "given":
            return []
        case "pod":
            return [fetching(setting, image)]
        case "claim" | "node":
            return [_waiting(setting, image)]


def fetching(setting: Setting, image: str) -> dict[str, Json]:
    """Return the container that downloads and verifies the model."""
    return {
        "name": "fetch-model",
        "image": image,
        "command": _command(setting),
        "env": [
            {"name": "HOME", "value": HOME},
            {
                "name": "HF_TOKEN",
                "valueFrom": {"secretKeyRef": {"name": TOKEN_SECRET, "key": "HF_TOKEN", "optional": True}},
            },
        ],
        "resources": {
            "requests": {"cpu": "1", "memory": "4Gi"},
            "limits": {"cpu": "1", "memory": "4Gi"},
        },
        "securityContext": CONTAINER,
        "volumeMounts": [
            {"name": "model", "mountPath": weights.MODELS},
            {"name": "programs", "mountPath": _PROGRAMS, "readOnly": True},
            {"name": "home", "mountPath": HOME},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - in the container, an emptyDir
        ],
    }


def _waiting(setting: Setting, image: str) -> dict[str, Json]:
    return {
        "name": "wait-for-model",
        "image": image,
        "command": [*_command(setting), "--wait"],
        # Whole cores, and limits like the requests: else the pod is not Guaranteed and its cores are not its own.
        "resources": {
            "requests": {"cpu": "1", "memory": "256Mi"},
            "limits": {"cpu": "1", "memory": "256Mi"},
        },
        "securityContext": CONTAINER,
        "volumeMounts": [
            {"name": "model", "mountPath": weights.MODELS, "readOnly": True},
            {"name": "programs", "mountPath": _PROGRAMS, "readOnly": True},
        ],
    }


def _command(setting: Setting) -> list[str]:
    hub = weights.hub(setting)
    what = [hub.repo, hub.revision or "main", weights.folder(setting)]
    return ["python3", f"{_PROGRAMS}/fetch_model.py", *what, *_form(setting, hub)]


def _form(setting: Setting, hub: HubSource) -> list[str]:
    """Return which of the repository's files are wanted; safetensors need no word."""
    if setting.engine != "openvino":
        return []
    return [f"--gguf={hub.file}"] if hub.file else ["--openvino"]


def programs(setting: Setting) -> Json:
    """Return the volume with the program that downloads."""
    return {"name": "programs", "configMap": {"name": setting.names.model}}


def scratch() -> list[Json]:
    """Return the volumes that a container with a read-only root writes to."""
    return [
        {"name": "home", "emptyDir": {"sizeLimit": "8Gi"}},
        {"name": "tmp", "emptyDir": {"sizeLimit": "8Gi"}},
    ]


def _model(setting: Setting) -> Json:
    match weights.kept(setting):
        case "claim":
            name = setting.names.model_copy if weights.copied(setting) else setting.names.model
            return {"name": "model", "persistentVolumeClaim": {"claimName": name, "readOnly": True}}
        case "node":
            return node_directory(setting)
        case "given":
            path = weights.folder(setting)
            return {
                "name": "model",
                "hostPath": {"path": path, "type": "File" if path.endswith(".gguf") else "Directory"},
            }
        case "pod" if weights.kind(setting) == "none":
            return {"name": "model", "emptyDir": {"sizeLimit": quantity(weights.size(setting))}}
        case _:
            return {"name": "model", "ephemeral": {"volumeClaimTemplate": {"spec": claim(setting, "ReadWriteOnce")}}}


def node_directory(setting: Setting) -> Json:
    """Return the volume that is a directory of the node."""
    return {"name": "model", "hostPath": {"path": setting.spec.storage.path, "type": "DirectoryOrCreate"}}


def claim(setting: Setting, access: str) -> dict[str, Json]:
    """Return the spec of a claim of the service's class."""
    return {
        "accessModes": [access],
        "storageClassName": weights.storage_class(setting),
        "resources": {"requests": {"storage": quantity(weights.size(setting))}},
    }
