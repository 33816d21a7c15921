"""The traffic to expect: synthetic, by its rate, lengths and shape; or recorded, as a trace."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias

from pydantic import Discriminator, Field, Tag, ValidationInfo, field_validator

from beaufort.spec.mistakes import Mistake, raise_mistakes
from beaufort.spec.notation import Pattern, Short
from beaufort.spec.part import Part
from beaufort.spec.scalars import Seconds, Share

_Tokens: TypeAlias = Annotated[float, Field(ge=1, le=16_777_216)]


class Mean(Part):
    """A length by its mean."""

    mean: _Tokens = Field(description="The mean, in tokens.")


class Percentiles(Part):
    """A length by two of its percentiles."""

    p50: _Tokens = Field(description="The median, in tokens.")
    p95: _Tokens = Field(description="The 95th percentile, in tokens.")

    @field_validator("p95")
    @classmethod
    def _ordered(cls, p95: float, info: ValidationInfo) -> float:
        p50 = info.data.get("p50")
        if p50 is not None and p95 < p50:
            raise_mistakes(Mistake(f"the 95th percentile {p95:g} is below the median {p50:g}", "swap the two"))
        return p95


def _form(value: object) -> str:
    keys = value if isinstance(value, Mapping) else {"p50"} if isinstance(value, Percentiles) else ()
    return "percentiles" if {"p50", "p95"} & set(keys) else "mean"


Lengths: TypeAlias = Annotated[
    Annotated[
        Annotated[Mean, Tag("mean")] | Annotated[Percentiles, Tag("percentiles")],
        Discriminator(_form),
    ],
    Short(lambda mean: {"mean": mean}, {"type": "number", "minimum": 1, "maximum": 16_777_216}),
]


class Constant(Part):
    """The same rate always: requests arrive independently of each other (a Poisson process)."""

    kind: Literal["constant"] = Field(description="`constant`.")


class Diurnal(Part):
    """A rate that rises and falls with the day."""

    kind: Literal["diurnal"] = Field(description="`diurnal`.")
    peak: float = Field(default=2.0, ge=1, le=100, description="The highest rate as a multiple of the mean.")
    period: Seconds = Field(default=86400.0, description="From peak to peak: `24h`, or seconds.")


class Bursty(Part):
    """Arrivals that come in bunches at a constant mean rate (gaps with a gamma distribution)."""

    kind: Literal["bursty"] = Field(description="`bursty`.")
    variation: float = Field(
        default=3.0,
        ge=1,
        le=100,
        description="Standard deviation of the gaps between requests over their mean; 1 is a Poisson process.",
    )


class Spikes(Part):
    """A constant rate with short, regular spikes. The mean rate includes them."""

    kind: Literal["spikes"] = Field(description="`spikes`.")
    height: float = Field(default=5.0, gt=1, le=1000, description="The rate in a spike as a multiple of that between.")
    every: Seconds = Field(default=3600.0, description="From the start of one spike to the next: `1h`, or seconds.")
    lasting: Seconds = Field(default=60.0, description="How long a spike lasts: `1m`, or seconds.")

    @field_validator("lasting")
    @classmethod
    def _shorter_than_gap(cls, lasting: float, info: ValidationInfo) -> float:
        every = info.data.get("every")
        if every is not None and lasting >= every:
            what = f"a spike of {lasting:g} s does not end before the next, {every:g} s after its start"
            raise_mistakes(Mistake(what, "make lasting shorter than every"))
        return lasting


Shape: TypeAlias = Annotated[
    Annotated[Constant | Diurnal | Bursty | Spikes, Field(discriminator="kind")],
    Short(
        lambda kind: {"kind": kind},
        {"type": "string", "enum": ["constant", "diurnal", "bursty", "spikes"]},
    ),
]


class Synthetic(Part):
    """Traffic described by figures."""

    rate: float = Field(default=1.0, gt=0, le=1e6, description="Mean requests per second.")
    prompt_tokens: Lengths = Field(
        default=Mean(mean=512), description="Length of prompts in tokens: the mean, or `{p50: ..., p95: ...}`."
    )
    output_tokens: Lengths = Field(
        default=Mean(mean=128), description="Length of answers in tokens: the mean, or `{p50: ..., p95: ...}`."
    )
    shared_prefix: Share = Field(
        default=0.0,
        description="Share of the prompt tokens, `0%` to `100%` or 0 to 1, that repeat the beginning of an earlier "
        "prompt: a system prompt, documents, the turns of a chat so far.",
    )
    shape: Shape = Field(
        default=Constant(kind="constant"),
        description="How the rate moves: `constant`, `diurnal`, `bursty`, `spikes`, or one of them with its figures.",
    )


class Trace(Part):
    """A recording of real traffic."""

    file: Annotated[str, Pattern(r"^.{1,1024}$", "a file name", "name the trace file")] = Field(
        description="The file, absolute or relative to the working directory."
    )
    format: Literal["azure", "mooncake"] = Field(
        description="`azure`: CSV of the Azure LLM inference traces. `mooncake`: JSON lines of Mooncake's traces."
    )
    speed: float = Field(default=1.0, gt=0, le=1000, description="How many times faster than recorded it is replayed.")


class Recorded(Part):
    """Traffic as it was recorded: the trace tells rate, lengths, prefixes and shape."""

    trace: Trace = Field(description="A trace to replay, in place of all the figures.")


def _origin(value: object) -> str:
    recorded = isinstance(value, Recorded) or (isinstance(value, Mapping) and "trace" in value)
    return "recorded" if recorded else "synthetic"


Traffic: TypeAlias = Annotated[
    Annotated[Synthetic, Tag("synthetic")] | Annotated[Recorded, Tag("recorded")], Discriminator(_origin)
]
