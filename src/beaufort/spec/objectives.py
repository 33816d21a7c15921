"""What the service promises."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import Field

from beaufort.spec.notation import Short
from beaufort.spec.part import Part
from beaufort.spec.scalars import DURATION, ProperShare, Seconds, Share


class Latency(Part):
    """A latency that a percentile of the requests stays within."""

    percentile: float = Field(
        default=95.0, ge=1, le=99.999, description="The percentile of the requests, for example 95 or 99.9."
    )
    within: Seconds = Field(description="The latency: `250ms`, `2s`, or seconds.")


_Latency: TypeAlias = Annotated[
    Latency,
    Short(
        lambda within: {"within": within},
        {
            "anyOf": [
                {"type": "number", "exclusiveMinimum": 0},
                {"type": "string", "pattern": DURATION},
            ]
        },
    ),
]


class Objectives(Part):
    """What the service promises."""

    # Ten tokens a second is about twice as fast as people read.
    ttft: _Latency = Field(
        default=Latency(within=2.0),
        description="Time to first token: `2s` (of 95 % of the requests), or `{percentile: 99, within: 2s}`.",
    )
    tpot: _Latency = Field(
        default=Latency(within=0.1),
        description="Mean time per output token after the first, of a request: `100ms`, or "
        "`{percentile: 99, within: 100ms}`.",
    )
    availability: ProperShare = Field(
        default=0.99, description="Share of the requests that are answered: `99.9%`, or 0.999."
    )
    max_accuracy_loss: Share = Field(
        default=0.01,
        description="The largest relative loss of accuracy that quantisation may cost: `1%`, or 0.01.",
    )
