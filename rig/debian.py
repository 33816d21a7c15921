"""Programs from Debian's packages, unpacked into the cache: nothing is installed on the machine."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from beaufort.errors import Problem, UnavailableError
from rig.cache import locked
from rig.progress import Say, step

# What a node is made of. iproute2 and the rest of util-linux are there for machines that lack them.
NODE = (
    "containerd",
    "runc",
    "containernetworking-plugins",
    "iptables",
    "conntrack",
    "catatonit",
    "iproute2",
    "ethtool",
    "mount",
)
# What the image of a small Debian is made with.
IMAGE = ("mmdebstrap",)
# Alternatives of Debian that a package's installation would have linked.
_LINKS = {
    "usr/sbin/iptables": "xtables-nft-multi",
    "usr/sbin/iptables-save": "xtables-nft-multi",
    "usr/sbin/iptables-restore": "xtables-nft-multi",
    "usr/sbin/ip6tables": "xtables-nft-multi",
    "usr/sbin/ip6tables-save": "xtables-nft-multi",
    "usr/sbin/ip6tables-restore": "xtables-nft-multi",
}
# Of a package that was made before /bin and /lib became links into /usr.
_UNMERGED = ("bin", "sbin", "lib", "lib64")


def unpacked(packages: Sequence[str], cache: Path, say: Say) -> Path:
    """Return the folder into which packages and what they need are unpacked; it holds ``usr``.

    Raises:
        UnavailableError: This is no Debian, or the packages cannot be had.
    """
    digest = hashlib.sha256(f"{packages} {_codename()} {_LINKS}".encode()).hexdigest()[:8]
    place = cache / f"debian-{packages[0]}-{digest}"
    if place.exists():
        return place
    for program in ("apt-get", "dpkg-deb"):
        if not shutil.which(program):
            raise UnavailableError(
                Problem(f"there is no {program}", "nodes", "use Debian or Ubuntu, or a control plane alone: --no-nodes")
            )
    with locked(cache / "debian.lock", say):
        if not place.exists():
            with step(say, f"fetching {packages[0]} and others from Debian"):
                _fetch(packages, place)
    return place


def _fetch(packages: Sequence[str], place: Path) -> None:
    draft = place.with_name(f".{place.name}")
    shutil.rmtree(draft, ignore_errors=True)
    for name in ("lists/partial", "cache/archives/partial", "root/usr"):
        (draft / name).mkdir(parents=True)
    for name in _UNMERGED:
        (draft / "root" / "usr" / name).mkdir()
        (draft / "root" / name).symlink_to(f"usr/{name}")
    options = {
        "Dir::State::Lists": draft / "lists",
        "Dir::Cache": draft / "cache",
        "Debug::NoLocking": "true",  # it reads what is installed and changes nothing
        "APT::Sandbox::User": "",
        "APT::Keep-Downloaded-Packages": "true",
        "APT::Get::AllowUnauthenticated": "false",
    }
    apt = ["apt-get", "-qq", *(part for name, value in options.items() for part in ("-o", f"{name}={value}"))]
    _run([*apt, "update"])
    _run([*apt, "install", "--yes", "--download-only", "--reinstall", "--no-install-recommends", *packages])
    for package in sorted((draft / "cache" / "archives").glob("*.deb")):
        # dpkg-deb's own --extract would put folders in the place of the links.
        _run(["dpkg-deb", "--fsys-tarfile", str(package)], ["tar", "-x", "--keep-directory-symlink"], draft / "root")
    for link, target in _LINKS.items():
        if (draft / "root" / link).with_name(target).exists():
            (draft / "root" / link).symlink_to(target)
    (draft / "root").rename(place)
    shutil.rmtree(draft)


def _codename() -> str:
    try:
        lines = Path("/etc/os-release").read_text().splitlines()
    except OSError:
        return ""
    return next((line for line in lines if line.startswith("VERSION_CODENAME=")), "")


def _run(command: list[str], reader: Sequence[str] = (), directory: Path | None = None) -> None:
    """Run a command, and give what it prints to another one if there is one."""
    environment = os.environ | {"LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
    text = b""
    for each in (command, reader):
        if not each:
            continue
        done = subprocess.run(  # noqa: S603 - the arguments are the rig's own
            each, env=environment, cwd=directory, input=text, capture_output=True, check=False
        )
        if done.returncode:
            said = "\n".join((done.stderr or done.stdout).decode(errors="replace").strip().splitlines()[-5:])
            raise UnavailableError(Problem(f"`{each[0]}` failed: {said}", "Debian's packages", "see what it says"))
        text = done.stdout
