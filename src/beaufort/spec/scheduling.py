"""Where the engines' pods are put."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from beaufort.spec.part import Part


class Scheduling(Part):
    """Where the engines' pods are put."""

    profile: Literal["default", "spread", "pack"] = Field(
        default="default",
        description="How the scheduler ranks nodes for engines. `default`: as the cluster does, which looks at cores "
        "and memory only. `spread`: nodes with the most free accelerators first. `pack`: those with the fewest, which "
        "leaves whole nodes free for large replicas. The last two are a second scheduler with a profile of its own.",
    )
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
