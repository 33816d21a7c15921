"""The steady state of one replica with continuous batching, and the latencies that its requests see.

Words: requests come at ``rate``; a prompt adds ``delta`` seconds to steps (``work``), ``D`` in the mean; ``base`` is a
step with ``n`` decoding sequences and no prompt; an answer has ``m`` tokens after its first; ``I`` is the variance of
the number of arrivals over its mean (1 for a Poisson process).

**Steps.** Prompts take the share ``rho = rate D`` of the time, so a step takes ``T = base / (1 - rho)`` in the mean.
All prompts that came during one step are computed in the next, so steps are the cycles of a queue with gated service
and the vacation ``base`` (H. Takagi, Queueing Analysis, vol. 1, 1991, section 2.4), and

    Var T = V T / (1 - rho^2),   V = rate (Var delta + I D^2)

**Batch.** Little's law: ``n = rate m T``. Around it the batch wavers like a birth and death process with deaths
``d(n) = n (1 - rho) / (m base(n))`` (linear noise; exact for an infinite server, where it gives ``n (1 + I) / 2``):

    Var n = rate (1 + I) / (2 d'(n))

**Time to first token.** The rest of the step under way, then all of the next one: its own prompt, the prompts of all
that came during the step before, and of those that came in the same burst, ``I - 1`` of them in the mean:

    rest: mean E[T^2] / 2 E[T];   others: mean rho E[T^2] / E[T] + (I - 1) D;   own: delta + base for each of its steps

Rest and others are fitted with a gamma distribution and mixed over the lengths of prompts. Who comes when the batch is
full, or no memory is free, counts as late.

**Time per output token.** ``T`` in the mean. Over the ``m`` tokens of one answer it varies by the prompts that fall
into them, ``V T / (m (1 - rho)^2)``, and by the batch, ``base'(n)^2 Var n / (1 - rho)^2``; fitted with a gamma
distribution above the shortest step and mixed over the lengths of answers.

How far this is from the simulated replica is measured by ``benchmarks/planner.py``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

from beaufort.plan.gamma import share_within
from beaufort.plan.work import Level, Prompt, Work
from beaufort.traffic.demand import Demand
from beaufort.traffic.lengths import Lengths

_HALVINGS = 30
_LONGEST = 1e9  # seconds: nobody waits as long


@dataclass(frozen=True, slots=True)
class Station:
    """One replica, as a queue.

    Attributes:
        work: What requests cost it.
        demand: The traffic's lengths and prefixes.
        kv_tokens: Tokens whose keys and values fit.
        places: Requests that it runs at once: the bound of its batch, or what its memory holds.
    """

    work: Work
    demand: Demand
    kv_tokens: int
    places: int

    def most(self) -> float:
        """Return the rate at which every place is taken: above it the queue only grows."""
        low, high, far = self.work.around(self.places)
        base = low.base + far * (high.base - low.base)
        delta = _mean_delta(low, high, far, 0.0)
        return self.places / (self._tokens * base + self.places * delta)

    def hits(self, rate: float, running: float) -> float:
        """Return the share of the shared tokens that are still in the cache when they are asked for.

        What is free holds what was computed last; it is filled anew by every token that is computed. A beginning that
        is asked for after an exponential time is found if that is shorter than what is free lasts.
        """
        if not self.demand.shared:
            return 0.0
        free = max(0.0, self.kv_tokens - running * self.work.context)
        hits = 0.0
        for _ in range(4):
            fresh = self.demand.prompt.mean * (1 - self.demand.shared * hits) + self.demand.output.mean
            hits = -math.expm1(-free / (rate * fresh * self.demand.reuse_seconds))
        return hits

    def at(self, rate: float, dispersion: float) -> State | None:
        """Return the steady state at ``rate`` requests per second; None when there is none."""
        low_running, high_running = 0.0, float(self.places)
        if self._surplus(rate, high_running) > 0:
            return None
        for _ in range(_HALVINGS):
            middle = (low_running + high_running) / 2
            if self._surplus(rate, middle) > 0:
                low_running = middle
            else:
                high_running = middle
        return self._state(rate, dispersion, high_running)

    @property
    def _tokens(self) -> float:
        """Decoded after the first, of a mean answer."""
        return max(0.0, self.demand.output.mean - 1)

    def _surplus(self, rate: float, running: float) -> float:
        """By how much ``running`` is below what the rate would make of it."""
        low, high, far = self.work.around(running)
        rho = rate * _mean_delta(low, high, far, self.hits(rate, running))
        if rho >= 1:
            return math.inf
        base = low.base + far * (high.base - low.base)
        return rate * self._tokens * base / (1 - rho) - running

    def _leaving(self, rate: float, running: float) -> float:
        """Answers that end per second with ``running`` of them in the batch."""
        low, high, far = self.work.around(running)
        rho = rate * _mean_delta(low, high, far, self.hits(rate, running))
        return running * (1 - rho) / (self._tokens * (low.base + far * (high.base - low.base)))

    def _state(self, rate: float, dispersion: float, running: float) -> State:
        variance = 0.0
        if self._tokens and running > 0:
            running, variance = self._wavering(rate, dispersion, running)
        low, high, far = self.work.around(running)
        base = low.base + far * (high.base - low.base)
        slope = (high.base - low.base) / (high.running - low.running)
        hits = self.hits(rate, running)
        return State(
            rate=rate,
            dispersion=dispersion,
            running=running,
            running_variance=variance,
            places=self.places,
            base=base,
            base_variance=slope**2 * (variance + running * self.work.context_variance / self.work.context**2),
            shortest=self.work.levels[0].base,
            hits=hits,
            prompts=tuple(_between(low, high, far, hits)),
            outputs=self.demand.output,
        )

    def _wavering(self, rate: float, dispersion: float, running: float) -> tuple[float, float]:
        """Return the mean and the variance of the batch, which wavers around ``running``."""
        step = 0.05 * running
        below, here, above = (self._leaving(rate, running + move) for move in (-step, 0.0, step))
        slope = (above - below) / (2 * step)
        bend = (above - 2 * here + below) / step**2
        low, high, far = self.work.around(running)
        prompts = _between(low, high, far, self.hits(rate, running))
        mean = sum(prompt.share * prompt.delta for prompt in prompts)
        square = sum(prompt.share * prompt.delta**2 for prompt in prompts)
        held_up = rate / (1 - rate * mean)  # answers that a second of prompts keeps from ending
        noise = dispersion * (1 + held_up * mean) ** 2 + held_up**2 * max(0.0, square - mean**2) + 1
        if slope <= 0:
            return float(self.places), math.inf
        variance = rate * noise / (2 * slope)
        return min(float(self.places), running + max(0.0, -bend) * variance / (2 * slope)), variance


@dataclass(frozen=True)
class State:
    """A replica in its steady state.

    Attributes:
        rate: Requests per second.
        dispersion: Variance of the number of arrivals over its mean.
        running: Mean sequences in the batch.
        running_variance: Their variance.
        places: The most there may be.
        base: Mean seconds of a step without a prompt.
        base_variance: Their variance: the batch wavers, and so does what its sequences attend to.
        shortest: The same with one sequence.
        hits: Share of the shared tokens that are found in the cache.
        prompts: The requests' prompts.
        outputs: Lengths of answers.
    """

    rate: float
    dispersion: float
    running: float
    running_variance: float
    places: int
    base: float
    base_variance: float
    shortest: float
    hits: float
    prompts: tuple[Prompt, ...]
    outputs: Lengths

    @cached_property
    def adds(self) -> Spread:
        """Seconds that a prompt adds to steps."""
        return Spread.of((prompt.share, prompt.delta) for prompt in self.prompts)

    @cached_property
    def holds(self) -> Spread:
        """Seconds for which a prompt holds up the prompts behind it: those, and the steps that it fills."""
        return Spread.of((prompt.share, prompt.delta + prompt.fill * self.base) for prompt in self.prompts)

    @property
    def busy(self) -> float:
        """Share of the time that prompts take."""
        return self.rate * self.adds.mean

    @property
    def step(self) -> float:
        """Mean seconds of a step, which is the mean time per output token."""
        return self.base / (1 - self.busy)

    @property
    def crowded(self) -> float:
        """Share of the requests that come when every place is taken."""
        return 1 - share_within(self.places, self.running, self.running_variance) if self.running else 0.0

    def ttft_share(self, seconds: float) -> float:
        """Return the share of the requests whose first token comes within ``seconds``."""
        mean, variance = self._wait
        met = 0.0
        for prompt in self.prompts:
            own = prompt.delta + prompt.steps * self.base
            met += prompt.share * share_within(seconds - own, mean, variance)
        return max(0.0, met - self.crowded)

    def tpot_share(self, seconds: float) -> float:
        """Return the share of the answers, of two tokens and more, whose mean time per token is within ``seconds``."""
        fixed = self.base_variance / (1 - self.busy) ** 2
        once = self._arriving(self.adds) * self.step / (1 - self.busy) ** 2
        met = total = 0.0
        for share, tokens in self.outputs.points:
            if tokens <= 1:
                continue
            total += share
            variance = once / (tokens - 1) + fixed
            met += share * share_within(seconds - self.shortest, self.step - self.shortest, variance)
        return met / total if total else 1.0

    def ttft(self, percentile: float) -> float:
        """Return the time to first token, seconds, that ``percentile`` percent of the requests stay within."""
        return _inverse(self.ttft_share, percentile / 100)

    def tpot(self, percentile: float) -> float:
        """Return the time per output token, seconds, that ``percentile`` percent of the answers stay within."""
        return _inverse(self.tpot_share, percentile / 100)

    def _arriving(self, each: Spread) -> float:
        """Return the variance of the work that arrives in a second: V."""
        return self.rate * (each.variance + self.dispersion * each.mean**2)

    @cached_property
    def _wait(self) -> tuple[float, float]:
        """Mean and variance of the rest of a step and of the prompts of others."""
        held = self.holds
        rho = self.rate * held.mean
        if rho >= 1:
            return _LONGEST, _LONGEST**2
        step = self.base / (1 - rho)
        spread = self._arriving(held) * step / (1 - rho * rho)
        # The third moment is that of a gamma distribution above the shortest cycle.
        third = step**3 + 3 * step * spread + (2 * spread**2 / (step - self.base) if rho else 0.0)
        seen = (step**2 + spread) / step
        seen_variance = max(0.0, third / step - seen**2)
        rest = seen / 2
        rest_variance = max(0.0, third / (3 * step) - rest**2)
        others_variance = self._arriving(held) * seen + rho * rho * seen_variance
        mates = self.dispersion - 1
        mates_variance = mates * (held.variance + (self.dispersion + 1) / 2 * held.mean**2)
        return rest + rho * seen + mates * held.mean, rest_variance + others_variance + mates_variance


@dataclass(frozen=True, slots=True)
class Spread:
    """A mean and a variance."""

    mean: float
    variance: float

    @classmethod
    def of(cls, points: Iterable[tuple[float, float]]) -> Spread:
        """Return those of weighted values."""
        mean = square = 0.0
        for share, value in points:
            mean += share * value
            square += share * value * value
        return cls(mean, max(0.0, square - mean * mean))


def _mean_delta(low: Level, high: Level, far: float, hits: float) -> float:
    below = low.fresh_delta + hits * (low.cached_delta - low.fresh_delta)
    above = high.fresh_delta + hits * (high.cached_delta - high.fresh_delta)
    return below + far * (above - below)


def _between(low: Level, high: Level, far: float, hits: float) -> list[Prompt]:
    """Return the prompts between two levels, and between fresh and cached."""
    below = (fresh.towards(cached, hits) for fresh, cached in zip(low.fresh, low.cached, strict=True))
    above = (fresh.towards(cached, hits) for fresh, cached in zip(high.fresh, high.cached, strict=True))
    return [prompt.towards(other, far) for prompt, other in zip(below, above, strict=True)]


def _inverse(share: Callable[[float], float], wanted: float) -> float:
    """Return the least value at which ``share``, which grows, reaches ``wanted``; infinite when it does not."""
    high = 1e-3
    while share(high) < wanted:
        high *= 2
        if high > _LONGEST:
            return math.inf
    low = high / 2 if high > 1e-3 else 0.0  # noqa: PLR2004 - where the doubling began
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if share(middle) < wanted else (low, middle)
    return high
