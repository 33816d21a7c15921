"""One way to run a replica: a precision, a shape and a budget of tokens a step, with the memory that leaves."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from beaufort.catalog.accelerators import Accelerator
from beaufort.catalog.models import Architecture
from beaufort.catalog.precision import Precision
from beaufort.perf.profile import StepProfile
from beaufort.perf.roofline import Roofline
from beaufort.plan.memory import BLOCK_SIZE, Fit, blocks_in, fit
from beaufort.plan.queue.station import Station
from beaufort.plan.queue.work import context_variance, level, mean_context, work
from beaufort.plan.replica import Shape
from beaufort.plan.staged import Staged
from beaufort.traffic.demand import Demand

Profiles: TypeAlias = Callable[[Architecture, Accelerator, Precision, int], StepProfile]
"""How long steps take: for a model on so many accelerators that share every layer."""

TOKEN_BUDGETS = (8192, 2048, 16384)
"""Tokens a step that are tried, the preferred one first: vLLM's defaults for servers lie among them."""

MOST_SEQUENCES = 512
"""The largest batch for which vLLM captures a CUDA graph by default: beyond it steps are launched kernel by kernel."""

_ROOM = 2.33
"""Standard deviations of the held context that stay free: one batch in a hundred needs more, and is preempted."""


@dataclass(frozen=True, slots=True)
class Setup:
    """A replica that holds its model, not yet worked out as a queue.

    Attributes:
        architecture: The model.
        accelerator: What runs it.
        precision: Of the weights.
        shape: How it is cut.
        profile: How long its steps take.
        demand: The traffic that it is for.
        space: Where the memory of one accelerator goes.
        kv_blocks: Blocks of keys and values, over all accelerators.
        max_model_len: The longest request.
        max_num_batched_tokens: Most tokens in a step.
    """

    architecture: Architecture
    accelerator: Accelerator
    precision: Precision
    shape: Shape
    profile: StepProfile
    demand: Demand
    space: Fit
    kv_blocks: int
    max_model_len: int
    max_num_batched_tokens: int

    @property
    def kv_tokens(self) -> int:
        """Tokens whose keys and values fit."""
        return self.kv_blocks * BLOCK_SIZE

    @property
    def places(self) -> int:
        """Requests that it runs at once: what its memory holds, the largest batch, or half of a step's tokens."""
        return min(seats(self.demand, self.kv_tokens), MOST_SEQUENCES, self.max_num_batched_tokens // 2)

    def most(self) -> float:
        """Return the requests per second at which every place is taken; ``Station.most`` without working it all out."""
        full = level(self.profile, self.demand, self.places, self.max_num_batched_tokens)
        tokens = max(0.0, self.demand.output.mean - 1)
        return full.most(self.places, tokens)

    def station(self) -> Station:
        """Return this replica as a queue."""
        costs = work(self.profile, self.demand, self.places, self.max_num_batched_tokens)
        return Station(costs, self.demand, self.kv_tokens, self.places)


def space(
    architecture: Architecture, accelerator: Accelerator, precision: Precision, shape: Shape, tokens: int
) -> tuple[Fit, int]:
    """Return where the memory goes with ``tokens`` tokens a step, and the blocks that it leaves; none when negative."""
    found = fit(
        architecture,
        accelerator,
        precision,
        tensor_parallel=shape.tensor_parallel,
        pipeline_parallel=shape.pipeline_parallel,
        max_num_batched_tokens=tokens,
    )
    return found, blocks_in(found, architecture, shape.tensor_parallel, shape.pipeline_parallel)


def timing(
    architecture: Architecture, accelerator: Accelerator, precision: Precision, shape: Shape, profiles: Profiles
) -> StepProfile:
    """Return how long a replica's steps take."""
    whole = profiles(architecture, accelerator, precision, shape.tensor_parallel)
    if shape.pipeline_parallel == 1:
        return whole
    return Staged(whole, shape.pipeline_parallel, architecture.hidden)


def roofline(
    architecture: Architecture, accelerator: Accelerator, precision: Precision, tensor_parallel: int
) -> StepProfile:
    """Return the timing from the vendor's figures: what there is where nothing was measured."""
    return Roofline(architecture, accelerator, precision, tensor_parallel)


def seats(demand: Demand, kv_tokens: int) -> int:
    """Return how many requests run at once so that their context fits, but for one time in a hundred.

    The context of ``n`` of them is normal around ``n c`` with the variance ``n s^2``; the largest ``n`` with
    ``n c + 2.33 s sqrt(n) <= kv_tokens``.
    """
    mean, deviation = mean_context(demand), math.sqrt(context_variance(demand))
    root = (math.sqrt((_ROOM * deviation) ** 2 + 4 * mean * kv_tokens) - _ROOM * deviation) / (2 * mean)
    return max(1, math.floor(root**2))
