"""Single requests, drawn from a demand: what a simulated replica and a load generator are given.

Gaps between requests follow a gamma distribution whose coefficient of variation, squared, is the demand's dispersion: 1
is a Poisson process. Of several replicas one gets each request with equal chance, so it sees less of the bunching.

Beginnings are shared by groups of requests. With as many groups as requests come in the mean time of reuse, each group
is asked for again after an exponential time with that mean.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from random import Random

from beaufort.traffic.demand import Demand
from beaufort.traffic.lengths import Lengths


@dataclass(frozen=True, slots=True)
class Sample:
    """One request that came.

    Attributes:
        at: Seconds since the start.
        prompt_tokens: Length of its prompt.
        output_tokens: Length of its answer.
        shared_tokens: So many of its first tokens are those of every request of its group.
        group: Whom it shares them with.
    """

    at: float
    prompt_tokens: int
    output_tokens: int
    shared_tokens: int
    group: int


def samples(demand: Demand, rate: float, random: Random, replicas: int = 1) -> Iterator[Sample]:
    """Yield the requests that one of ``replicas`` gets, without end.

    Args:
        demand: What lengths, bunching and shared beginnings are drawn from; its course is not followed.
        rate: Requests per second that each replica gets in the mean.
        random: Where chance comes from.
        replicas: Among which the whole traffic is spread.
    """
    shape, scale = 1 / demand.dispersion, demand.dispersion / (rate * replicas)
    prompts, outputs = _Drawn(demand.prompt), _Drawn(demand.output)
    groups = max(1, round(rate * demand.reuse_seconds))
    now = 0.0
    while True:
        now += random.gammavariate(shape, scale)
        if replicas > 1 and random.random() * replicas >= 1:
            continue
        prompt = prompts.draw(random)
        yield Sample(now, prompt, outputs.draw(random), int(prompt * demand.shared), random.randrange(groups))


class _Drawn:
    """Lengths, each piece of their distribution as often as its share says."""

    def __init__(self, lengths: Lengths) -> None:
        self._ends = list(accumulate(share for share, _ in lengths.points))
        self._tokens = [tokens for _, tokens in lengths.points]

    def draw(self, random: Random) -> int:
        """Return a length of at least one token."""
        at = min(bisect_right(self._ends, random.random() * self._ends[-1]), len(self._tokens) - 1)
        return max(1, round(self._tokens[at]))
