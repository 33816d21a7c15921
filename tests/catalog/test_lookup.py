import pytest

from beaufort.catalog.lookup import row
from beaufort.errors import UsageError

ROWS = {"H100": 1, "H200": 2, "L40S": 3}


@pytest.mark.parametrize("name", ["L40S", "l40s", " L40s "])
def test_case_and_blanks_do_not_matter(name: str) -> None:
    assert row(ROWS, name, "accelerator") == 3


def test_a_near_name_is_suggested_as_it_is_written() -> None:
    with pytest.raises(UsageError, match="did you mean L40S"):
        row(ROWS, "l40", "accelerator")


@pytest.mark.parametrize("name", ["", "warp drive"])
def test_a_name_like_no_other_is_answered_with_all(name: str) -> None:
    with pytest.raises(UsageError, match="known are H100, H200, L40S") as caught:
        row(ROWS, name, "accelerator")
    assert caught.value.exit_code == 2
