"""A replica in its steady state, and the latencies that its requests see.

Words as in ``station``; ``H`` is the time for which a prompt holds up the prompts behind it: ``delta``, and ``base``
for the part of a step that it fills.

**Time to first token.** A prompt waits for the prompts before it, as in a queue with one server and the service ``H``
(``waiting``). The step under way ends first, and the own step is joined by the prompts that came meanwhile (gated
service: H. Takagi, Queueing Analysis, vol. 1, 1991, section 2.4), as far as it has room:

    rest of a base + base rho / (1 - rho) + W (1 + rho / (1 + fill)) + delta + base for each of its steps

mixed over the lengths of prompts. Who comes when no place is free counts as late.

**Time per output token.** Over the ``m`` tokens of an answer: steps, the prompts that come meanwhile, and those that
queued up while its own was computed. The mean is ``T + E / m``. With the second cumulant ``v2`` of the prompts' work
that arrives in a second, their part has the variance ``v2 T / (m (1 - rho)^2)``, which falls with ``m``; that of the
batch is ``Var base / (1 - rho)^2`` and stays. Both come from the same prompts, so their deviations are added, not their
variances. The others of a burst are in the batch for as long as they last. Fitted with three moments, mixed over the
lengths of answers.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

from beaufort.plan.queue.gamma import Moments, share_within
from beaufort.plan.queue.waiting import CELLS, waits
from beaufort.plan.queue.work import Prompt
from beaufort.traffic.lengths import Lengths

_CLOSE = 1e-3
_LONGEST = 1e9  # seconds: nobody waits as long
_SHORTEST = 1e-6
_RESTS = (1 / 6, 1 / 2, 5 / 6)


@dataclass(frozen=True)
class State:
    """A replica in its steady state.

    Attributes:
        rate: Requests per second.
        dispersion: Variance of the number of arrivals in a short time over its mean.
        running: Mean sequences in the batch.
        running_deviation: Their standard deviation.
        crowded: Share of the requests that come when every place is taken.
        tokens: Decoded after the first, of a mean answer.
        base: A step without a prompt: the batch wavers, and so does what its sequences attend to.
        slope: Seconds that one more sequence adds to it.
        hits: Share of the shared tokens that are found in the cache.
        prompts: The requests' prompts.
        outputs: Lengths of answers.
    """

    rate: float
    dispersion: float
    running: float
    running_deviation: float
    crowded: float
    tokens: float
    base: Moments
    slope: float
    hits: float
    prompts: tuple[Prompt, ...]
    outputs: Lengths

    @cached_property
    def adds(self) -> Moments:
        """Seconds that a prompt adds to steps."""
        return Moments.of((prompt.share, prompt.delta) for prompt in self.prompts)

    @cached_property
    def holds(self) -> Moments:
        """Seconds for which a prompt holds up the prompts behind it."""
        return Moments.of((prompt.share, prompt.delta + prompt.fill * self.base.mean) for prompt in self.prompts)

    @property
    def busy(self) -> float:
        """Share of the time that prompts take."""
        return min(1.0, self.rate * self.adds.mean)

    def ttft_share(self, seconds: float) -> float:
        """Return the share of the requests whose first token comes within ``seconds``."""
        base = self.base.mean
        held = tuple((prompt.share, prompt.delta + prompt.fill * base) for prompt in self.prompts)
        rho = self.rate * self.holds.mean
        if rho >= 1:
            return 0.0
        fill = sum(prompt.share * prompt.fill for prompt in self.prompts)
        stretch = 1 + rho / (1 + fill)
        horizon = seconds / stretch
        within = list(accumulate(waits(self.rate, held, (self.dispersion + 1) / 2, horizon)))
        cell = horizon / CELLS
        fixed = rho / (1 - rho) * base
        met = 0.0
        for prompt in self.prompts:
            left = seconds - fixed - prompt.delta - prompt.steps * base
            for part in _RESTS:
                met += prompt.share / len(_RESTS) * _at(within, (left - part * base) / stretch / cell)
        return max(0.0, met - self.crowded)

    def tpot_share(self, seconds: float) -> float:
        """Return the share of the answers, of two tokens and more, whose mean time per token is within ``seconds``."""
        met = total = 0.0
        for share, tokens in self.outputs.points:
            if tokens > 1:
                total += share
                met += share * share_within(seconds, self._token(tokens - 1))
        return met / total if total else 1.0

    def ttft(self, percentile: float) -> float:
        """Return the time to first token, seconds, that ``percentile`` percent of the requests stay within."""
        return _inverse(self.ttft_share, percentile / 100, 2 * self.holds.mean + self.base.mean)

    def tpot(self, percentile: float) -> float:
        """Return the time per output token, seconds, that ``percentile`` percent of the answers stay within."""
        return _inverse(self.tpot_share, percentile / 100, self.base.mean)

    def _arriving(self, each: Moments) -> tuple[float, float]:
        """Return the second and third cumulant of the work that arrives in a second.

        Bursts are geometric: ``(I + 1) / 2`` requests in the mean, which makes the dispersion ``I``.
        """
        size = (self.dispersion + 1) / 2
        spread = size * (size - 1)  # variance of a geometric number
        skewed = spread * (2 * size - 1)
        burst = Moments(
            size * each.mean,
            size * each.variance + spread * each.mean**2,
            size * each.third + 3 * spread * each.mean * each.variance + skewed * each.mean**3,
        )
        return self.rate / size * burst.square, self.rate / size * burst.cube

    @cached_property
    def _per_token(self) -> tuple[Moments, Moments, Moments]:
        """What is the same for every token, what comes with each step, and what was there at the start."""
        free = 1 - self.busy
        if free <= 0:
            return Moments(_LONGEST), Moments(), Moments()
        step = self.base.mean / free
        fixed = Moments(step, self.base.variance / free**2, max(0.0, self.base.third) / free**3)
        second, third = self._arriving(self.adds)
        flowing = Moments(0.0, second * step / free**2, third * step / free**3)
        own = self.base.mean + self.adds.mean + self.busy * step
        queued = self.busy / free
        own_variance = self.adds.variance + second * step
        start = Moments(queued * own, queued**2 * own_variance + second * own / free**2, third * own / free**3)
        return fixed, flowing, start

    def _token(self, tokens: float) -> Moments:
        """The time per token of an answer with ``tokens`` tokens after its first."""
        fixed, flowing, start = self._per_token
        together = -math.expm1(-tokens / self.tokens) * self.tokens / tokens if self.tokens else 0.0
        size = (self.dispersion + 1) / 2
        each = self.slope / max(1e-9, 1 - self.busy) * together
        mates = Moments(each * 2 * (size - 1), each**2 * 2 * size * (size - 1))
        moving = Moments(
            start.mean / tokens + mates.mean,
            flowing.variance / tokens + start.variance / tokens**2,
            flowing.third / tokens**2 + start.third / tokens**3,
        )
        deviation = math.sqrt(fixed.variance) + math.sqrt(moving.variance)
        return Moments(
            fixed.mean + moving.mean,
            deviation**2 + mates.variance,
            fixed.third + moving.third,
        )


def _at(within: list[float], node: float) -> float:
    """Return a distribution between two nodes of its grid."""
    if node < 0:
        return 0.0
    low = min(int(node), CELLS - 1)
    far = min(1.0, node - low)
    return within[low] + far * (within[low + 1] - within[low])


def _inverse(share: Callable[[float], float], wanted: float, start: float) -> float:
    """Return the value at which ``share``, which grows, reaches ``wanted``; infinite when it does not.

    From ``start`` by doubling or halving, then by the Illinois method, to a thousandth.
    """
    high, above = start, share(start) - wanted
    while above < 0:
        high *= 2
        if high > _LONGEST:
            return math.inf
        above = share(high) - wanted
    low, below = high / 2, share(high / 2) - wanted
    while below >= 0 and low > _SHORTEST:
        high, above = low, below
        low, below = low / 2, share(low / 2) - wanted
    while high - low > _CLOSE * high and below < 0:
        middle = low + (high - low) * min(0.9, max(0.1, below / (below - above)))
        left = share(middle) - wanted
        if left < 0:
            low, below, above = middle, left, above / 2
        else:
            high, above, below = middle, left, below / 2
    return high
