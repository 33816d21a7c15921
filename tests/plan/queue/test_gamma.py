import math
from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beaufort.plan.queue.gamma import Moments, share_within


def gamma(shape: float, scale: float = 1.0) -> Moments:
    return Moments(shape * scale, shape * scale**2, 2 * shape * scale**3)


@pytest.mark.parametrize("shape", [0.05, 0.3, 1.0, 2.0, 9.0, 200.0])
@pytest.mark.parametrize("at", [0.2, 1.0, 3.0])
def test_a_gamma_time_is_as_the_series_says(shape: float, at: float) -> None:
    value = shape * at
    # P(a, x) = x^a e^-x / Gamma(a + 1) sum x^k / ((a + 1) .. (a + k))
    term = total = 1.0
    for step in range(1, 2000):
        term *= value / (shape + step)
        total += term
    exact = math.exp(shape * math.log(value) - value - math.lgamma(shape + 1)) * total
    assert share_within(value * 2.5, gamma(shape, 2.5)) == pytest.approx(exact, abs=0.004)


def test_an_exponential_time_is_exact_below_shape_one_and_close_at_it() -> None:
    assert share_within(3.0, gamma(1.0)) == pytest.approx(1 - math.exp(-3), abs=0.002)


def test_without_a_skew_it_is_normal_and_without_a_variance_certain() -> None:
    assert share_within(1.5, Moments(1.0, 0.04)) == pytest.approx(NormalDist(1, 0.2).cdf(1.5), abs=1e-6)
    assert share_within(0.99, Moments(1.0)) == 0
    assert share_within(1.0, Moments(1.0)) == 1


def test_a_shift_moves_a_time_and_keeps_its_form() -> None:
    moved = gamma(2.0) + Moments(10.0)
    assert share_within(13.0, moved) == pytest.approx(share_within(3.0, gamma(2.0)))


@given(st.floats(0.01, 100), st.floats(0.001, 100), st.floats(0, 1000), st.floats(0, 50), st.floats(0.01, 50))
def test_it_is_a_distribution(mean: float, variance: float, third: float, low: float, more: float) -> None:
    moments = Moments(mean, variance, third)
    assert -1e-9 <= share_within(low, moments) <= share_within(low + more, moments) + 1e-6 <= 1 + 2e-6


def test_moments_of_weighted_values() -> None:
    moments = Moments.of([(0.5, 1.0), (0.5, 3.0)])
    assert (moments.mean, moments.variance, moments.third) == pytest.approx((2, 1, 0))
    skewed = Moments.of([(0.9, 0.0), (0.1, 10.0)])
    assert (skewed.mean, skewed.square, skewed.cube) == pytest.approx((1, 10, 100))
    assert skewed.third == pytest.approx(0.9 * -1 + 0.1 * 729)
