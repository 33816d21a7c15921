from collections import Counter
from itertools import islice, pairwise
from random import Random
from statistics import fmean, pvariance

import pytest

from beaufort.traffic.course import Steady
from beaufort.traffic.demand import Demand
from beaufort.traffic.lengths import Lengths
from beaufort.traffic.sampling import Sample, samples

MANY = 20_000
LENGTHS = Lengths(((0.5, 10.0), (0.4, 100.0), (0.1, 1000.0)))


def demand(dispersion: float = 1.0, shared: float = 0.0) -> Demand:
    return Demand(1.0, Steady(), dispersion, LENGTHS, LENGTHS, shared, reuse_seconds=50.0)


def drawn(wanted: Demand, rate: float = 2.0, replicas: int = 1, seed: int = 1) -> list[Sample]:
    random = Random(seed)  # noqa: S311 - chance for a simulation, no secret
    return list(islice(samples(wanted, rate, random, replicas), MANY))


@pytest.mark.parametrize("replicas", [1, 4])
@pytest.mark.parametrize("dispersion", [1.0, 9.0])
def test_requests_come_at_the_rate_of_one_replica(dispersion: float, replicas: int) -> None:
    came = drawn(demand(dispersion), rate=2.0, replicas=replicas)
    assert MANY / came[-1].at == pytest.approx(2.0, rel=0.1)


def test_gaps_vary_as_the_dispersion_says_and_less_for_one_of_many() -> None:
    def dispersion(replicas: int) -> float:
        gaps = [after.at - before.at for before, after in pairwise(drawn(demand(9.0), replicas=replicas))]
        return pvariance(gaps) / fmean(gaps) ** 2

    assert dispersion(1) == pytest.approx(9.0, rel=0.15)
    assert dispersion(8) == pytest.approx(1 + 8 / 8, rel=0.15)


def test_lengths_are_as_often_as_their_shares() -> None:
    counts = Counter(sample.prompt_tokens for sample in drawn(demand()))
    assert {tokens: round(count / MANY, 1) for tokens, count in counts.items()} == {10: 0.5, 100: 0.4, 1000: 0.1}


def test_beginnings_are_asked_for_again_after_the_time_of_reuse() -> None:
    last: dict[int, float] = {}
    waits = []
    for sample in drawn(demand(shared=0.25)):
        assert sample.shared_tokens == sample.prompt_tokens // 4
        if sample.group in last:
            waits.append(sample.at - last[sample.group])
        last[sample.group] = sample.at
    assert fmean(waits) == pytest.approx(50.0, rel=0.05)


def test_the_same_seed_gives_the_same_requests() -> None:
    assert drawn(demand(4.0), seed=3) == drawn(demand(4.0), seed=3)
    assert drawn(demand(4.0), seed=3) != drawn(demand(4.0), seed=4)
