"""The class of the model's volume, by provider: as fast as reading the weights in half a minute needs."""

from __future__ import annotations

from beaufort.render import weights
from beaufort.render.manifest import Json, Manifest
from beaufort.render.setting import Setting
from beaufort.units import MIB

_COMPONENT = "model-loader"
_READ_SECONDS = 30
_FEATURE = "VolumeAttributesClass"

# MiB per second that a volume may be given, from https://docs.aws.amazon.com/ebs/latest/userguide/general-purpose.html
# and https://cloud.google.com/compute/docs/disks/hyperdisks (balanced; ML).
_EBS = (125, 1000)
_BALANCED = (140, 2400)
_ML = (400, 10_000)
_MIB_PER_IO = 0.25  # of gp3 and of Hyperdisk Balanced: so much throughput at most for each operation per second
_FEWEST_IOPS = 3000


def manifests(setting: Setting) -> list[Manifest]:
    """Return the classes that the model's claims name."""
    match weights.kind(setting):
        case "ebs" | "azure":
            return [_class(setting), *_attributes(setting)]
        case "hyperdisk" if weights.copied(setting):
            return [_class(setting), _copies(setting)]
        case "hyperdisk":
            return [_class(setting), *_attributes(setting)]
        case "none" | "local" | "class":
            return []


def access(setting: Setting) -> str:
    """Return the access mode of the claim that is written to."""
    kind = weights.kind(setting)
    many = kind == "azure" or (kind == "class" and setting.spec.storage.shared)
    return "ReadWriteMany" if many else "ReadWriteOnce"


def _class(setting: Setting) -> Manifest:
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": setting.cluster_metadata(
            _COMPONENT,
            setting.names.cluster_wide("model"),
            setting.trace(throughput="model.weight_bytes"),
        ),
        **_driver(setting),
        "reclaimPolicy": "Delete",
        "allowVolumeExpansion": True,
    }


def _driver(setting: Setting) -> dict[str, Json]:
    match weights.kind(setting):
        case "ebs":
            return {
                "provisioner": "ebs.csi.aws.com",
                "parameters": {
                    "type": "gp3",
                    "iops": str(_iops(setting)),
                    "throughput": str(_throughput(setting)),
                    "encrypted": "true",
                },
                "volumeBindingMode": "WaitForFirstConsumer",
            }
        case "azure":
            return {
                "provisioner": "file.csi.azure.com",
                "parameters": {"skuName": "Premium_LRS", "protocol": "nfs"},
                "mountOptions": ["nconnect=4", "noresvport", "actimeo=30"],
                "volumeBindingMode": "Immediate",
            }
        case _ if weights.copied(setting):
            return {
                "provisioner": "pd.csi.storage.gke.io",
                "parameters": {
                    "type": "hyperdisk-ml",
                    "provisioned-throughput-on-create": f"{_throughput(setting)}Mi",
                },
                "volumeBindingMode": "WaitForFirstConsumer",
            }
        case _:
            return {
                "provisioner": "pd.csi.storage.gke.io",
                "parameters": {
                    "type": "hyperdisk-balanced",
                    "provisioned-iops-on-create": str(_iops(setting)),
                    "provisioned-throughput-on-create": f"{_throughput(setting)}Mi",
                },
                "volumeBindingMode": "WaitForFirstConsumer",
            }


def _copies(setting: Setting) -> Manifest:
    zones = setting.spec.cluster.zones
    where = [{"matchLabelExpressions": [{"key": "topology.gke.io/zone", "values": zones}]}]
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": setting.cluster_metadata(_COMPONENT, setting.names.cluster_wide("model-copy")),
        "provisioner": "pd.csi.storage.gke.io",
        "parameters": {
            "type": "hyperdisk-ml",
            "provisioned-throughput-on-create": f"{_throughput(setting)}Mi",
            "enable-multi-zone-provisioning": "true",
        },
        "volumeBindingMode": "Immediate",
        "reclaimPolicy": "Delete",
        **({"allowedTopologies": where} if zones else {}),
    }


def _attributes(setting: Setting) -> list[Manifest]:
    """Return the class by which a volume's speed is changed later, where the cluster serves it."""
    if not _changeable(setting):
        return []
    drivers = {"ebs": "ebs.csi.aws.com", "hyperdisk": "pd.csi.storage.gke.io"}
    return [
        {
            "apiVersion": setting.api(_FEATURE),
            "kind": "VolumeAttributesClass",
            "metadata": setting.cluster_metadata(_COMPONENT, _attributes_name(setting)),
            "driverName": drivers[weights.kind(setting)],
            "parameters": {"iops": str(_iops(setting)), "throughput": _amount(setting)},
        },
    ]


def attributes_of_claim(setting: Setting) -> dict[str, Json]:
    """Return the part of the claim's spec that names the class of its speed."""
    return {"volumeAttributesClassName": _attributes_name(setting)} if _changeable(setting) else {}


def notes(setting: Setting) -> tuple[str, ...]:
    """Return what the user should know of the class."""
    if weights.kind(setting) not in {"ebs", "hyperdisk"} or weights.copied(setting):
        return ()
    if not setting.serves(_FEATURE):
        return (setting.left_out(_FEATURE, "The VolumeAttributesClass, by which a volume's speed is changed later,"),)
    if weights.kind(setting) == "ebs":
        return ("AWS changes a volume once in six hours: its speed follows a new plan, not the load.",)
    return ()


def _changeable(setting: Setting) -> bool:
    kind = weights.kind(setting)
    claimed = weights.kept(setting) == "claim" and not weights.copied(setting)
    return claimed and kind in {"ebs", "hyperdisk"} and setting.serves(_FEATURE)


def _attributes_name(setting: Setting) -> str:
    # A class cannot be changed: other figures are another class, and the claim then names that one.
    return setting.names.cluster_wide("model", f"{_iops(setting)}-{_throughput(setting)}")


def _throughput(setting: Setting) -> int:
    """Return MiB per second."""
    lowest, highest = _EBS
    if weights.kind(setting) == "hyperdisk":
        lowest, highest = _ML if weights.copied(setting) else _BALANCED
    wanted = setting.spec.storage.throughput or -(-setting.plan.model.weight_bytes // (MIB * _READ_SECONDS))
    return min(max(wanted, lowest), highest)


def _iops(setting: Setting) -> int:
    needed = round(_throughput(setting) / _MIB_PER_IO)
    return max(setting.spec.storage.iops or 0, needed, _FEWEST_IOPS)


def _amount(setting: Setting) -> str:
    unit = "Mi" if weights.kind(setting) == "hyperdisk" else ""
    return f"{_throughput(setting)}{unit}"
