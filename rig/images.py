"""Images that pods of the rig run, made once and kept in the cache as archives that `rig image load` takes.

Beaufort's own images begin with ``base``: in a Containerfile, ``FROM docker-archive:PATH``, or its layer unpacked.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import subprocess
import tarfile
from collections.abc import Sequence
from pathlib import Path

from beaufort.errors import Problem, UnavailableError
from rig import daemons, debian
from rig.cache import locked
from rig.progress import Say, step

# What the base image is called in a cluster.
BASE = "rig/base:bookworm"
_SUITE = "bookworm"
_INCLUDED = ("ca-certificates", "python3")
# Debian's list of what may be left out of an image: it is a third of it.
_LEFT_OUT = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*", "/var/cache/*")


def pause(cache: Path, say: Say) -> Path:
    """Return the archive of the image of every pod's sandbox: one static program that reaps what it is left.

    Raises:
        UnavailableError: Debian's packages cannot be had.
    """
    program = debian.unpacked(debian.NODE, cache, say) / "usr" / "bin" / "catatonit"
    archive = cache / "images" / f"pause-{hashlib.sha256(program.read_bytes()).hexdigest()[:8]}.tar"
    if not archive.exists():
        with locked(cache / "images.lock", say):
            layer = archive.with_name(f".{archive.name}.layer")
            layer.parent.mkdir(exist_ok=True)
            with tarfile.open(layer, "w") as tar:
                _add(tar, "pause", program.read_bytes(), 0o755)
            _pack(archive, daemons.PAUSE, layer, ["/pause", "-P"])
    return archive


def base(cache: Path, say: Say) -> Path:
    """Return the archive of a small Debian with Python, called ``BASE`` in a cluster.

    Raises:
        UnavailableError: This is no Debian, or not root, or its packages cannot be had.
    """
    digest = hashlib.sha256(repr((_SUITE, _INCLUDED, _LEFT_OUT)).encode()).hexdigest()[:8]
    archive = cache / "images" / f"base-{_SUITE}-{digest}.tar"
    if archive.exists():
        return archive
    with locked(cache / "images.lock", say):
        if not archive.exists():
            layer = archive.with_name(f".{archive.name}.layer")
            layer.parent.mkdir(exist_ok=True)
            with step(say, f"making an image of Debian {_SUITE} with Python"):
                _bootstrap(debian.unpacked(debian.IMAGE, cache, say), layer)
                _pack(archive, BASE, layer, ["python3"])
    return archive


def _bootstrap(packages: Path, layer: Path) -> None:
    program = packages / "usr" / "bin" / "mmdebstrap"
    options = [f"--dpkgopt=path-exclude={pattern}" for pattern in _LEFT_OUT]
    # Its scratch folder is the whole system: beside the result, so that nothing stays elsewhere.
    scratch = layer.with_name(f".{layer.name}.scratch")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    try:
        done = subprocess.run(  # noqa: S603 - the rig's own arguments
            [
                str(program),
                "--variant=minbase",
                "--format=tar",
                f"--include={','.join(_INCLUDED)}",
                *options,
                _SUITE,
                str(layer),
            ],
            env=os.environ | {"TMPDIR": str(scratch), "LC_ALL": "C", "PATH": f"{program.parent}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    if done.returncode:
        said = "\n".join(done.stderr.strip().splitlines()[-5:])
        raise UnavailableError(Problem(f"mmdebstrap failed: {said}", "the base image", "see what it says"))


def _pack(archive: Path, name: str, layer: Path, entrypoint: Sequence[str]) -> None:
    """Write the archive of an image of one layer, in the form of ``docker save``; the layer's file goes."""
    with layer.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    configuration = {
        "architecture": "amd64" if os.uname().machine == "x86_64" else "arm64",
        "os": "linux",
        "config": {"Entrypoint": list(entrypoint), "Env": ["PATH=/usr/local/bin:/usr/bin:/bin"]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
    }
    text = json.dumps(configuration).encode()
    about = f"{hashlib.sha256(text).hexdigest()}.json"
    manifest = [{"Config": about, "RepoTags": [name], "Layers": ["layer.tar"]}]
    draft = archive.with_name(f".{archive.name}")
    with tarfile.open(draft, "w") as tar:
        _add(tar, about, text)
        _add(tar, "manifest.json", json.dumps(manifest).encode())
        tar.add(layer, "layer.tar")
    layer.unlink()
    draft.rename(archive)


def _add(tar: tarfile.TarFile, name: str, content: bytes, mode: int = 0o644) -> None:
    about = tarfile.TarInfo(name)
    about.size, about.mode = len(content), mode
    tar.addfile(about, io.BytesIO(content))
