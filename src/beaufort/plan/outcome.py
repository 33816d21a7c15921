"""What a plan is expected to give and to cost, and how wrong that may be."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from beaufort.spec.part import Part

HOURS_PER_MONTH = 730


class Expectation(Part):
    """What the planned replicas give at the planned peak. Latencies at the percentiles of the objectives, seconds."""

    ttft_seconds: float = Field(ge=0, description="Time to first token, queueing included.")
    tpot_seconds: float = Field(ge=0, description="Time per output token after the first.")
    running_per_replica: float = Field(ge=0, description="Requests in a replica's batch.")
    utilisation: float = Field(ge=0, description="Of what a replica can take at the objectives; 1 is all.")
    requests_per_second_per_replica: float = Field(ge=0, description="Most that one replica takes at the objectives.")
    output_tokens_per_second: float = Field(ge=0, description="Over all replicas.")
    source: str = Field(description="Where the step times come from.")
    known_error: str = Field(description="How wrong they may be, and how that is known.")


class Cost(Part):
    """What the plan costs; the currency is that of the prices."""

    currency: str = Field(default="USD", description="Of the prices: list prices are in US dollars.")
    per_hour: float = Field(ge=0, description="With the mean number of replicas.")
    per_hour_at_peak: float = Field(ge=0, description="With every planned replica.")
    per_month: float = Field(ge=0, description="730 hours of `per_hour`.")
    per_million_tokens: float | None = Field(
        default=None, ge=0, description="Prompt and output tokens together; none without traffic."
    )


class Candidate(Part):
    """One way to serve that was considered: a quantisation, an accelerator, a shape."""

    quantisation: Literal["bf16", "fp8", "int8", "w4a16", "nf4"] = Field(description="The form of the weights.")
    accelerator: str = Field(description="The catalog's name.")
    tensor_parallel: int = Field(description="Accelerators that share every layer.")
    pipeline_parallel: int = Field(description="Stages of layers.")
    replicas: int = Field(ge=0, description="At the peak, over all regions; 0 when it cannot serve.")
    cost_per_hour: float | None = Field(default=None, description="None when it cannot serve.")
    ttft_seconds: float | None = Field(default=None, description="Time to first token, as in `expectation`.")
    tpot_seconds: float | None = Field(default=None, description="Time per output token, as in `expectation`.")
    accuracy_loss: float = Field(ge=0, description="Expected relative loss.")
    verdict: Literal["chosen", "front", "dominated", "refused"] = Field(
        description="`front`: no other one is better in something (cost, latencies, accuracy) and worse in nothing."
    )
    reason: str = Field(description="Why it was chosen, is as good in another way, is worse, or cannot serve.")
