"""What a request costs a replica: the seconds that its prompt adds to steps, and how long steps are without prompts.

A step with ``n`` decoding sequences takes ``base(n)``. A prompt adds to it

    delta = sum over its chunks of (step with the chunk - base(n))

which is less than the chunk's arithmetic when decoding waits for memory meanwhile. What is free for one prompt is not
for many: a step with so many prompts that ``tokens`` of theirs are in it costs each token ``per_token(tokens)``, and a
prompt never less than its tokens at that. All come from a ``StepProfile`` and nothing else, at a few ``n``; between
them they are interpolated.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from beaufort.perf.profile import StepBatch, StepProfile, prefill_pairs
from beaufort.plan.memory import BLOCK_SIZE
from beaufort.traffic.demand import Demand

_ROUNDS = 2
_CROWDS = (64, 16, 4, 2, 1)  # parts of a step's tokens that prompts may fill together


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

    def times(self, factor: float) -> Prompt:
        """Return this when it adds so many times as much."""
        return self if factor == 1 else Prompt(self.share, self.delta * factor, self.steps, self.fill)

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
        fresh_tokens: Mean tokens that are computed of a fresh prompt.
        cached_tokens: Mean tokens that are computed of a cached one.
        crowds: Tokens of prompts in one step, ascending, and the seconds that each of them adds then.
    """

    running: float
    base: float
    fresh: tuple[Prompt, ...]
    cached: tuple[Prompt, ...]
    fresh_delta: float
    cached_delta: float
    fresh_tokens: float
    cached_tokens: float
    crowds: tuple[tuple[float, float], ...]

    def most(self, places: int, tokens: float) -> float:
        """Return the requests per second at which this level is full: ``places`` of them in it, nothing cached.

        Args:
            places: Requests that run at once.
            tokens: Decoded after the first, of a mean answer.
        """
        met, rate = 0.0, 0.0
        for _ in range(_ROUNDS):
            rate = places / (tokens * self.base + places * self.delta(0.0, met))
            # A request stays for as many steps as it has tokens, so so many are in each step; without any, all of it.
            met = self.fresh_tokens * places / tokens if tokens else math.inf
        return rate

    def delta(self, hits: float, tokens: float) -> float:
        """Return the mean seconds that a prompt adds when ``tokens`` tokens of prompts are in a step."""
        alone, own = self.prompt(hits)
        return max(alone, own * self.per_token(tokens))

    def prompt(self, hits: float) -> tuple[float, float]:
        """Return the mean seconds that a prompt adds when it is alone, and its mean tokens that are computed."""
        if not hits:
            return self.fresh_delta, self.fresh_tokens
        return (
            self.fresh_delta + hits * (self.cached_delta - self.fresh_delta),
            self.fresh_tokens + hits * (self.cached_tokens - self.fresh_tokens),
        )

    def per_token(self, tokens: float) -> float:
        """Return what each of so many tokens of prompts in a step adds to it."""
        low = self.crowds[0]
        for high in self.crowds[1:]:
            if tokens < high[0]:
                far = max(0.0, (tokens - low[0]) / (high[0] - low[0]))
                return low[1] + far * (high[1] - low[1])
            low = high
        return low[1]


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
    return Level(
        running=running,
        base=base,
        fresh=fresh,
        cached=cached,
        fresh_delta=_mean(fresh),
        cached_delta=_mean(cached),
        fresh_tokens=demand.prompt.mean,
        cached_tokens=sum(share * (tokens - _shared(tokens, demand.shared)) for share, tokens in points),
        crowds=tuple(adds.crowd(tokens, demand.prompt.mean) for tokens in _crowds(adds.budget)),
    )


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


def _crowds(budget: int) -> Sequence[int]:
    return sorted({max(1, budget // part) for part in _CROWDS})


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

    def crowd(self, tokens: int, each: float) -> tuple[float, float]:
        """Return so many tokens of short prompts of ``each`` tokens, and what every token adds to a step with them."""
        batch = StepBatch(
            prefill_tokens=tokens,
            prefill_context=tokens,
            prefill_pairs=tokens,
            decode_sequences=self.decoding.decode_sequences,
            decode_context=self.decoding.decode_context,
            outputs=self.decoding.outputs + round(tokens / max(each, 1.0)),
        )
        return tokens, max(0.0, self.profile.step_seconds(batch) - self.base) / tokens

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
