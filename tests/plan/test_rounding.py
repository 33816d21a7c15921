import pytest
from hypothesis import given
from hypothesis import strategies as st

from beaufort.plan.rounding import above, below, duration, money_above
from beaufort.units import parse_duration


@pytest.mark.parametrize(
    ("value", "rounded"), [(1.91, 2.0), (2.0, 2.0), (0.0183, 0.019), (312, 320), (0.99, 0.99), (0.991, 1.0), (0, 0)]
)
def test_two_digits_above(value: float, rounded: float) -> None:
    assert above(value) == rounded


@pytest.mark.parametrize(("value", "rounded"), [(1.99, 1.9), (2.0, 2.0), (0.0189, 0.018), (319, 310), (0, 0)])
def test_two_digits_below(value: float, rounded: float) -> None:
    assert below(value) == rounded


@pytest.mark.parametrize(("seconds", "written"), [(0.32, "320ms"), (2.4, "2.4s"), (120.0, "120s"), (0.0125, "12.5ms")])
def test_a_duration_is_written_as_a_file_has_it(seconds: float, written: str) -> None:
    assert duration(seconds) == written
    assert parse_duration(written) == pytest.approx(seconds)


@given(st.floats(1e-6, 1e9))
def test_they_are_on_the_side_where_they_are_true_and_near(value: float) -> None:
    assert value <= above(value) <= 1.11 * value
    assert 0.89 * value <= below(value) <= value * (1 + 1e-9)
    assert value <= money_above(value) + 1e-9
