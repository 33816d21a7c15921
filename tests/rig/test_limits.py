from pathlib import Path

import pytest

from rig import limits

ONE, OTHER = Path("/clusters/one"), Path("/clusters/other")


@pytest.fixture
def setting(tmp_path: Path) -> Path:
    file = tmp_path / "max_user_instances"
    file.write_text("128\n")
    return file


def test_the_limit_is_raised_with_the_first_and_restored_with_the_last(tmp_path: Path, setting: Path) -> None:
    place = tmp_path / "run"
    for folder in (ONE, OTHER, ONE):
        limits.claim(folder, place, setting)
        assert setting.read_text() == "1024"
    limits.release(ONE, place, setting)
    limits.release(ONE, place, setting)
    assert setting.read_text() == "1024"
    limits.release(OTHER, place, setting)
    assert setting.read_text().strip() == "128"
    assert list(tmp_path.iterdir()) == [setting]


@pytest.mark.parametrize(("before", "meanwhile"), [("4096", "4096"), ("128", "2048")])
def test_what_somebody_else_has_set_stays(tmp_path: Path, setting: Path, before: str, meanwhile: str) -> None:
    setting.write_text(before)
    limits.claim(ONE, tmp_path / "run", setting)
    setting.write_text(meanwhile)
    limits.release(ONE, tmp_path / "run", setting)
    assert setting.read_text() == meanwhile


def test_a_cluster_that_claimed_nothing_changes_nothing(tmp_path: Path, setting: Path) -> None:
    limits.release(ONE, tmp_path / "run", setting)
    assert setting.read_text() == "128\n"
    assert list(tmp_path.iterdir()) == [setting]
