"""The Kubernetes cluster, and the regions around it."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, field_validator

from beaufort.spec.mistakes import Mistake, raise_mistakes, repeated, shown
from beaufort.spec.notation import Pattern
from beaufort.spec.part import Part
from beaufort.spec.provision import ClusterApi
from beaufort.spec.scalars import Label, Share

OLDEST_MINOR = 30  # scheduling gates and their mutable affinity, on which placement stands, are stable since 1.30

_VERSION = re.compile(r"v?1\.([0-9]{1,3})(\.[0-9]{1,3})?([-+][A-Za-z0-9.+-]{1,64})?", re.ASCII)
# The same, and not older than OLDEST_MINOR.
_VERSION_EXPRESSION = r"^v?1\.(3[0-9]|[4-9][0-9]|[1-9][0-9]{2})(\.[0-9]{1,3})?([-+][A-Za-z0-9.+-]{1,64})?$"


class Cluster(Part):
    """The Kubernetes cluster."""

    version: str = Field(
        default="1.30",
        description="Kubernetes version, 1.30 or newer, in quotes: `'1.30'` (without them YAML reads the number 1.3).",
        examples=["1.30", "v1.31.2"],
        json_schema_extra={"pattern": _VERSION_EXPRESSION},
    )
    provider: Literal["other", "aks", "eks", "gke", "k3s", "kind", "openshift", "rke2"] = Field(
        default="other", description="Who runs the control plane."
    )
    cni: Literal["other", "aws-vpc", "azure", "calico", "cilium", "flannel", "gke-dataplane-v2", "kindnet"] = Field(
        default="other", description="The network plugin."
    )
    zones: tuple[Label, ...] = Field(
        default=(),
        max_length=100,
        description="The zones, as nodes carry them in `topology.kubernetes.io/zone`. Default: one, unnamed.",
    )
    provision: ClusterApi | None = Field(
        default=None, description="How the cluster is made, by Cluster API. Default: it exists already."
    )
    feature_gates: tuple[
        Annotated[
            str,
            Pattern(r"^[A-Z][A-Za-z0-9]{1,62}$", "a feature gate", "write for example VolumeAttributesClass"),
        ],
        ...,
    ] = Field(
        default=(),
        max_length=100,
        description="Feature gates that somebody turned on because this version leaves them off, for example "
        "`VolumeAttributesClass`. What needs them is then rendered too.",
    )

    @field_validator("version", mode="before")
    @classmethod
    def _quoted(cls, version: object) -> object:
        if isinstance(version, (int, float)) and not isinstance(version, bool):
            raise_mistakes(
                Mistake(f"YAML reads this version as the number {version}", "put it in quotes, for example '1.30'")
            )
        return version

    @field_validator("version")
    @classmethod
    def _supported(cls, version: str) -> str:
        match = _VERSION.fullmatch(version)
        if match is None:
            raise_mistakes(Mistake(f"{shown(version)} is not a Kubernetes version", "write for example '1.30'"))
        elif int(match[1]) < OLDEST_MINOR:
            remedy = f"use a cluster of version 1.{OLDEST_MINOR} or newer"
            raise_mistakes(Mistake(f"Kubernetes {version} is too old", remedy))
        return version

    @field_validator("zones")
    @classmethod
    def _zones_once(cls, zones: tuple[str, ...]) -> tuple[str, ...]:
        raise_mistakes(*repeated(zones, "zone"))
        return zones

    @property
    def minor(self) -> int:
        """The minor version: 30 for 1.30.2."""
        match = _VERSION.fullmatch(self.version)
        return int(match[1]) if match else OLDEST_MINOR


class Region(Part):
    """A region with a cluster of this form."""

    name: Label = Field(description="The region's name.")
    share: Share | None = Field(
        default=None, description="Share of the traffic that begins there: `60%`, or 0.6. Default: an equal part."
    )
