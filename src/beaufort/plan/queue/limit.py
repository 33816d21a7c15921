"""The most that one replica takes at the objectives."""

from __future__ import annotations

from dataclasses import dataclass

from beaufort.plan.queue.state import State
from beaufort.plan.queue.station import Station

HIGHEST_LOAD = 0.8
"""Of the rate at which every place is taken. Beyond, a batch wavers so much that its model means little."""
MARGIN = 1.15
"""By how much the modelled latencies must stay below the objectives: by as much as the simulated replica was above the
model at loads of up to 0.7 (``benchmarks/planner.py``)."""
BURST_MARGIN = 0.1
"""What bursts add to that: all of it for endless ones."""
_HALVINGS = 9
LIGHTEST_LOAD = HIGHEST_LOAD / 2**_HALVINGS
"""The last that is tried: who does not keep the objectives at it is taken to keep them never."""


@dataclass(frozen=True, slots=True)
class Target:
    """What is promised.

    Attributes:
        ttft: Seconds to the first token ...
        ttft_share: ... of this share of the requests.
        tpot: Seconds per token after it ...
        tpot_share: ... of this share of the answers.
    """

    ttft: float
    ttft_share: float
    tpot: float
    tpot_share: float

    def met(self, state: State | None) -> bool:
        """Return whether a replica in this state keeps the promise, with the margin."""
        if state is None:
            return False
        within = margin(state.dispersion)
        return (
            state.tpot_share(self.tpot / within) >= self.tpot_share
            and state.ttft_share(self.ttft / within) >= self.ttft_share
        )


def margin(dispersion: float) -> float:
    """Return by how much the modelled latencies must stay below the objectives."""
    return MARGIN + BURST_MARGIN * (1 - 1 / dispersion)


def limit(station: Station, target: Target, dispersion: float) -> float:
    """Return the most requests per second at which one replica keeps ``target``; 0 when it never does.

    A looser target never gives less: it passes every trial that a tighter one passes, so it never ends lower.
    """
    most = station.most()
    low, high = 0.0, HIGHEST_LOAD
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if target.met(station.at(middle * most, dispersion)) else (low, middle)
    return low * most
