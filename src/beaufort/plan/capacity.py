"""Where replicas run and how many: pools of nodes, regions, and the bounds and targets of scaling."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from beaufort.spec.part import Part


class Pool(Part):
    """Nodes of one kind and capacity in one region.

    Replicas of one plan are all alike; pools differ in what their nodes cost and how long they may be kept.
    """

    name: str = Field(description="Unique in the plan and a Kubernetes label: `h100-on-demand`.")
    accelerator: str = Field(description="The catalog's name.")
    capacity: Literal["on-demand", "spot"] = Field(description="Kept until released, or cheaper and may vanish.")
    zones: tuple[str, ...] = Field(default=(), description="Zones with such nodes; empty: every zone.")
    accelerators_per_node: int = Field(ge=1, description="Accelerators on one node.")
    replicas: int = Field(ge=0, description="Replicas at the planned peak, spare ones included.")
    max_replicas: int = Field(ge=0, description="Most replicas that autoscaling may place here.")
    nodes: int = Field(ge=0, description="Nodes for `replicas`.")
    max_nodes: int = Field(ge=0, description="Nodes for `maxReplicas`.")
    price_per_hour: float = Field(ge=0, description="Of one accelerator.")
    price_source: str = Field(description="Where the price was read, with its date, or that the file gives it.")


class ReplicaCount(Part):
    """Replicas of one region."""

    needed: int = Field(ge=0, description="For the peak at the objective, with nothing lost.")
    spare: int = Field(ge=0, description="On top: for the loss of one node or zone, and for growth during a start.")
    min: int = Field(ge=0, description="The fewest that autoscaling keeps.")
    max: int = Field(ge=1, description="The most that autoscaling runs.")

    @property
    def planned(self) -> int:
        """Replicas at the peak."""
        return self.needed + self.spare


class Region(Part):
    """What one region runs."""

    name: str = Field(default="", description="Empty for the only, unnamed one.")
    rate: float = Field(ge=0, description="Mean requests per second that begin here.")
    peak_rate: float = Field(ge=0, description="The rate that is planned for.")
    replicas: ReplicaCount = Field(description="How many replicas it has, and between which bounds they scale.")
    pools: tuple[Pool, ...] = Field(description="The nodes that they run on, on-demand ones first.")


class ScalePolicy(Part):
    """How fast replicas may come or go, as `behavior` of an HorizontalPodAutoscaler."""

    stabilization_seconds: int = Field(ge=0, le=3600, description="How long the wish has to last.")
    pods: int = Field(ge=1, description="At most so many at once ...")
    percent: int = Field(
        ge=1, description="... or so many percent: the larger when growing, the smaller when shrinking."
    )
    period_seconds: int = Field(ge=1, le=1800, description="... in such a period.")


class Scaling(Part):
    """What autoscaling holds, per replica."""

    waiting_target: float = Field(gt=0, description="Requests waiting in an engine.")
    running_target: float = Field(gt=0, description="Requests running in an engine.")
    gpu_utilisation_target: int = Field(ge=1, le=100, description="Percent; a second guard, 70 to 80.")
    up: ScalePolicy = Field(description="How fast replicas may come.")
    down: ScalePolicy = Field(description="How fast replicas may go.")


class Disruption(Part):
    """What may be missing at once, and what stands by."""

    max_unavailable: int = Field(ge=1, description="Replicas that evictions may take at once.")
    headroom_pods: int = Field(ge=0, description="Low-priority pods that hold a place for a replica that must move.")
