"""The traffic of one service, in the terms that the planner computes with."""

from __future__ import annotations

from dataclasses import dataclass

from beaufort.spec.traffic import Bursty, Diurnal, Shape, Spikes, Synthetic
from beaufort.traffic.course import Course, Daily, Spiking, Steady
from beaufort.traffic.lengths import Lengths, from_file

REUSE_SECONDS = 165.0
"""Mean time until a shared prefix is asked for again. Half of the repeated blocks of Mooncake's conversation trace come
back within 114 s, which is the median of an exponential distribution with this mean."""


@dataclass(frozen=True, slots=True)
class Demand:
    """What comes.

    Attributes:
        rate: Mean requests per second.
        course: How the rate moves around its mean.
        dispersion: Variance of the number of arrivals in a short time over its mean: 1 is a Poisson process. Gaps with
            a coefficient of variation ``c`` give ``c**2``.
        prompt: Lengths of prompts.
        output: Lengths of answers.
        shared: Share of the prompt tokens that begin an earlier prompt too.
        reuse_seconds: Mean time until such a beginning is asked for again.
        source: Where this is from, one clause.
    """

    rate: float
    course: Course
    dispersion: float
    prompt: Lengths
    output: Lengths
    shared: float = 0.0
    reuse_seconds: float = REUSE_SECONDS
    source: str = "the service file"

    @property
    def peak_rate(self) -> float:
        """Requests per second when most come."""
        return self.rate * self.course.peak


def synthetic(traffic: Synthetic) -> Demand:
    """Return the demand that the figures of a service file describe."""
    return Demand(
        rate=traffic.rate,
        course=_course(traffic.shape),
        dispersion=traffic.shape.variation**2 if isinstance(traffic.shape, Bursty) else 1.0,
        prompt=from_file(traffic.prompt_tokens),
        output=from_file(traffic.output_tokens),
        shared=traffic.shared_prefix,
    )


def _course(shape: Shape) -> Course:
    match shape:
        case Diurnal(peak=peak, period=period) if peak > 1:
            return Daily(peak, period)
        case Spikes(height=height, every=every, lasting=lasting):
            return Spiking(height, lasting / every)
        case _:
            return Steady()
