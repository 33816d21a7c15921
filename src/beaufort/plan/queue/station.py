"""One replica with continuous batching as a queue, and where it settles.

Words: requests come at ``rate``; ``n`` of them decode; ``base(n)`` is a step with ``n`` decoding sequences and no
prompt; a prompt adds ``delta(n)`` seconds to steps, ``D`` in the mean (``work``); an answer has ``m`` tokens after its
first; ``I`` is the variance of the number of arrivals in a short time over its mean (1 for a Poisson process).

**Steps.** Prompts take the share ``rho = rate D`` of the time, so a step takes ``T = base / (1 - rho)`` in the mean.

**Batch.** An answer leaves after ``m`` steps, and after the prompts that queued up while its own was computed: these
hold it up by ``E = rho (base + D + rho T) / (1 - rho)``. So with ``n`` in the batch answers leave at

    d(n) = n / (m T(n) + E(n))

and where ``d(n) = rate`` is the balance (Little's law). Around it ``n`` wavers as a birth and death process
(``wavering``), whose distribution does not depend on that of the answers' lengths (processor sharing: J. Cohen, The
multiple phase service network with generalized processor sharing, Acta Informatica 12, 1979), with the noise

    S = (I (1 + r D)^2 + r^2 Var delta + 1) / 2,   r = rate / (1 - rho)

of arrivals, departures, and of the time that prompts take, over that of plain arrivals and departures (the linear noise
approximation; 1 when prompts cost nothing and arrivals are a Poisson process).

How far this is from the simulated replica is measured by ``benchmarks/planner.py``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

from beaufort.plan.queue.gamma import Moments
from beaufort.plan.queue.state import State
from beaufort.plan.queue.wavering import wavering
from beaufort.plan.queue.work import Level, Prompt, Work
from beaufort.traffic.demand import Demand

_STEPS = 30
_ROUNDS = 2
_CLOSE = 1e-6
_FEWEST = 1e-12


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
        """Return the rate at which every place is taken when nothing is cached: above it the queue only grows."""
        return self.work.levels[-1].most(self.places, self._tokens)

    def hits(self, rate: float, running: float) -> float:
        """Return the share of the shared tokens that are still in the cache when they are asked for.

        What is free holds what was computed last; it is filled anew by every token that is computed. A beginning that
        is asked for after an exponential time is found if that is shorter than what is free lasts.
        """
        if not self.demand.shared:
            return 0.0
        free = max(0.0, self.kv_tokens - running * self.work.context)
        hits = 0.0
        for _ in range(3):
            fresh = self.demand.prompt.mean * (1 - self.demand.shared * hits) + self.demand.output.mean
            hits = -math.expm1(-free / (rate * fresh * self.demand.reuse_seconds))
        return hits

    def at(self, rate: float, dispersion: float) -> State | None:
        """Return the steady state at ``rate`` requests per second; None when there is none."""
        if self._leaving(rate, float(self.places)) < rate:
            return None
        return self._settled(rate, dispersion, self._balance(rate))

    def _balance(self, rate: float) -> float:
        """Return the batch from which as many leave as come, by the Illinois method (regula falsi without stalling)."""
        low, high = 0.0, float(self.places)
        below, above = self._held(rate, low) - low, self._held(rate, high) - high
        middle = high
        for _ in range(_STEPS):
            middle = low + (high - low) * below / (below - above)
            left = self._held(rate, middle) - middle
            if abs(left) <= _CLOSE * middle:
                break
            if left > 0:
                low, below, above = middle, left, above / 2
            else:
                high, above, below = middle, left, below / 2
        return middle

    @property
    def _tokens(self) -> float:
        """Decoded after the first, of a mean answer."""
        return max(0.0, self.demand.output.mean - 1)

    def _leaving(self, rate: float, running: float) -> float:
        """Answers that end per second with ``running`` of them in the batch: d(n)."""
        return running * rate / max(_FEWEST, self._held(rate, running))

    def _held(self, rate: float, running: float) -> float:
        """Answers that would be under way when each took as long as with ``running`` of them in the batch."""
        at = self._steps(rate, running)
        rho = rate * at.delta
        if rho >= 1:
            return math.inf
        queued = rho * (at.base + at.delta + rho * at.step) / (1 - rho)
        return rate * (self._tokens * at.step + queued)

    def _steps(self, rate: float, running: float) -> _Steps:
        """Return how steps are with ``running`` in the batch: the longer they are, the more prompts meet in one."""
        low, high, far = self.work.around(running)
        near, hits = 1 - far, self.hits(rate, running) if self.demand.shared else 0.0
        base = step = near * low.base + far * high.base
        (low_alone, low_tokens), (high_alone, high_tokens) = low.prompt(hits), high.prompt(hits)
        tokens = near * low_tokens + far * high_tokens
        # Also one that comes alone is never cheaper than its tokens in a crowd of next to nobody.
        low_alone = max(low_alone, low_tokens * low.crowds[0][1])
        high_alone = max(high_alone, high_tokens * high.crowds[0][1])
        delta = alone = near * low_alone + far * high_alone
        for _ in range(_ROUNDS):
            met = rate * step * tokens
            below = max(low_alone, low_tokens * low.per_token(met))
            above = max(high_alone, high_tokens * high.per_token(met))
            delta = max(alone, near * below + far * above)
            if rate * delta >= 1:
                break
            step = base / (1 - rate * delta)
        return _Steps(low, high, far, hits, base, step, delta, delta / alone if alone > 0 else 1.0)

    def _settled(self, rate: float, dispersion: float, balance: float) -> State:
        prompts = self._prompts(rate, balance)
        adds = Moments.of((prompt.share, prompt.delta) for prompt in prompts)
        held_up = rate / max(1e-9, 1 - rate * adds.mean)  # answers that a second of prompts keeps from ending
        noise = (dispersion * (1 + held_up * adds.mean) ** 2 + held_up**2 * adds.variance + 1) / 2
        batch = wavering(lambda running: self._leaving(rate, running), rate, balance, noise, self.places)
        running = math.fsum(share * count for count, share in batch)
        bases = Moments.of((share, self._base(count)) for count, share in batch)
        low, high, _ = self.work.around(running)
        slope = (high.base - low.base) / (high.running - low.running)
        of_contexts = slope**2 * running * self.work.context_variance / self.work.context**2
        return State(
            rate=rate,
            dispersion=dispersion,
            running=running,
            running_deviation=math.sqrt(math.fsum(share * (count - running) ** 2 for count, share in batch)),
            crowded=batch[-1][1],
            tokens=self._tokens,
            base=Moments(bases.mean, bases.variance + of_contexts, bases.third),
            slope=slope,
            hits=self.hits(rate, running),
            prompts=self._prompts(rate, running),
            outputs=self.demand.output,
        )

    def _base(self, running: float) -> float:
        low, high, far = self.work.around(running)
        return low.base + far * (high.base - low.base)

    def _prompts(self, rate: float, running: float) -> tuple[Prompt, ...]:
        at = self._steps(rate, running)
        below = (fresh.towards(cached, at.hits) for fresh, cached in zip(at.low.fresh, at.low.cached, strict=True))
        above = (fresh.towards(cached, at.hits) for fresh, cached in zip(at.high.fresh, at.high.cached, strict=True))
        return tuple(
            prompt.towards(other, at.far).times(at.crowding) for prompt, other in zip(below, above, strict=True)
        )


class _Steps(NamedTuple):
    """The steps of a replica with some batch, between two levels of its work."""

    low: Level
    high: Level
    far: float
    hits: float
    base: float
    step: float
    delta: float
    crowding: float  # by how much prompts cost more than alone
