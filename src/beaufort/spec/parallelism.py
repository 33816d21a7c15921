"""How a replica is cut, where the file fixes it."""

from __future__ import annotations

from pydantic import Field

from beaufort.spec.part import Part


class Parallelism(Part):
    """How a replica is cut. What is left open is planned."""

    tensor: int | None = Field(
        default=None,
        ge=1,
        le=64,
        description="Accelerators of one node that share every layer. The model's heads and KV heads must divide "
        "among them. Default: planned.",
    )
    pipeline: int | None = Field(
        default=None,
        ge=1,
        le=64,
        description="Stages of layers, one after the other, in one node or, when it has too few accelerators, each in "
        "a node of its own. Default: planned.",
    )
