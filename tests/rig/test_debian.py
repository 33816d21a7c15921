import io
import shutil
import tarfile
from pathlib import Path

import pytest

from beaufort.errors import UnavailableError
from rig import debian

# Puts a package with one program into its cache; says what it was asked for.
APT = """#!/bin/sh
echo "$@" >> "$LOG"
[ -z "$FAIL" ] || { echo "E: Unable to locate package" >&2; exit 100; }
case "$*" in *install*) ;; *) exit 0 ;; esac
for word; do case "$word" in Dir::Cache=*) cp "$PACKAGE" "${word#Dir::Cache=}/archives/" ;; esac; done
"""
DPKG = """#!/bin/sh
cat "$2"
"""


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put stand-ins of apt-get and dpkg-deb on the PATH; a package is a tar."""
    (tmp_path / "bin").mkdir()
    for name, text in (("apt-get", APT), ("dpkg-deb", DPKG)):
        (tmp_path / "bin" / name).write_text(text)
        (tmp_path / "bin" / name).chmod(0o755)
    with tarfile.open(tmp_path / "tool.deb", "w") as tar:
        for folder in ("./", "./bin", "./usr", "./usr/sbin"):
            about = tarfile.TarInfo(folder)
            about.type, about.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(about)
        for name in ("./bin/ip", "./usr/sbin/xtables-nft-multi"):
            about = tarfile.TarInfo(name)
            about.size, about.mode = 4, 0o755
            tar.addfile(about, io.BytesIO(b"tool"))
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setenv("LOG", str(tmp_path / "log"))
    monkeypatch.setenv("PACKAGE", str(tmp_path / "tool.deb"))
    (tmp_path / "cache").mkdir()
    return tmp_path / "log"


def test_packages_are_unpacked_once_and_nothing_is_installed(tmp_path: Path, log: Path) -> None:
    place = debian.unpacked(("tool",), tmp_path / "cache", lambda _: None)
    # What is in /bin is in /usr/bin, where the machine looks for it.
    assert (place / "usr" / "bin" / "ip").read_bytes() == b"tool"
    assert (place / "usr" / "sbin" / "iptables-save").resolve().name == "xtables-nft-multi"
    asked = log.read_text().splitlines()
    assert [line.split()[-1] for line in asked] == ["update", "tool"]
    assert "--download-only" in asked[1]
    assert debian.unpacked(("tool",), tmp_path / "cache", lambda _: None) == place
    assert len(log.read_text().splitlines()) == 2
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [place.name]


@pytest.mark.usefixtures("log")
def test_a_package_that_cannot_be_had_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIL", "1")
    with pytest.raises(UnavailableError, match="`apt-get` failed: E: Unable to locate package"):
        debian.unpacked(("tool",), tmp_path / "cache", lambda _: None)


def test_a_machine_without_apt_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(UnavailableError, match=r"there is no apt-get .*--no-nodes"):
        debian.unpacked(("tool",), tmp_path, lambda _: None)
