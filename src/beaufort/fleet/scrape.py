"""A replica's load, from what its ``/metrics`` says under vLLM's names."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

RATE_SECONDS = 5.0
TTFT_SECONDS = 60.0

Totals = dict[str, float]


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at ``/metrics``. What the replica does not tell, or tells as NaN, is None.

    Attributes:
        at: When, in seconds of a monotonic clock.
        running: Requests in the batch.
        waiting: Requests that wait to join it.
        kv: Share of the KV cache in use, 0 to 1.
        tokens: Tokens generated since the start.
        ttft_seconds: Sum of all times to the first token.
        ttft_count: How many of them.
    """

    at: float
    running: float | None = None
    waiting: float | None = None
    kv: float | None = None
    tokens: float | None = None
    ttft_seconds: float | None = None
    ttft_count: float | None = None


@dataclass(frozen=True, slots=True)
class Load:
    """What a replica is doing: the last sample, and the differences between samples.

    Attributes:
        running: Requests in the batch.
        waiting: Requests that wait to join it.
        kv: Share of the KV cache in use, 0 to 1.
        tokens_per_second: Tokens generated per second, over the last ``RATE_SECONDS``.
        ttft: Mean seconds to the first token, over the last ``TTFT_SECONDS``; None when there was none.
    """

    running: float | None = None
    waiting: float | None = None
    kv: float | None = None
    tokens_per_second: float | None = None
    ttft: float | None = None


def totals(text: str) -> Totals:
    """Return the sum over all labels of every metric in a Prometheus text; lines that are none are skipped."""
    sums: Totals = {}
    for line in text.splitlines():
        name, labels, rest = line.partition("{")
        if labels:
            rest = rest.rpartition("}")[2]
        else:
            name, _, rest = line.partition(" ")
        try:
            value = float(rest.split()[0])
        except (IndexError, ValueError):
            continue
        sums[name] = sums.get(name, 0.0) + value
    return sums


def read(text: str, at: float) -> Sample:
    """Return the sample in the text of ``/metrics`` that was read at ``at``."""
    known = {name: value for name, value in totals(text).items() if math.isfinite(value)}
    return Sample(
        at=at,
        running=known.get("vllm:num_requests_running"),
        waiting=known.get("vllm:num_requests_waiting"),
        kv=known.get("vllm:kv_cache_usage_perc"),
        tokens=known.get("vllm:generation_tokens_total"),
        ttft_seconds=known.get("vllm:time_to_first_token_seconds_sum"),
        ttft_count=known.get("vllm:time_to_first_token_seconds_count"),
    )


def keep(samples: Sequence[Sample], new: Sample) -> tuple[Sample, ...]:
    """Return ``samples`` with ``new``, without those that no figure needs any more.

    A total that went back means a restarted replica: what came before is another one's.
    """
    last = samples[-1] if samples else new
    if new.tokens is not None and last.tokens is not None and new.tokens < last.tokens:
        return (new,)
    return (*(each for each in samples if new.at - each.at <= TTFT_SECONDS), new)


def load(samples: Sequence[Sample]) -> Load:
    """Return the load that ``samples``, oldest first, show."""
    if not samples:
        return Load()
    last = samples[-1]
    near = next(each for each in samples if last.at - each.at <= RATE_SECONDS)
    first_tokens = _difference(samples[0].ttft_count, last.ttft_count)
    waited = _difference(samples[0].ttft_seconds, last.ttft_seconds)
    tokens = _difference(near.tokens, last.tokens)
    return Load(
        running=last.running,
        waiting=last.waiting,
        kv=last.kv,
        tokens_per_second=tokens / (last.at - near.at) if tokens is not None and last.at > near.at else None,
        ttft=waited / first_tokens if waited is not None and first_tokens else None,
    )


def _difference(before: float | None, after: float | None) -> float | None:
    return None if before is None or after is None or after < before else after - before
