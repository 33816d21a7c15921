from __future__ import annotations

import json
from pathlib import Path

import pytest

from beaufort.cli.tree import RECORD, write_tree
from beaufort.errors import UsageError

FILES = {"kustomization.yaml": "a\n", "10-x/one.yaml": "1\n", "10-x/two.yaml": "2\n"}


def texts(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in folder.rglob("*")
        if path.is_file() and path.name != RECORD
    }


def test_a_tree_is_written_and_only_what_changed_is_written_again(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "deploy"
    assert write_tree(folder, FILES) == (3, 0)
    assert texts(folder) == FILES
    before = (folder / "10-x/one.yaml").stat().st_mtime_ns
    assert write_tree(folder, {**FILES, "kustomization.yaml": "b\n"}) == (1, 0)
    assert (folder / "10-x/one.yaml").stat().st_mtime_ns == before
    assert write_tree(folder, {**FILES, "kustomization.yaml": "b\n"}) == (0, 0)


def test_what_is_made_no_more_is_removed_and_what_is_others_is_kept(tmp_path: Path) -> None:
    write_tree(tmp_path, FILES)
    overlay = tmp_path / "overlay" / "kustomization.yaml"
    overlay.parent.mkdir()
    overlay.write_text("mine\n")
    assert write_tree(tmp_path, {"kustomization.yaml": "a\n"}) == (0, 2)
    assert texts(tmp_path) == {"kustomization.yaml": "a\n", "overlay/kustomization.yaml": "mine\n"}
    assert not (tmp_path / "10-x").exists()


def test_a_file_of_somebody_else_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "10-x").mkdir()
    (tmp_path / "10-x/two.yaml").write_text("mine\n")
    with pytest.raises(UsageError, match="was not written by"):
        write_tree(tmp_path, FILES)
    assert texts(tmp_path) == {"10-x/two.yaml": "mine\n"}, "nothing else was written either"


def test_a_file_that_was_changed_by_hand_is_not_overwritten(tmp_path: Path) -> None:
    write_tree(tmp_path, FILES)
    (tmp_path / "10-x/one.yaml").write_text("edited\n")
    for files in (FILES, {"kustomization.yaml": "a\n"}):
        with pytest.raises(UsageError, match="was changed by hand"):
            write_tree(tmp_path, files)
    assert (tmp_path / "10-x/one.yaml").read_text() == "edited\n"


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("1\n")
    folder = tmp_path / "deploy"
    folder.mkdir()
    (folder / "kustomization.yaml").symlink_to(outside)
    with pytest.raises(UsageError, match="was not written by"):
        write_tree(folder, FILES)
    assert outside.read_text() == "1\n"


def test_a_run_that_was_cut_off_is_repeated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_tree(tmp_path, FILES)
    changed = {name: f"new {text}" for name, text in FILES.items()}
    replace = Path.replace

    def fail_at_two(self: Path, target: Path) -> Path:
        if target.name == "two.yaml":
            raise OSError(28, "No space left on device")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", fail_at_two)
    with pytest.raises(UsageError, match="No space left on device"):
        write_tree(tmp_path, changed)
    monkeypatch.undo()
    assert set(texts(tmp_path).values()) == {"new a\n", "new 1\n", "2\n"}, "no part of a file is left over"
    assert write_tree(tmp_path, changed) == (1, 0)
    assert texts(tmp_path) == changed


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    place = tmp_path / "deploy"
    place.write_text("")
    with pytest.raises(UsageError, match="is a file"):
        write_tree(place, FILES)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"files": []}', '{"files": {"a": 1}}'])
def test_a_damaged_record_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / RECORD).write_text(text)
    with pytest.raises(UsageError, match="is damaged"):
        write_tree(tmp_path, FILES)


def test_the_record_says_what_it_is(tmp_path: Path) -> None:
    write_tree(tmp_path, FILES)
    record = json.loads((tmp_path / RECORD).read_text())
    assert set(record["files"]) == set(FILES)
    assert "beaufort render" in record["about"]
