"""The most that one replica takes at the objectives."""

from __future__ import annotations

from dataclasses import dataclass

from beaufort.plan.queueing import State, Station

_LOADS = (0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85)
"""Loads that are tried, as shares of the rate at which every place is taken. Beyond the last one a batch wavers so much
that the model of it means little: a plan keeps below."""
_HALVINGS = 7


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
        """Return whether a replica in this state keeps the promise."""
        return (
            state is not None
            and state.tpot_share(self.tpot) >= self.tpot_share
            and state.ttft_share(self.ttft) >= self.ttft_share
        )


def limit(station: Station, target: Target, dispersion: float) -> float:
    """Return the most requests per second at which one replica keeps ``target``; 0 when it never does.

    A looser target never gives less: what is tried does not depend on the target, and each trial that a target passes
    is passed by every looser one.
    """
    most = station.most()
    low, high = 0.0, None
    for load in _LOADS:
        if not target.met(station.at(load * most, dispersion)):
            high = load
            break
        low = load
    if high is None or low == 0:
        return low * most
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if target.met(station.at(middle * most, dispersion)) else (low, middle)
    return low * most
