"""One replica with continuous batching as a queue, and where it settles.

Words: requests come at ``rate``; ``n`` of them decode; ``base(n)`` is a step with ``n`` decoding sequences and no
prompt; a prompt adds ``delta(n)`` seconds to steps, ``D`` in the mean (``work``); an answer has ``m`` tokens after its
first; ``I`` is the variance of the number of arrivals in a short time over its mean (1 for a Poisson process).

**Steps.** Prompts take the share ``rho = rate D`` of the time, so a step takes ``T = base / (1 - rho)`` in the mean.

**Batch.** An answer leaves after ``m`` steps, and after the prompts that queued up while its own was computed: these
hold it up by ``E = rho (base + D + rho T) / (1 - rho)``. So with ``n`` in the batch answers leave at

    d(n) = n / (m T(n) + E(n))

and where ``d(n) = rate`` is the balance (Little's law). Around it ``n`` wavers as a birth and death process, whose
distribution does not depend on that of the answers' lengths (processor sharing: J. Cohen, The multiple phase service
network with generalized processor sharing, Acta Informatica 12, 1979), and in its continuous form

    p(n) ~ exp(integral of ln(rate / d(x)) dx / S),
    S = (I (1 + r D)^2 + r^2 Var delta + 1) / 2,   r = rate / (1 - rho)

``S`` is the noise of arrivals, departures and of the time that prompts take, over that of plain arrivals and departures
(the linear noise approximation; 1 when prompts cost nothing and arrivals are a Poisson process).

How far this is from the simulated replica is measured by ``benchmarks/planner.py``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

from beaufort.plan.gamma import Moments
from beaufort.plan.state import State
from beaufort.plan.work import Level, Prompt, Work
from beaufort.traffic.demand import Demand

_STEPS = 30
_CLOSE = 1e-6
_NODES = 24  # of the integral
_FEWEST = 1e-12
_COUNTED = 40
_GOSPER = 1 / 6


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
        low, high, far = self.work.around(self.places)
        base, delta = low.base + far * (high.base - low.base), _mean_delta(low, high, far, 0.0)
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
        low, high, far = self.work.around(running)
        base = low.base + far * (high.base - low.base)
        delta = _mean_delta(low, high, far, self.hits(rate, running))
        rho = rate * delta
        if rho >= 1:
            return math.inf
        step = base / (1 - rho)
        return rate * (self._tokens * step + rho * (base + delta + rho * step) / (1 - rho))

    def _settled(self, rate: float, dispersion: float, balance: float) -> State:
        prompts = self._prompts(rate, balance)
        adds = Moments.of((prompt.share, prompt.delta) for prompt in prompts)
        held_up = rate / max(1e-9, 1 - rate * adds.mean)  # answers that a second of prompts keeps from ending
        noise = (dispersion * (1 + held_up * adds.mean) ** 2 + held_up**2 * adds.variance + 1) / 2
        batch = self._wavering(rate, balance, noise)
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

    def _wavering(self, rate: float, balance: float, noise: float) -> list[tuple[float, float]]:
        """Return batches and how much of the time they are there; the last one is a full batch."""
        if balance <= 0 or self.places <= 1:
            return [(balance, 1.0), (self.places, 0.0)]
        width = math.sqrt(max(1.0, balance) * noise)
        if balance + 7 * width < _COUNTED:
            grid = [float(count) for count in range(min(_COUNTED, self.places) + 1)]
            shift = 0.5
        else:
            grid = _grid(balance, width, float(self.places))
            shift = 0.0
        drift = [math.log(rate / max(1e-12, self._leaving(rate, count + _GOSPER))) / noise for count in grid]
        heights, height = [0.0], 0.0
        for (here, there), (now, then) in zip(_pairs(grid), _pairs(drift), strict=True):
            height += (there - here) * ((now + then) / 2 if not shift else then)
            heights.append(height)
        bend = 0.5 if not shift else 0.5 - 0.5 / noise
        logs = [
            height - bend * math.log(self._leaving(rate, count + _GOSPER))
            for height, count in zip(heights, grid, strict=True)
        ]
        top = max(logs)
        density = [math.exp(each - top) for each in logs]
        spans = [1.0 if shift else _span(grid, position) for position in range(len(grid))]
        weights = [each * span for each, span in zip(density, spans, strict=True)]
        # Beyond the last place departures no longer grow: a geometric tail of requests that wait.
        waiting = density[-1] / -drift[-1] if drift[-1] < 0 else math.inf
        total = math.fsum(weights) + waiting
        if not math.isfinite(total):
            return [(float(self.places), 0.0), (float(self.places), 1.0)]
        found = [(count, weight / total) for count, weight in zip(grid, weights, strict=True)]
        return [*found, (float(self.places), waiting / total)]

    def _base(self, running: float) -> float:
        low, high, far = self.work.around(running)
        return low.base + far * (high.base - low.base)

    def _prompts(self, rate: float, running: float) -> tuple[Prompt, ...]:
        low, high, far = self.work.around(running)
        hits = self.hits(rate, running)
        below = (fresh.towards(cached, hits) for fresh, cached in zip(low.fresh, low.cached, strict=True))
        above = (fresh.towards(cached, hits) for fresh, cached in zip(high.fresh, high.cached, strict=True))
        return tuple(prompt.towards(other, far) for prompt, other in zip(below, above, strict=True))


def _mean_delta(low: Level, high: Level, far: float, hits: float) -> float:
    below = low.fresh_delta + hits * (low.cached_delta - low.fresh_delta)
    above = high.fresh_delta + hits * (high.cached_delta - high.fresh_delta)
    return below + far * (above - below)


def _grid(balance: float, width: float, most: float) -> list[float]:
    """Batches around the balance, out to six widths, and the full one."""
    low, high = max(0.0, balance - 5 * width), min(most, balance + 7 * width)
    step = (high - low) / _NODES
    grid = [low + step * node for node in range(_NODES + 1)]
    return [*grid, *(high + (most - high) * part / 4 for part in range(1, 5))] if high < most else grid


def _pairs(values: list[float]) -> list[tuple[float, float]]:
    return list(pairwise(values))


def _span(grid: list[float], position: int) -> float:
    before = grid[position] - grid[position - 1] if position else 0.0
    after = grid[position + 1] - grid[position] if position + 1 < len(grid) else 0.0
    return (before + after) / 2
