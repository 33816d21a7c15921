"""What a request costs a replica: the seconds that its prompt adds to steps, and how long steps are without prompts.

A step with ``n`` decoding sequences takes ``base(n)``. A prompt adds to it

    delta = sum over its chunks of (step with the chunk - base(n))

which is less than the chunk's arithmetic when decoding waits for memory meanwhile. Both come from a ``StepProfile``
and nothing else, at a few ``n``; between them they are interpolated.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from beaufort.perf.profile import StepBatch, StepProfile, prefill_pairs
from beaufort.plan.memory import BLOCK_SIZE
from beaufort.traffic.demand import Demand


@dataclass(frozen=True, slots=True)
class Prompt:
    """One piece of the distribution of prompts, at some ``n``.

    Attributes:
        share: Of the requests.
        delta: Seconds that it adds to steps.
        steps: Steps that it takes, counted when it is alone.
        fill: Steps that it fills.
    """

    share: float
    delta: float
    steps: float
    fill: float

    def towards(self, other: Prompt, far: float) -> Prompt:
        """Return what is between this and ``other``, ``far`` of the way."""
        return Prompt(
            self.share,
            self.delta + far * (other.delta - self.delta),
            self.steps + far * (other.steps - self.steps),
            self.fill + far * (other.fill - self.fill),
        )


@dataclass(frozen=True, slots=True)
class Level:
    """What steps cost with ``running`` decoding sequences.

    Attributes:
        running: Sequences that decode.
        base: Seconds of a step without a prompt.
        fresh: The prompts when nothing of them is cached.
        cached: The prompts when all that they share is cached.
        fresh_delta: Mean seconds that a fresh prompt adds.
        cached_delta: Mean seconds that a cached one adds.
    """

    running: float
    base: float
    fresh: tuple[Prompt, ...]
    cached: tuple[Prompt, ...]
    fresh_delta: float
    cached_delta: float


@dataclass(frozen=True, slots=True)
class Work:
    """The costs of one kind of traffic on one kind of replica.

    Attributes:
        levels: Ascending in ``running``, at least two.
        context: Tokens that a decoding sequence attends to, on average.
        context_variance: Their variance among decoding sequences.
    """

    levels: tuple[Level, ...]
    context: float
    context_variance: float

    def around(self, running: float) -> tuple[Level, Level, float]:
        """Return the levels below and above ``running``, and how far it is between them, 0 to 1."""
        position = bisect_right(self.levels, running, key=lambda level: level.running)
        position = min(max(position, 1), len(self.levels) - 1)
        low, high = self.levels[position - 1], self.levels[position]
        far = (running - low.running) / (high.running - low.running)
        return low, high, min(1.0, max(0.0, far))


def work(profile: StepProfile, demand: Demand, places: int, max_num_batched_tokens: int) -> Work:
    """Return the costs of ``demand`` on a replica with these bounds.

    Args:
        profile: How long steps take.
        demand: Its lengths and its shared prefixes count; lengths are already cut to what the model takes.
        places: Most sequences in one step.
        max_num_batched_tokens: Most tokens in one step.
    """
    levels = (level(profile, demand, running, max_num_batched_tokens) for running in _grid(places))
    return Work(tuple(levels), mean_context(demand), context_variance(demand))


def level(profile: StepProfile, demand: Demand, running: int, max_num_batched_tokens: int) -> Level:
    """Return what steps cost with ``running`` decoding sequences."""
    context = round(running * mean_context(demand))
    decoding = StepBatch(decode_sequences=running, decode_context=context, outputs=running)
    base = profile.step_seconds(decoding)
    adds = _Adds(profile, decoding, base, max(1, max_num_batched_tokens - running))
    points = demand.prompt.points
    fresh = tuple(adds.prompt(share, round(tokens), 0) for share, tokens in points)
    cached = fresh
    if demand.shared:
        cached = tuple(adds.prompt(share, round(tokens), _shared(tokens, demand.shared)) for share, tokens in points)
    return Level(running, base, fresh, cached, _mean(fresh), _mean(cached))


def mean_context(demand: Demand) -> float:
    """Return the tokens that a decoding sequence attends to on average: its prompt and half of its answer.

    Long answers are seen more often, so it is half of their mean square over their mean.
    """
    return demand.prompt.mean + demand.output.mean_square / (2 * demand.output.mean)


def context_variance(demand: Demand) -> float:
    """Return the variance of the tokens that decoding sequences attend to: of prompts, and of how far answers are."""
    answers = demand.output
    cube = sum(share * tokens**3 for share, tokens in answers.points)
    far = answers.mean_square / (2 * answers.mean)
    return demand.prompt.variance + max(0.0, cube / (3 * answers.mean) - far**2)


def _mean(prompts: tuple[Prompt, ...]) -> float:
    return sum(prompt.share * prompt.delta for prompt in prompts)


def _grid(most: int) -> Sequence[int]:
    return sorted({1, max(2, most // 4), max(2, most)})


def _shared(tokens: float, share: float) -> int:
    """Whole blocks, and never the last token: without it there is nothing to sample from."""
    return min(int(tokens * share), round(tokens) - 1) // BLOCK_SIZE * BLOCK_SIZE


@dataclass(frozen=True, slots=True)
class _Adds:
    profile: StepProfile
    decoding: StepBatch
    base: float
    budget: int

    def prompt(self, share: float, tokens: int, cached: int) -> Prompt:
        whole, rest = divmod(tokens - cached, self.budget)
        delta = 0.0
        if whole:
            first = self._chunk(cached, self.budget, last=whole == 1 and not rest)
            # The attention of later chunks grows evenly: the mean of the first and the last is that of all.
            before = cached + (whole - 1) * self.budget
            last = self._chunk(before, self.budget, last=not rest) if whole > 1 else first
            delta = whole * (first + last) / 2
        if rest:
            delta += self._chunk(cached + whole * self.budget, rest, last=True)
        return Prompt(share, delta, whole + bool(rest), (tokens - cached) / self.budget)

    def _chunk(self, before: int, tokens: int, *, last: bool) -> float:
        batch = StepBatch(
            prefill_tokens=tokens,
            prefill_context=before + tokens,
            prefill_pairs=prefill_pairs(before, tokens),
            decode_sequences=self.decoding.decode_sequences,
            decode_context=self.decoding.decode_context,
            outputs=self.decoding.outputs + last,
        )
        return max(0.0, self.profile.step_seconds(batch) - self.base)
