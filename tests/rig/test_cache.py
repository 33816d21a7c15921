import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from beaufort.errors import UnavailableError
from rig import cache

ROOT = Path(__file__).parents[2]
HOLDER = """
import sys, pathlib
from rig import cache
with cache.locked(pathlib.Path(sys.argv[1]), print):
    print("held", flush=True)
    sys.stdin.read()
"""

COUNTER = """
import sys, pathlib
from rig import cache
counter = pathlib.Path(sys.argv[2])
for _ in range(100):
    with cache.locked(pathlib.Path(sys.argv[1]), lambda _: None):
        counter.write_text(str(int(counter.read_text()) + 1))
"""


def test_the_folder_is_the_variables_or_the_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEAUFORT_RIG_CACHE", str(tmp_path / "own"))
    assert cache.folder() == tmp_path / "own"
    monkeypatch.delenv("BEAUFORT_RIG_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    assert cache.folder() == tmp_path / "caches" / "beaufort" / "rig"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert cache.folder() == tmp_path / "home" / ".cache" / "beaufort" / "rig"


def test_a_folder_that_cannot_be_made_is_told_with_the_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("BEAUFORT_RIG_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(UnavailableError, match=r"Not a directory \(set BEAUFORT_RIG_CACHE to a folder\)"):
        cache.folder()


def test_a_file_is_written_whole_with_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file"
    cache.write(path, "secret", mode=0o600)
    cache.write(path, "other secret", mode=0o600)
    assert path.read_text() == "other secret"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(path.parent) == ["file"]  # noqa: PTH208 - just the names


def test_a_lock_is_held_by_one_and_waited_for_aloud(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    said: list[str] = []
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(lock)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"

        def waiting(line: str) -> None:
            said.append(line)
            holder.kill()  # the kernel drops its lock, and the file stays

        with cache.locked(lock, waiting):
            assert holder.wait() == -9
            assert lock.exists()
    assert said == [f"waiting for another rig that holds {lock}"]
    assert not lock.exists()


def test_many_that_take_turns_never_hold_it_together(tmp_path: Path) -> None:
    counter = tmp_path / "counter"
    counter.write_text("0")
    command = [sys.executable, "-c", COUNTER, str(tmp_path / "lock"), str(counter)]
    workers = [subprocess.Popen(command, cwd=ROOT) for _ in range(4)]
    assert [worker.wait() for worker in workers] == [0, 0, 0, 0]
    assert counter.read_text() == "400"
