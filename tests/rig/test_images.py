import hashlib
import json
import os
import tarfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from beaufort.errors import UnavailableError
from rig import debian, images
from rig.daemons import PAUSE

TOOL = """#!/bin/sh
[ -z "$FAIL" ] || { echo "E: no such suite" >&2; exit 25; }
for target; do :; done
mkdir -p "$TMPDIR/x" && echo hello > "$TMPDIR/x/file" && tar -c -C "$TMPDIR/x" -f "$target" file
"""


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a cache, with stand-ins of what Debian's packages hold."""
    programs = tmp_path / "packages" / "usr" / "bin"
    programs.mkdir(parents=True)
    (programs / "catatonit").write_bytes(b"a static program")
    (programs / "mmdebstrap").write_text(TOOL)
    (programs / "mmdebstrap").chmod(0o755)

    def unpacked(_packages: Sequence[str], _cache: Path, _say: object) -> Path:
        return tmp_path / "packages"

    monkeypatch.setattr(debian, "unpacked", unpacked)
    (tmp_path / "cache").mkdir()
    return tmp_path / "cache"


def contents(archive: Path) -> tuple[dict[str, object], dict[str, object], bytes]:
    with tarfile.open(archive) as tar:
        manifest = json.loads(_read(tar, "manifest.json"))[0]
        return manifest, json.loads(_read(tar, manifest["Config"])), _read(tar, "layer.tar")


def _read(tar: tarfile.TarFile, name: str) -> bytes:
    file = tar.extractfile(name)
    assert file
    return file.read()


def test_an_archive_says_truly_what_is_in_it(cache: Path) -> None:
    manifest, configuration, layer = contents(images.pause(cache, lambda _: None))
    assert manifest["RepoTags"] == [PAUSE]
    assert configuration["rootfs"] == {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]}
    assert b"a static program" in layer


def test_the_base_image_is_made_once(cache: Path) -> None:
    said = list[str]()
    first = images.base(cache, said.append)
    assert images.base(cache, said.append) == first
    assert len(said) == 2  # begun and done, once
    assert contents(first)[0]["RepoTags"] == [images.BASE]
    assert [path.name for path in (cache / "images").iterdir()] == [first.name]


def test_a_debian_that_cannot_be_made_is_told_and_leaves_no_image(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIL", "1")
    with pytest.raises(UnavailableError, match="mmdebstrap failed: E: no such suite"):
        images.base(cache, lambda _: None)
    assert not list((cache / "images").glob("base*"))
    assert os.listdir(cache / "images") == []  # noqa: PTH208 - the hidden ones, too
