"""The program that a pod runs, as the pod runs it, against a stand-in of the hub."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.stand_in_hub import COMMIT, Hub, serving

from beaufort.render.model_volume import PROGRAM

_WEIGHTS = bytes(range(256)) * 512
_FILES = {
    "config.json": b"{}",
    "tokenizer.json": b"{}",
    "model-00001-of-00002.safetensors": _WEIGHTS,
    "model-00002-of-00002.safetensors": _WEIGHTS[::-1],
    "model.safetensors.index.json": b"{}",
    "consolidated.safetensors": _WEIGHTS + _WEIGHTS,
    "pytorch_model.bin": _WEIGHTS,
    "README.md": b"#",
    ".gitattributes": b"",
}
_WANTED = {
    "config.json",
    "tokenizer.json",
    "model-00001-of-00002.safetensors",
    "model-00002-of-00002.safetensors",
    "model.safetensors.index.json",
}


@pytest.fixture
def hub() -> Iterator[Hub]:
    with serving() as hub:
        hub.files = dict(_FILES)
        yield hub


class Pod:
    """The program in a folder of its own."""

    def __init__(self, tmp_path: Path, hub: Hub) -> None:
        self.program = tmp_path / "fetch_model.py"
        self.program.write_text(PROGRAM)
        self.folder = tmp_path / "models" / "owner--repo@main"
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path / "home"),
            "HF_ENDPOINT": hub.url,
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
        }

    def start(self, *options: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, str(self.program), "owner/repo", "main", str(self.folder), *options],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *options: str) -> tuple[int, str]:
        process = self.start(*options)
        out, err = process.communicate(timeout=120)
        return process.returncode, out + err

    def held(self) -> set[str]:
        return {path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*") if path.is_file()}


@pytest.fixture
def pod(tmp_path: Path, hub: Hub) -> Pod:
    return Pod(tmp_path, hub)


def test_a_model_is_downloaded_verified_and_marked(pod: Pod, hub: Hub) -> None:
    code, said = pod.run()
    assert code == 0, said
    assert pod.held() == {*_WANTED, ".complete", ".lock"}, "one form of the weights, and no litter"
    marker = json.loads((pod.folder / ".complete").read_text())
    assert (marker["repository"], marker["revision"], marker["commit"]) == ("owner/repo", "main", COMMIT)
    assert marker["files"] == {name: len(hub.files[name]) for name in _WANTED}
    assert (pod.folder / "model-00001-of-00002.safetensors").read_bytes() == _WEIGHTS
    assert (pod.folder / "model-00001-of-00002.safetensors").stat().st_mode & 0o777 == 0o644


def test_what_is_complete_is_not_downloaded_again(pod: Pod, hub: Hub) -> None:
    pod.run()
    hub.requests.clear()
    code, said = pod.run()
    assert (code, hub.requests) == (0, [])
    assert "already" in said


def test_a_download_that_was_cut_off_keeps_what_is_whole(pod: Pod, hub: Hub) -> None:
    hub.sent = {"model-00002-of-00002.safetensors": _WEIGHTS}  # damaged on its way: of the right size
    code, said = pod.run()
    assert code == 1
    assert "model-00002-of-00002.safetensors is damaged" in said
    assert not (pod.folder / ".complete").exists()
    hub.sent.clear()
    hub.requests.clear()
    code, said = pod.run()
    assert code == 0, said
    fetched = {path.rpartition("/")[2] for method, path, _ in hub.requests if method == "GET" and "/resolve/" in path}
    assert fetched == {"model-00002-of-00002.safetensors"}
    assert (pod.folder / "model-00002-of-00002.safetensors").read_bytes() == _WEIGHTS[::-1]


def test_a_file_that_is_cut_short_later_is_downloaded_again(pod: Pod) -> None:
    pod.run()
    (pod.folder / "model-00001-of-00002.safetensors").write_bytes(b"short")
    code, said = pod.run()
    assert code == 0, said
    assert (pod.folder / "model-00001-of-00002.safetensors").read_bytes() == _WEIGHTS


def test_who_waits_goes_on_once_the_model_is_there(pod: Pod) -> None:
    waiting = pod.start("--wait")
    assert waiting.stdout is not None
    assert "waiting for owner/repo@main" in waiting.stdout.readline()
    assert waiting.poll() is None
    pod.run()
    out, err = waiting.communicate(timeout=60)
    assert (waiting.returncode, err) == (0, "")
    assert "it is there" in out


def test_who_waits_is_not_content_with_another_revision(pod: Pod) -> None:
    pod.run()
    marker = pod.folder / ".complete"
    marker.write_text(marker.read_text().replace('"revision": "main"', '"revision": "v2"'))
    waiting = pod.start("--wait")
    assert waiting.stdout is not None
    waiting.stdout.readline()
    with pytest.raises(subprocess.TimeoutExpired):
        waiting.wait(timeout=3)
    waiting.kill()
    waiting.communicate()


def test_two_at_once_download_once(pod: Pod, hub: Hub) -> None:
    both = [pod.start(), pod.start()]
    said = [process.communicate(timeout=120)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sum("already" in each for each in said) == 1
    whole = [path for method, path, _ in hub.requests if method == "GET" and "/resolve/" in path]
    assert len(whole) == len(set(whole)), "no file was fetched twice"


def test_a_token_is_used_and_its_lack_is_told(pod: Pod, hub: Hub) -> None:
    hub.token = "hf_secret"  # noqa: S105 - of the stand-in only
    code, said = pod.run()
    assert code != 0
    assert "401" in said
    pod.environment["HF_TOKEN"] = hub.token
    code, said = pod.run()
    assert code == 0, said
    assert hub.token not in said


def test_a_repository_without_safetensors_is_refused(pod: Pod, hub: Hub) -> None:
    hub.files = {"pytorch_model.bin": _WEIGHTS, "config.json": b"{}"}
    code, said = pod.run()
    assert code == 1
    assert "no .safetensors files" in said


_OTHERS = {
    "config.json": b"{}",
    "tokenizer.json": b"{}",
    "openvino_model.xml": b"<net/>",
    "openvino_model.bin": _WEIGHTS,
    "openvino_tokenizer.bin": _WEIGHTS,
    "model.safetensors": _WEIGHTS,
    "whole.gguf": _WEIGHTS,
    "wholesome.gguf": _WEIGHTS,
    "q4/split-00001-of-00002.gguf": _WEIGHTS,
    "q4/split-00002-of-00002.gguf": _WEIGHTS,
    "q4/split-00001-of-00003.gguf": _WEIGHTS,
    "README.md": b"#",
}


@pytest.mark.parametrize(
    ("form", "files"),
    [
        (
            "--openvino",
            {"config.json", "tokenizer.json", "openvino_model.xml", "openvino_model.bin", "openvino_tokenizer.bin"},
        ),
        ("--gguf=whole.gguf", {"whole.gguf"}),
        ("--gguf=q4/split-00001-of-00002.gguf", {"q4/split-00001-of-00002.gguf", "q4/split-00002-of-00002.gguf"}),
    ],
)
def test_other_forms_are_downloaded_when_they_are_asked_for(pod: Pod, hub: Hub, form: str, files: set[str]) -> None:
    hub.files = dict(_OTHERS)
    code, said = pod.run(form)
    assert code == 0, said
    assert pod.held() - {".complete", ".lock"} == files
    code, said = pod.run(form, "--wait")
    assert code == 0, said


@pytest.mark.parametrize(
    ("form", "what"), [("--openvino", "no openvino_model.xml"), ("--gguf=a.gguf", "no file a.gguf")]
)
def test_a_form_that_is_not_there_is_refused(pod: Pod, form: str, what: str) -> None:
    code, said = pod.run(form)
    assert code == 1
    assert what in said


def test_a_marker_without_its_files_counts_for_nothing(pod: Pod) -> None:
    pod.folder.mkdir(parents=True)
    for text in ("", "[]", "{}", '{"repository": "owner/repo", "revision": "main", "files": {"gone": 1}}'):
        (pod.folder / ".complete").write_text(text)
        started = time.monotonic()
        code, said = pod.run()
        assert code == 0, said
        assert time.monotonic() - started < 120
        assert pod.held() >= _WANTED


def test_a_hub_that_is_not_reached_is_one_line_with_what_to_do(pod: Pod) -> None:
    pod.environment["HF_ENDPOINT"] = "http://127.0.0.1:9"  # nobody listens on discard
    code, said = pod.run()
    assert code == 1
    assert said.startswith("owner/repo@main was not downloaded: ")
    assert "the hub is not reached: check DNS, proxy and network policies" in said
    assert len(said.strip().splitlines()) == 1


def test_a_repository_that_is_not_there_is_one_line_with_what_to_do(pod: Pod, hub: Hub) -> None:
    hub.files = {}
    pod.environment["HF_ENDPOINT"] = f"{hub.url}/nowhere"
    code, said = pod.run()
    assert code == 1
    assert "check spec.model.source" in said
    assert "Traceback" not in said
