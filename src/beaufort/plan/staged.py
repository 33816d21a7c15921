"""The timing of a replica whose layers are cut into stages."""

from __future__ import annotations

from dataclasses import dataclass

from beaufort.perf.profile import StepBatch, StepProfile

_BF16_BYTES = 2
_LINK_BYTES_PER_SECOND = 10e9
"""Between nodes: 100 Gbit/s Ethernet at four fifths of its rate, which GPU nodes of every cloud have at least."""
_LINK_SECONDS = 50e-6
"""Latency of one transfer between nodes, of the order of a round trip in one data centre."""


@dataclass(frozen=True, slots=True)
class Staged:
    """A profile of the whole model, passed through ``stages`` one after the other.

    An engine keeps as many batches under way as there are stages; here one batch is, which is on the safe side.

    Attributes:
        whole: How long a step takes when one stage's accelerators held all of the model.
        stages: How many there are.
        hidden: Width of what is handed from one to the next.
    """

    whole: StepProfile
    stages: int
    hidden: int

    @property
    def source(self) -> str:
        """Where the times come from."""
        return f"{self.whole.source}, over {self.stages} stages one after the other"

    @property
    def known_error(self) -> str:
        """How wrong the times may be."""
        return f"{self.whole.known_error}; pipeline parallelism not compared, and counted without overlap"

    def step_seconds(self, batch: StepBatch) -> float:
        """Return the seconds of one step through all stages."""
        if not batch.tokens:
            return 0.0
        handed = batch.tokens * self.hidden * _BF16_BYTES / _LINK_BYTES_PER_SECOND + _LINK_SECONDS
        return self.whole.step_seconds(batch) + (self.stages - 1) * handed
