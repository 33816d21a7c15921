"""A profile that can be computed by hand, and traffic for it."""

from __future__ import annotations

from dataclasses import dataclass

from beaufort.perf.profile import StepBatch
from beaufort.traffic.course import Steady
from beaufort.traffic.demand import Demand
from beaufort.traffic.lengths import Lengths


@dataclass(frozen=True)
class Linear:
    """A profile that takes a second a step, a hundredth a decoding sequence, and a thousandth a prompt token."""

    source: str = "test"
    known_error: str = "none"

    def step_seconds(self, batch: StepBatch) -> float:
        return 1 + batch.decode_sequences / 100 + batch.prefill_tokens / 1000


def fixed(tokens: float) -> Lengths:
    return Lengths(((1.0, tokens),))


DEMAND = Demand(1.0, Steady(), 1.0, fixed(600.0), fixed(101.0))
