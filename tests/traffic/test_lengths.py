import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beaufort.spec.traffic import Mean, Percentiles
from beaufort.traffic.lengths import Lengths, from_file, lognormal, measured


def test_a_length_by_its_mean_keeps_it_and_varies_by_as_much() -> None:
    lengths = from_file(Mean(mean=500.0))
    assert lengths.mean == pytest.approx(500, rel=0.001)
    assert math.sqrt(lengths.variance) == pytest.approx(500, rel=0.15)  # the pieces' own spread is left out


def test_a_length_by_percentiles_goes_through_them() -> None:
    lengths = from_file(Percentiles(p50=900.0, p95=4000.0))
    assert lengths.percentile(50) == pytest.approx(900, rel=0.1)
    assert lengths.percentile(95) == pytest.approx(4000, rel=0.1)
    assert lengths.mean == pytest.approx(900 * math.exp((math.log(4000 / 900) / 1.645) ** 2 / 2), rel=0.001)


def test_equal_percentiles_are_one_length() -> None:
    assert from_file(Percentiles(p50=64.0, p95=64.0)).points == ((1.0, 64.0),)


@given(st.floats(1, 1e6), st.floats(0, 3))
def test_shares_add_up_and_nothing_is_shorter_than_a_token(median: float, sigma: float) -> None:
    lengths = lognormal(median, sigma)
    assert sum(share for share, _ in lengths.points) == pytest.approx(1)
    tokens = [tokens for _, tokens in lengths.points]
    assert tokens == sorted(tokens)
    assert tokens[0] >= 1


def test_recorded_lengths_keep_their_mean_and_their_percentiles() -> None:
    recorded = [*range(1, 1001)]
    lengths = measured(recorded)
    assert lengths.mean == pytest.approx(500.5, rel=0.002)
    assert lengths.percentile(95) == pytest.approx(950, rel=0.02)
    assert lengths.longest == pytest.approx(1000, rel=0.002)
    assert measured([7]).percentile(50) == pytest.approx(7)


def test_what_is_too_long_is_cut() -> None:
    lengths = Lengths(((0.5, 10.0), (0.3, 20.0), (0.2, 30.0)))
    assert lengths.at_most(15).points == ((0.5, 10.0), (0.3, 15.0), (0.2, 15.0))
