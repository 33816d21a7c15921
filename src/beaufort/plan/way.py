"""One way to serve: before it is judged, when it cannot serve, and when it can."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property

from beaufort.catalog.accelerators import Accelerator
from beaufort.catalog.precision import Precision
from beaufort.catalog.quantisation import METHODS, Support
from beaufort.plan.queue.limit import Target
from beaufort.plan.queue.state import State
from beaufort.plan.replica import Lifecycle, Shape
from beaufort.plan.setup import Setup
from beaufort.plan.sizing import Frame, Rates, Sizing


@dataclass(frozen=True, slots=True)
class Way:
    """A form of the weights on an accelerator, in a shape.

    Attributes:
        accelerator: What runs the model.
        precision: The form of the weights.
        shape: How a replica is cut; when no shape holds the model, the one that comes nearest.
        loss: Expected relative loss of accuracy.
    """

    accelerator: Accelerator
    precision: Precision
    shape: Shape
    loss: float = 0.0

    def __str__(self) -> str:
        stages = f" in {self.shape.pipeline_parallel} stages" if self.shape.pipeline_parallel > 1 else ""
        return f"{self.precision} on {self.shape.accelerators} x {self.accelerator.name}{stages}"


def accuracy_loss(precision: Precision) -> float:
    """Return the most accuracy that is known to be lost to a form of the weights, relative."""
    return METHODS[precision].loss.high


def runs(precision: Precision, chip: Accelerator) -> bool:
    """Return whether an engine has kernels for this form on an accelerator."""
    return METHODS[precision].on(chip) is not Support.NONE


class Stage(IntEnum):
    """How far a way came before it was refused."""

    MEMORY = 0
    LATENCY = 1
    ROOM = 2
    BUDGET = 3


@dataclass(frozen=True, slots=True)
class Refused:
    """A way that cannot serve.

    Attributes:
        way: Which.
        stage: What it failed at.
        why: One clause.
        excess: What it takes over what is allowed; infinite when more of anything would not help.
    """

    way: Way
    stage: Stage
    why: str
    excess: float = math.inf


@dataclass(frozen=True)
class Served:
    """A way that keeps every objective.

    Attributes:
        way: Which.
        setup: One replica.
        rates: What replicas take.
        target: The latencies that are kept.
        sizings: The replicas of each region.
        frame: What bounded them.
        life: How long a replica takes to start and to end.
    """

    way: Way
    setup: Setup
    rates: Rates
    target: Target
    sizings: tuple[Sizing, ...]
    frame: Frame
    life: Lifecycle

    @property
    def replicas(self) -> int:
        """At the peak, over all regions."""
        return sum(sizing.planned for sizing in self.sizings)

    @property
    def accelerators(self) -> int:
        """At the peak, over all regions."""
        return self.replicas * self.way.shape.accelerators

    @property
    def cost(self) -> float:
        """For an hour, in the mean."""
        return math.fsum(sizing.cost for sizing in self.sizings)

    @property
    def cost_at_peak(self) -> float:
        """For an hour with every planned replica."""
        return math.fsum(sizing.cost_at_peak for sizing in self.sizings)

    @cached_property
    def busiest(self) -> Sizing:
        """The region whose replicas have most to do."""
        return max(self.sizings, key=lambda sizing: sizing.place.share / max(1, sizing.planned))

    @property
    def rate(self) -> float:
        """Requests per second of a replica there, at the peak."""
        return self.frame.demand.peak_rate * self.busiest.place.share / max(1, self.busiest.planned)

    @property
    def most(self) -> float:
        """Requests per second that such a replica takes at the objectives: what is planned, and mostly more."""
        return max(self.rates.each(max(1, self.busiest.planned)), self.rate)

    @cached_property
    def state(self) -> State:
        """Such a replica in its steady state."""
        found = self.rates.at(self.rate, self.busiest.planned)
        if found is None:
            message = "a planned replica has a steady state"
            raise AssertionError(message)
        return found

    @cached_property
    def ttft(self) -> float:
        """Seconds to the first token, at the objective's percentile."""
        return self.state.ttft(100 * self.target.ttft_share)

    @cached_property
    def tpot(self) -> float:
        """Seconds per token after it, at the objective's percentile."""
        return self.state.tpot(100 * self.target.tpot_share)
