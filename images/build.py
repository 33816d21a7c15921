"""Build Beaufort's images.

    python -m images.build [NAME...]

| Image | Holds | Runs |
|---|---|---|
| `beaufort/beaufort` | the core | the gateway, the emulated engine, the command line |
| `beaufort/openvino` | the same, OpenVINO GenAI, the hub's client, the demo model | the engine for processors |

Each is a folder, `build/images/NAME`, that the Containerfile copies onto a base image. It is made of this checkout's
wheel and the locked requirements, hashes and all, by the installer of `.venv`. Whoever has docker or podman builds it
with that from the folder (`--context` makes no more than that); without, buildah does, unpacked from Debian's packages
as everything of the rig, onto a base of Debian's packages.

An image is built again when what goes into it has changed. The same sources give the same image, byte for byte: times
are those of the last commit that touched them, bytecode holds hashes instead of times.
"""

from __future__ import annotations

import compileall
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from py_compile import PycInvalidationMode

import click

from beaufort import __version__
from rig import cache, debian
from rig import images as rig_images
from rig.progress import step

ROOT = Path(__file__).parents[1]
# What goes into an image.
SOURCES = ("images", "pyproject.toml", "requirements", "src")
BUILD = ROOT / "build"
_UV = ROOT / ".venv" / "bin" / "uv"
_INSTALLED = "/opt/beaufort/lib"  # as the Containerfile has it
_PYTHON = (3, 11)  # of Debian bookworm, and of the Containerfile's own base
_GLIBC = "2_36"
_LAUNCHER = """\
#!/usr/bin/env python3
import sys

from beaufort.cli import main

sys.exit(main())
"""
# What installers leave that says where and how, and what only a developer reads.
_SURPLUS = ("bin", "**/direct_url.json", "**/RECORD", "**/INSTALLER", "**/REQUESTED", "**/*.pyi", ".lock")


@dataclass(frozen=True, slots=True)
class Image:
    """One image.

    Attributes:
        name: The last part of its name.
        requirements: Files of locked requirements, each with whether what they need in turn is listed too.
    """

    name: str
    requirements: tuple[tuple[str, bool], ...]

    @property
    def tag(self) -> str:
        """What it is called."""
        return f"beaufort/{self.name}:{__version__}"

    @property
    def context(self) -> Path:
        """The folder that is copied into it."""
        return BUILD / "images" / self.name

    @property
    def archive(self) -> Path:
        """Where it is kept, as ``docker save`` would."""
        return BUILD / f"{self.name}-{__version__}.tar"

    @property
    def stamp(self) -> Path:
        """Where it is written down what the archive was made of."""
        return self.archive.with_suffix(".sources")


IMAGES = (
    Image("beaufort", (("core.txt", True),)),
    Image("openvino", (("local.txt", True), ("demo.txt", False))),
)


def say(line: str) -> None:
    """Tell whoever waits."""
    click.echo(line, err=True)


@click.command()
@click.argument("names", nargs=-1, type=click.Choice([each.name for each in IMAGES]))
@click.option("--context", is_flag=True, help="Make the folders only, for another builder.")
def main(names: tuple[str, ...], *, context: bool) -> None:
    """Build the images NAMES, all of them by default, into build/, unless they are there."""
    for image in IMAGES:
        if names and image.name not in names:
            continue
        if context:
            collect(image, make_wheel())
            click.echo(image.context.relative_to(ROOT))
        else:
            archive = built(image)
            click.echo(f"{archive.relative_to(ROOT)}  {image.tag}  {archive.stat().st_size >> 20} MiB")


def built(image: Image) -> Path:
    """Return the archive of an image, built from this checkout as it is."""
    digest = _digest()
    if image.archive.exists() and image.stamp.exists() and image.stamp.read_text("utf-8") == digest:
        return image.archive
    image.stamp.unlink(missing_ok=True)
    with cache.locked(BUILD / "images.lock", say):
        with step(say, f"collecting {image.tag}"):
            collect(image, make_wheel())
        with step(say, f"building {image.tag}"):
            build(image)
    image.stamp.write_text(digest, "utf-8")
    return image.archive


def _digest() -> str:
    """Return a digest of all that goes into an image, be it committed or not."""
    listed = _git("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *SOURCES).split("\0")
    digest = hashlib.sha256()
    for name in sorted(set(filter(None, listed))):
        path = ROOT / name
        content = path.read_bytes() if path.exists() else b""
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def make_wheel() -> Path:
    """Return this checkout's wheel."""
    folder = BUILD / "wheel"
    shutil.rmtree(folder, ignore_errors=True)
    _run(_UV, "build", "--quiet", "--wheel", "--out-dir", folder, ROOT)
    (wheel,) = folder.glob("*.whl")
    return wheel


def collect(image: Image, wheel: Path) -> None:
    """Make the folder that is copied into an image."""
    shutil.rmtree(image.context, ignore_errors=True)
    library, programs = image.context / "lib", image.context / "bin"
    programs.mkdir(parents=True)
    launcher = programs / "beaufort"
    launcher.write_text(_LAUNCHER, "utf-8")
    for file, complete in image.requirements:
        _install(library, "--require-hashes", *(() if complete else ("--no-deps",)), "-r", ROOT / "requirements" / file)
    _install(library, "--no-deps", wheel)
    for pattern in _SURPLUS:
        for path in library.glob(pattern):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    _compile(library)
    for path in image.context.rglob("*"):
        path.chmod(0o755 if path.is_dir() or path == launcher else 0o644)


def _install(library: Path, *what: str | Path) -> None:
    target = f"{platform.machine()}-manylinux_{_GLIBC}"
    version = ".".join(map(str, _PYTHON))
    options = ("--quiet", "--target", library, "--python", sys.executable, "--only-binary", ":all:")
    _run(_UV, "pip", "install", *options, "--python-version", version, "--python-platform", target, *what)


def _compile(library: Path) -> None:
    """Compile, so that a program with a read-only root starts as fast the first time; if this is the image's Python."""
    if sys.version_info[:2] != _PYTHON:
        say("this is another Python than the image's: it starts slower, as nothing is compiled")
        return
    mode = PycInvalidationMode.UNCHECKED_HASH
    # A file of another Python's syntax, as some packages have for their own use, stays as it is.
    compileall.compile_dir(
        library, quiet=2, stripdir=str(library), prependdir=_INSTALLED, invalidation_mode=mode, workers=0
    )


def build(image: Image) -> None:
    """Build an image onto the rig's base, and keep it as an archive."""
    store = cache.folder()
    base = rig_images.base(store, say)
    packages = debian.unpacked(("buildah",), store, say)
    scratch = BUILD / "buildah"
    policy = BUILD / "policy.json"
    policy.write_text(json.dumps({"default": [{"type": "insecureAcceptAnything"}]}), "utf-8")
    libraries = ":".join(str(path) for path in (packages / "usr" / "lib").glob("*-linux-gnu"))
    environment = os.environ | {"LD_LIBRARY_PATH": libraries, "BUILDAH_ISOLATION": "chroot"}
    buildah: tuple[str | Path, ...] = (
        packages / "usr" / "bin" / "buildah",
        *("--root", scratch / "root", "--runroot", scratch / "run", "--storage-driver", _driver(scratch)),
    )
    arguments = {
        "BASE": f"docker-archive:{base}",
        "TITLE": image.tag.rpartition(":")[0],
        "VERSION": __version__,
        "REVISION": _git("log", "-1", "--format=%H", "--", *SOURCES),
    }
    given = [part for name, value in arguments.items() for part in ("--build-arg", f"{name}={value}")]
    file = ROOT / "images" / "Containerfile"
    committed = _git("log", "-1", "--format=%ct", "--", *SOURCES)
    image.archive.unlink(missing_ok=True)
    build_it = (*buildah, "bud", "--quiet", "--signature-policy", policy, "--timestamp", committed, *given)
    try:
        _run(*build_it, "--tag", image.tag, "--file", file, image.context, environment=environment)
        target = f"docker-archive:{image.archive}:{image.tag}"
        _run(*buildah, "push", "--quiet", "--signature-policy", policy, image.tag, target, environment=environment)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _driver(scratch: Path) -> str:
    """Return how layers are laid over each other: by the kernel, or by copies where it cannot, as on an overlay."""
    folders = [scratch / "probe" / name for name in ("lower", "upper", "work", "merged")]
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
    lower, upper, work, merged = folders
    mount = f"mount -t overlay overlay -o lowerdir={lower},upperdir={upper},workdir={work} {merged}"
    done = subprocess.run(["unshare", "--mount", "sh", "-c", mount], capture_output=True, check=False)
    return "vfs" if done.returncode else "overlay"


def _git(*arguments: str) -> str:
    command = ["git", "-C", str(ROOT), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _run(*command: str | Path, environment: dict[str, str] | None = None) -> None:
    done = subprocess.run([*map(str, command)], env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        message = f"`{Path(command[0]).name}` failed:\n{(done.stderr or done.stdout).strip()[-2000:]}"
        raise click.ClickException(message)


if __name__ == "__main__":
    main()
