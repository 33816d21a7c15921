"""Where the weights are kept on a cluster, so that a new pod does not download them again."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from beaufort.spec.mistakes import Mistake, raise_mistakes
from beaufort.spec.notation import Pattern
from beaufort.spec.part import Part
from beaufort.spec.scalars import Bytes, Label


class Storage(Part):
    """Where the weights are kept on a cluster."""

    kind: Literal["auto", "none", "local", "ebs", "hyperdisk", "azure", "class"] = Field(
        default="auto",
        description="`local`: a directory of each node, filled once by a pod there. `ebs`, `hyperdisk`, `azure`: a "
        "volume of AWS, Google or Azure. `class`: a StorageClass that exists. `none`: each pod downloads for itself. "
        "`auto`: a volume of the provider while one node is enough, else `local`.",
    )
    class_name: Label | None = Field(default=None, description="The StorageClass, with `class`.", validate_default=True)
    shared: bool = Field(
        default=True,
        description="Whether many nodes can mount a volume of that class at once (`ReadWriteMany`, as NFS, EFS or "
        "CephFS can). With `class`.",
    )
    size: Bytes | None = Field(
        default=None, description="Of the volume: `100Gi`, or bytes. Default: the weights and half as much again."
    )
    iops: int | None = Field(
        default=None, ge=3000, le=350_000, description="Operations per second of the volume. Default: the provider's."
    )
    throughput: int | None = Field(
        default=None,
        ge=125,
        le=10_000,
        description="MiB per second of the volume. Default: what reads the weights "
        "in about half a minute, as far as the kind of volume goes.",
    )
    path: Annotated[
        str,
        Pattern(r"^/[A-Za-z0-9._/-]{1,200}$", "a directory", "write for example /var/lib/beaufort/models"),
    ] = Field(
        default="/var/lib/beaufort/models",
        description="The directory on each node, with `local`. Best on the node's own NVMe disks.",
    )

    @field_validator("class_name")
    @classmethod
    def _class_is_named(cls, name: str | None, info: ValidationInfo) -> str | None:
        kind = info.data.get("kind")
        if kind == "class" and name is None:
            raise_mistakes(Mistake("no class is named", "add className, the name of a StorageClass"))
        if kind not in {"class", None} and name is not None:
            raise_mistakes(Mistake(f"a class is named, but kind is {kind}", "write kind: class, or remove className"))
        return name
