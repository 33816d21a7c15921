"""The images, built from this checkout, run as a cluster would run them: not as root, with a root that is read only."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from beaufort import __version__
from beaufort.render import security
from images.build import IMAGES, built

ROOT = Path(__file__).parents[2]
_UNWANTED = re.compile(
    r"(^|/)([.]git|[.]cache|[.]netrc|[.]pypirc|[.]env|pip[.]conf|uv[.]toml|direct_url[.]json|RECORD|INSTALLER)(/|$)"
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(os.geteuid() != 0, reason="images are built by root"),
]


@dataclass(frozen=True)
class Unpacked:
    """An image as a container runtime sees it."""

    name: str
    archive: Path
    config: dict[str, Any]
    root: Path
    top: list[str]  # the paths of what is not of the base

    def command(self, *command: str) -> list[str]:
        """Return what runs a command in it as its user, where it can write to its home and /tmp alone."""
        config = self.config["config"]
        user, environment = config["User"], config["Env"]
        writable = " ".join(f"{self.root}{each}" for each in ("/tmp", security.HOME))  # noqa: S108 - in the image
        setup = (
            f"mount --bind {self.root} {self.root} && mount -o remount,ro,bind {self.root} && "
            f"for each in {writable}; do mount -t tmpfs -o mode=1777 tmpfs $each; done && "
            f"mount -t proc proc {self.root}/proc && mount --bind /dev {self.root}/dev && "
            f'exec chroot --userspec={user} {self.root} /usr/bin/env --ignore-environment "$@"'
        )
        return ["unshare", "--mount", "sh", "-c", setup, "sh", *environment, *command]

    def run(self, *command: str) -> str:
        done = subprocess.run(self.command(*command), capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module", params=IMAGES, ids=lambda image: image.name)
def image(request: pytest.FixtureRequest) -> Iterator[Unpacked]:
    archive = built(request.param)
    with tempfile.TemporaryDirectory() as folder, tarfile.open(archive) as tar:
        (manifest,) = json.loads(_read(tar, "manifest.json"))
        root = Path(folder) / "root"
        root.mkdir()
        for layer in manifest["Layers"]:
            with tarfile.open(fileobj=tar.extractfile(layer)) as files:
                files.extractall(root, filter="tar")
                top = files.getnames()
        (root / security.HOME.lstrip("/")).mkdir(parents=True)  # the kubelet's work, for a volume
        yield Unpacked(request.param.tag, archive, json.loads(_read(tar, manifest["Config"])), root, top)


def _read(tar: tarfile.TarFile, name: str) -> bytes:
    file = tar.extractfile(name)
    assert file is not None
    return file.read()


def test_it_is_what_manifests_name_and_runs_as_they_say(image: Unpacked) -> None:
    config = image.config["config"]
    assert image.name.endswith(f":{__version__}")
    assert config["User"] == f"{security.USER}:{security.USER}"
    assert config["Entrypoint"] == ["beaufort"]
    assert config["Labels"]["org.opencontainers.image.version"] == __version__
    assert re.fullmatch("[0-9a-f]{40}", config["Labels"]["org.opencontainers.image.revision"])


def test_it_runs_as_a_user_with_a_root_that_is_read_only(image: Unpacked) -> None:
    assert image.run("beaufort", "--version").strip().endswith(__version__)
    assert image.run("id", "-u").strip() == str(security.USER)
    done = subprocess.run(image.command("touch", "/opt/beaufort/x"), capture_output=True, text=True, check=False)
    assert "Read-only file system" in done.stderr


def test_every_program_in_it_starts(image: Unpacked) -> None:
    kinds = ["emulated", "openvino"] if image.name.startswith("beaufort/openvino") else ["emulated"]
    assert "--endpoints-service" in image.run("beaufort", "gateway", "--help")
    for kind in kinds:
        assert "--drain-seconds" in image.run("beaufort", "engine", kind, "--help")
    if "openvino" in kinds:
        assert image.run("python3", "-c", "import huggingface_hub, openvino_genai; print(1)").strip() == "1"


def test_its_engine_answers(image: Unpacked) -> None:
    kind = ("openvino", "--threads=1", "--kv-cache-tokens=2048") if "openvino" in image.name else ("emulated",)
    command = image.command("beaufort", "engine", *kind, "--name=it", "--port=0")
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        said: list[str] = []
        for line in process.stderr:
            said.append(line)
            if line.startswith("serving "):
                break
        assert " at " in said[-1], "".join(said)
        url = said[-1].split(" at ")[1].strip()
        asked = json.dumps({"model": "it", "prompt": "Say something", "max_tokens": 3})
        curl = ("curl", "-sf", f"{url}/completions", "-H", "content-type: application/json", "-d", asked)
        answer = json.loads(subprocess.run(curl, capture_output=True, text=True, check=True).stdout)
        assert answer["usage"]["completion_tokens"] == 3
        process.terminate()
        assert process.wait(60) == 0


def test_there_is_no_secret_no_cache_and_no_trace_of_where_it_was_made(image: Unpacked) -> None:
    assert {name.split("/")[0] for name in image.top} == {"opt"}, "the base is left as it is"
    assert [name for name in image.top if _UNWANTED.search(name)] == []
    here = str(ROOT).encode()
    files = (path for path in (image.root / "opt").rglob("*") if path.is_file() and path.stat().st_size < 1 << 24)
    assert [path for path in files if here in path.read_bytes()] == []
    configured = [value for name, value in os.environ.items() if name.endswith(("_TOKEN", "_PASSWORD", "_INDEX_URL"))]
    text = json.dumps(image.config)
    assert not [value for value in configured if value in text]


def test_its_size_is_kept(image: Unpacked, record_property: Callable[[str, object], None]) -> None:
    mebibytes = image.archive.stat().st_size >> 20
    record_property("MiB", mebibytes)
    assert mebibytes < (650 if "openvino" in image.name else 250)


def test_it_is_not_built_again_for_nothing(image: Unpacked) -> None:
    written = image.archive.stat().st_mtime_ns
    again = next(built(each) for each in IMAGES if each.tag == image.name)
    assert (again, again.stat().st_mtime_ns) == (image.archive, written)
