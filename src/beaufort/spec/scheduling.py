"""Where the engines' pods are put."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from beaufort.spec.part import Part


class Scheduling(Part):
    """Where the engines' pods are put."""

    gates: bool = Field(
        default=False,
        description="Whether engines wait at a scheduling gate until Beaufort's operator has found their place. "
        "Without the operator they wait for ever, and a cluster autoscaler adds no node for a pod at a gate.",
    )
    zones: Literal["preferred", "required"] = Field(
        default="preferred",
        description="Whether engines are spread evenly over the zones where that is possible, or else not started: "
        "`required` keeps a pod waiting when the zone whose turn it is has no accelerator left.",
    )
