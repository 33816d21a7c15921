"""Where an engine finds its weights: on the node, on a volume, or in its own pod.

A volume that one node mounts at a time (`ReadWriteOnce`: EBS, Hyperdisk, Azure Disk) serves many pods of one node, and
no second node. So it keeps the weights of a plan that one node is enough for. Else each node keeps a copy in a
directory, or a volume is used that many nodes can read.

| Kept | The volume | Who downloads |
|---|---|---|
| `claim` | a PersistentVolumeClaim, read only | a Job |
| `node` | a directory of the node, read only | a pod of a DaemonSet on each node |
| `pod` | a volume that lives as long as the pod | the pod's own init container |
| `given` | a directory of the node that the service file names | nobody |
| `image` | the engine's image | nobody |
| `nowhere` | an emulated engine has no weights | nobody |
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from beaufort.errors import Problem, UsageError
from beaufort.render.setting import Setting
from beaufort.spec.source import DemoSource, HubSource, PathSource, Source, parse_source
from beaufort.units import GIB

Kept: TypeAlias = Literal["claim", "node", "pod", "given", "image", "nowhere"]
Kind: TypeAlias = Literal["none", "local", "ebs", "hyperdisk", "azure", "class"]

MODELS = "/models"
_PROVIDERS: dict[str, Kind] = {"eks": "ebs", "gke": "hyperdisk", "aks": "azure"}
_STORED = {"fp8": 2, "nf4": 4}  # these are made while the model loads: what is stored is bf16, so much larger
_AZURE_SMALLEST = 100 * GIB  # of a premium file share


def kind(setting: Setting) -> Kind:
    """Return the kind of storage, `auto` decided."""
    chosen = setting.spec.storage.kind
    if chosen != "auto":
        return chosen
    return _PROVIDERS.get(setting.spec.cluster.provider, "local") if one_node(setting) else "local"


def one_node(setting: Setting) -> bool:
    """Return whether everything fits one node even at its largest."""
    return setting.plan.shape.nodes == 1 and sum(pool.max_nodes for pool in setting.region.pools) <= 1


def kept(setting: Setting) -> Kept:
    """Return where the weights are kept."""
    if setting.emulated:
        return "nowhere"
    match source(setting):
        case PathSource():
            return "given"
        case DemoSource():
            return "image"
        case HubSource():
            return _kept_once_downloaded(setting)


def _kept_once_downloaded(setting: Setting) -> Kept:
    match kind(setting):
        case "local":
            return "node"
        case "none":
            return "pod"
        case "azure" | "hyperdisk":
            return "claim"
        case "class" if setting.spec.storage.shared:
            return "claim"
        case "ebs" | "class":
            return "claim" if one_node(setting) else "pod"


def source(setting: Setting) -> Source:
    """Return where the weights come from.

    Raises:
        UsageError: An engine on a cluster cannot have them from there.
    """
    found = parse_source(setting.plan.model.repository)
    if isinstance(found, PathSource) and not found.path.startswith("/"):
        remedy = "write the absolute path that the nodes have, or hf://owner/repo"
        raise UsageError(Problem(f"no node knows the path {found.path}", "spec.model.source", remedy))
    local = isinstance(found, DemoSource) or (isinstance(found, HubSource) and found.file is not None)
    if local and setting.engine != "openvino":
        remedy = "name a repository with safetensors (hf://owner/repo), or write engine: openvino"
        what = f"{setting.plan.model.repository} is for the engine that runs on processors"
        raise UsageError(Problem(what, "spec.model.source", remedy))
    return found


def hub(setting: Setting) -> HubSource:
    """Return the repository that the weights are downloaded from."""
    found = source(setting)
    if not isinstance(found, HubSource):
        message = "nothing is downloaded for a path or the demo"
        raise TypeError(message)
    return found


def folder(setting: Setting) -> str:
    """Return the folder of the weights in a container that mounts them: `/models/owner--name@revision`.

    Other forms than safetensors have folders of their own, since a folder is complete when all of one form is there.
    """
    found = source(setting)
    if isinstance(found, PathSource):
        return found.path
    if isinstance(found, DemoSource):
        message = "the demo has no folder"
        raise TypeError(message)
    form = f"--{(found.file or 'openvino').replace('/', '--')}" if setting.engine == "openvino" else ""
    return f"{MODELS}/{found.repo.replace('/', '--')}@{found.revision or 'main'}{form}"


def size(setting: Setting) -> int:
    """Return the bytes of the volume."""
    stored = setting.plan.model.weight_bytes * _STORED.get(setting.plan.model.quantisation, 1)
    needed = setting.spec.storage.size or max(stored * 3 // 2, 10 * GIB)
    return max(needed, _AZURE_SMALLEST) if kind(setting) == "azure" else needed


def copied(setting: Setting) -> bool:
    """Return whether the engines read a copy of the claim that the Job fills: Hyperdisk ML over several nodes."""
    return kind(setting) == "hyperdisk" and not one_node(setting)


def storage_class(setting: Setting) -> str:
    """Return the name of the StorageClass: the one that the service file names, or the one that is rendered."""
    return setting.spec.storage.class_name or setting.names.cluster_wide("model")
