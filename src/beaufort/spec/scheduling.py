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
