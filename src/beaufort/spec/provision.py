"""How clusters come to be: by Cluster API, from a management cluster."""

from __future__ import annotations

import re
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, field_validator

from beaufort.spec.mistakes import Mistake, raise_mistakes, shown
from beaufort.spec.notation import Pattern, Short
from beaufort.spec.part import Part
from beaufort.spec.scalars import Label

_VERSION = re.compile(r"1\.([0-9]{1,2})", re.ASCII)
OLDEST_RELEASE = 7  # the first whose workload clusters may be of Kubernetes 1.30

_Word: TypeAlias = Annotated[
    str, Pattern(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$", "a name", "use letters, digits and inner . _ -")
]
_Cidr: TypeAlias = Annotated[
    str,
    Pattern(r"^[0-9a-fA-F.:]{3,39}/[0-9]{1,3}$", "a range of addresses", "write for example 192.168.0.0/16"),
]


class Template(Part):
    """An object of an infrastructure provider that exists already."""

    group: Annotated[
        str, Pattern(r"^[a-z0-9][a-z0-9.-]{0,252}$", "a group of an API", "write infrastructure.cluster.x-k8s.io")
    ] = Field(default="infrastructure.cluster.x-k8s.io", description="The group of its API.")
    version: Annotated[
        str, Pattern(r"^v[0-9]{1,3}((alpha|beta)[0-9]{1,3})?$", "a version of an API", "write for example v1beta1")
    ] = Field(default="v1beta1", description="The version of its API; Cluster API 1.11 and newer find it themselves.")
    kind: Annotated[
        str, Pattern(r"^[A-Z][A-Za-z0-9]{0,62}$", "a kind of object", "write for example OpenStackMachineTemplate")
    ] = Field(description="Its kind, for example `OpenStackMachineTemplate`.")
    name: Label = Field(description="Its name.")


class Aws(Part):
    """Clusters on AWS."""

    kind: Literal["aws"] = Field(description="`aws`.")
    control_plane_type: _Word = Field(default="m6i.large", description="Instance type of the control plane.")
    system_type: _Word = Field(default="m6i.xlarge", description="Instance type of machines without accelerators.")
    instance_types: dict[str, _Word] = Field(
        default_factory=dict,
        max_length=50,
        description="Instance type by accelerator, for example `L40S: g6e.12xlarge`. Default: the catalog's for the "
        "accelerator and `countPerNode`.",
    )
    ssh_key: _Word | None = Field(default=None, description="Name of the key pair for logging in. Default: none.")


class Generic(Part):
    """Clusters of any other provider, from its templates."""

    kind: Literal["generic"] = Field(description="`generic`.")
    cluster: Template = Field(description="The provider's object of the cluster, such as an `OpenStackCluster`.")
    control_plane: Template = Field(
        description="The provider's template of a machine without accelerators: control plane and system."
    )
    machines: Template = Field(description="The provider's template of a machine with accelerators.")
    spot: Template | None = Field(
        default=None, description="The same for spot machines. Default: that of `machines`, which must be one."
    )


class ClusterApi(Part):
    """The cluster, or one for each region, made by Cluster API."""

    version: str = Field(
        default="1.12",
        description="Version of Cluster API in the management cluster, in quotes: `'1.12'`.",
        json_schema_extra={"pattern": r"^1\.([7-9]|[1-9][0-9])$"},
    )
    infrastructure: Annotated[
        Annotated[Aws | Generic, Field(discriminator="kind")],
        Short(lambda kind: {"kind": kind}, {"type": "string", "const": "aws"}),
    ] = Field(description="The provider of the machines: `aws`, or one of them with its figures.")
    control_plane_machines: Literal[1, 3, 5, 7] = Field(
        default=3, description="Machines of the control plane; odd, so that a majority is one."
    )
    system_machines: int = Field(
        default=2, ge=1, le=1000, description="Machines without accelerators, for gateways and all that is no engine."
    )
    pod_cidr: _Cidr = Field(default="192.168.0.0/16", description="Addresses of the pods.")
    namespace: Label = Field(default="default", description="Namespace in the management cluster.")

    @field_validator("version", mode="before")
    @classmethod
    def _quoted(cls, version: object) -> object:
        if isinstance(version, (int, float)) and not isinstance(version, bool):
            raise_mistakes(
                Mistake(f"YAML reads this version as the number {version}", "put it in quotes, for example '1.12'")
            )
        return version

    @field_validator("version")
    @classmethod
    def _known(cls, version: str) -> str:
        match = _VERSION.fullmatch(version)
        if match is None:
            raise_mistakes(Mistake(f"{shown(version)} is no version of Cluster API", "write for example '1.12'"))
        elif int(match[1]) < OLDEST_RELEASE:
            remedy = f"use 1.{OLDEST_RELEASE} or newer: older ones make no clusters of Kubernetes 1.30"
            raise_mistakes(Mistake(f"Cluster API {version} is too old", remedy))
        return version

    @property
    def release(self) -> int:
        """The minor version: 12 for 1.12."""
        return int(self.version.partition(".")[2])
