import platform
import shutil
from pathlib import Path

import pytest

from beaufort.errors import UnavailableError
from rig import build, gomodule, toolchain
from rig.toolchain import BuildError, Go
from rig.versions import DEFAULT, RELEASES

# Writes what it is asked to build, and says so; `mod download` finds a module with two staging modules.
FAKE = r"""#!/bin/sh
echo "$@" >> "$LOG"
case "$1" in
mod) echo "{\"Dir\": \"$MODULE\"}" ;;
build) shift; while [ "$1" != -o ]; do shift; done; [ -z "$FAIL" ] || exit 1; cp go.mod "$2"; chmod 755 "$2" ;;
esac
"""


@pytest.fixture
def go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a stand-in of Go in place, and return the file to which it writes its arguments."""
    program = tmp_path / "go"
    program.write_text(FAKE)
    program.chmod(0o755)
    (tmp_path / "module").mkdir()
    (tmp_path / "cache").mkdir()
    (tmp_path / "module" / "go.mod").write_text("replace k8s.io/kube-proxy => ./staging/src/k8s.io/kube-proxy\n")
    monkeypatch.setenv("LOG", str(tmp_path / "log"))
    monkeypatch.setenv("MODULE", str(tmp_path / "module"))
    monkeypatch.setattr(toolchain, "find", lambda _cache, _say: Go(program))
    return tmp_path / "log"


def test_every_program_is_built_once(tmp_path: Path, go: Path) -> None:
    programs = build.programs(DEFAULT, tmp_path / "cache", lambda _: None)
    built = [line.split()[-1] for line in go.read_text().splitlines() if line.startswith("build")]
    assert built == ["go.etcd.io/etcd/server/v3"] + [f"k8s.io/kubernetes/cmd/{name}" for name in build.CONTROL_PLANE]
    assert build.programs(DEFAULT, tmp_path / "cache", lambda _: None) == programs
    assert len(go.read_text().splitlines()) == 6
    assert "k8s.io/kube-proxy => k8s.io/kube-proxy v0.30.4" in Path(programs.path("kubectl")).read_text()
    assert Path(programs.path("etcd")).read_text() == gomodule.text(gomodule.etcd())


def test_one_more_program_is_built_alone(tmp_path: Path, go: Path) -> None:
    build.programs(DEFAULT, tmp_path / "cache", lambda _: None)
    go.unlink()
    programs = build.programs(DEFAULT, tmp_path / "cache", lambda _: None, (*build.CONTROL_PLANE, "kubelet"))
    assert Path(programs.path("kubelet")).exists()
    assert [line.split()[-1] for line in go.read_text().splitlines()][1:] == ["k8s.io/kubernetes/cmd/kubelet"]


def test_releases_have_places_of_their_own_and_share_etcd(tmp_path: Path) -> None:
    one, other = build.known(DEFAULT, tmp_path), build.known(RELEASES[-1], tmp_path)
    assert one.kubernetes != other.kubernetes
    assert one.path("etcd") == other.path("etcd")


@pytest.mark.usefixtures("go")
def test_a_build_that_fails_leaves_no_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIL", "1")
    with pytest.raises(BuildError, match="`go build -v` failed"):
        build.programs(DEFAULT, tmp_path / "cache", lambda _: None)
    assert not Path(build.known(DEFAULT, tmp_path / "cache").path("etcd")).exists()


@pytest.mark.usefixtures("go")
def test_what_a_killed_build_left_is_cleared(tmp_path: Path) -> None:
    folder = Path(build.known(DEFAULT, tmp_path / "cache").path("etcd")).parents[1]
    (folder / ".scratch-abc").mkdir(parents=True)
    (folder / ".draft-etcd-1").write_text("half")
    build.programs(DEFAULT, tmp_path / "cache", lambda _: None)
    assert sorted(path.name for path in folder.iterdir()) == ["bin", "go.mod"]


@pytest.mark.usefixtures("go")
@pytest.mark.parametrize(("system", "free", "why"), [("Darwin", 1 << 40, "needs Linux"), ("Linux", 1 << 20, "of disk")])
def test_a_machine_that_cannot_build_is_told_before_it_tries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, system: str, free: int, why: str
) -> None:
    monkeypatch.setattr(platform, "system", lambda: system)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: type("Usage", (), {"free": free}))
    with pytest.raises(UnavailableError, match=why):
        build.programs(DEFAULT, tmp_path / "cache", lambda _: None)
    assert list((tmp_path / "cache").iterdir()) == []
