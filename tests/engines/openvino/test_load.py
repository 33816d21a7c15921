"""Loading, as far as it needs no model; with one it is all of the other tests."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

import pytest

from beaufort.engines.models import LocalModel
from beaufort.engines.openvino import load
from beaufort.errors import UnavailableError


def model(path: Path, kind: Literal["gguf", "openvino"] = "gguf") -> LocalModel:
    return LocalModel(path, kind, "m", 8, 1, 1, 1, 1)


@pytest.fixture
def forbidden(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have nothing be writable, as for another user; root may write to everything."""
    monkeypatch.setattr(os, "access", lambda *_: False)


def test_a_file_that_can_be_written_is_taken_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "a.gguf").write_bytes(b"weights")
    with load._writable(model(tmp_path / "a.gguf")) as path:
        assert path == tmp_path / "a.gguf"


@pytest.mark.usefixtures("forbidden")
def test_of_one_that_cannot_a_copy_is_taken_and_gone_afterwards(tmp_path: Path) -> None:
    for number in (1, 2):
        (tmp_path / f"a-0000{number}-of-00002.gguf").write_bytes(b"%d" % number)
    with load._writable(model(tmp_path / "a-00001-of-00002.gguf")) as path:
        assert path.parent != tmp_path
        assert sorted(each.read_bytes() for each in path.parent.iterdir()) == [b"1", b"2"]
        assert path.name == "a-00001-of-00002.gguf"
    assert not path.parent.exists()


@pytest.mark.usefixtures("forbidden")
def test_a_folder_is_never_copied(tmp_path: Path) -> None:
    with load._writable(model(tmp_path, "openvino")) as path:
        assert path == tmp_path


@pytest.mark.usefixtures("forbidden")
def test_no_room_for_the_copy_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shutil.copyfile", full)
    with pytest.raises(UnavailableError, match="No space left") as caught, load._writable(model(tmp_path / "a.gguf")):
        pass
    assert "TMPDIR" in caught.value.problems[0].remedy
