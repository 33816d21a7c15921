"""The accelerators that may be used, and what they cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, ValidationInfo, field_validator

from beaufort.spec.document import Path
from beaufort.spec.mistakes import Mistake, raise_mistakes, repeated
from beaufort.spec.notation import Pattern
from beaufort.spec.part import Part
from beaufort.spec.scalars import Label

Product: TypeAlias = Annotated[
    str,
    Pattern(
        r"^[A-Za-z0-9][A-Za-z0-9._ -]{0,62}$",
        "a product name",
        "write it as the catalog does, for example H100 or L40S",
    ),
]


@dataclass(frozen=True, slots=True)
class Zones:
    """The zones of the cluster, as the context of a validation: so a wrong zone is told beside any other mistake."""

    names: tuple[str, ...] = ()

    def lacks(self, zones: tuple[str, ...], at: Path = ()) -> list[Mistake]:
        """Return a mistake for each of ``zones``, a list at ``at``, that the cluster does not have."""
        remedy = f"use one of {', '.join(self.names)}, or add it to spec.cluster.zones"
        return [
            Mistake(f"the cluster has no zone {zone!r}", remedy, (*at, position))
            for position, zone in enumerate(zones)
            if self.names and zone not in self.names
        ]


class Accelerator(Part):
    """One kind of node with accelerators."""

    product: Product = Field(
        description="The accelerator's name: `H100`, `A100-80GB`, `L40S`, `L4` ...", examples=["H100"]
    )
    count_per_node: int = Field(default=1, ge=1, le=64, description="Accelerators on one node.")
    max_nodes: int = Field(default=1, ge=1, le=10_000, description="The most nodes of this kind that may be used.")
    price_per_hour: float | None = Field(
        default=None,
        ge=0,
        le=100_000,
        description="Price of one accelerator for one hour, in the budget's currency. Default: the catalog's.",
    )
    capacity: Literal["on-demand", "spot"] = Field(
        default="on-demand",
        description="`on-demand`: kept until released. `spot`: cheaper, may be taken away at short notice.",
    )
    zones: tuple[Label, ...] = Field(
        default=(), max_length=100, description="The zones that have such nodes. Default: every zone of the cluster."
    )

    @field_validator("zones")
    @classmethod
    def _zones_fit(cls, zones: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        known = info.context if isinstance(info.context, Zones) else Zones()
        raise_mistakes(*repeated(zones, "zone"), *known.lacks(zones))
        return zones
