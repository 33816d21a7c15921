from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beaufort.errors import UsageError
from beaufort.spec.scalars import parse_share


@pytest.mark.parametrize(("text", "share"), [("99.9%", 0.999), ("0%", 0.0), ("100 %", 1.0), ("33.333%", 0.33333)])
def test_a_percentage_is_exactly_its_decimal(text: str, share: float) -> None:
    assert parse_share(text) == share


@given(st.integers(0, 100_000))
def test_thousandths_of_a_percent(thousandths: int) -> None:
    assert parse_share(f"{thousandths / 1000:.3f}%") == thousandths / 100_000


@pytest.mark.parametrize("text", ["", "%", "x%", "-1%", "1e1%", "0.5", "٣%"])
def test_what_is_no_percentage(text: str) -> None:
    with pytest.raises(UsageError, match="is not a percentage"):
        parse_share(text)
