import pytest

from beaufort.catalog.lookup import row
from beaufort.errors import UsageError

ROWS = {"H100": 1, "H200": 2, "L40S": 3}
ALIASES = {"H100": ("hopper", "NVIDIA H100 80GB"), "H200": ("hopper",), "L40S": ("ada", "H100")}


@pytest.mark.parametrize("name", ["L40S", "l40s", " L40s "])
def test_case_and_blanks_do_not_matter(name: str) -> None:
    assert row(ROWS, name, "accelerator") == 3


@pytest.mark.parametrize("name", ["ADA", "nvidia-ada", "Tesla ada"])
def test_a_row_has_other_names(name: str) -> None:
    assert row(ROWS, name, "accelerator", ALIASES) == 3


@pytest.mark.parametrize("name", ["H100 80GB", "h100_80gb", "NVIDIA  H100-80GB"])
def test_words_may_be_joined_in_any_way(name: str) -> None:
    assert row(ROWS, name, "accelerator", ALIASES) == 1


def test_a_rows_own_name_is_never_another_rows_alias() -> None:
    assert row(ROWS, "h100", "accelerator", ALIASES) == 1


def test_a_name_of_several_rows_is_answered_with_all_of_them() -> None:
    with pytest.raises(UsageError, match=r"'Hopper' is the name of several accelerators \(write H100 or H200\)"):
        row(ROWS, "Hopper", "accelerator", ALIASES)


def test_a_near_name_is_suggested_as_it_is_written() -> None:
    with pytest.raises(UsageError, match="did you mean L40S"):
        row(ROWS, "l40", "accelerator")


def test_a_name_near_to_an_alias_is_answered_with_the_row() -> None:
    with pytest.raises(UsageError, match=r"did you mean H100 or H200\?"):
        row(ROWS, "hoper", "accelerator", ALIASES)


@pytest.mark.parametrize("name", ["", "warp drive", "nvidia", "x" * 10_000])
def test_a_name_like_no_other_is_answered_with_all(name: str) -> None:
    with pytest.raises(UsageError, match="known are H100, H200, L40S") as caught:
        row(ROWS, name, "accelerator", ALIASES)
    assert caught.value.exit_code == 2
    assert len(str(caught.value)) < 200
