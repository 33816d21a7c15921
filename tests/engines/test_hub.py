"""The hub's real client against a stand-in of the hub on this machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from huggingface_hub import constants
from tests.stand_in_hub import COMMIT, Hub, Refusal, serving

from beaufort.engines.hub import download
from beaufort.engines.models import resolve
from beaufort.errors import UnavailableError, UsageError
from beaufort.spec.source import HubSource

_WEIGHTS = bytes(range(256)) * 4096
_TOKEN = "hf_secret"  # noqa: S105 - of the stand-in only


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with serving() as hub:
        template = constants.HUGGINGFACE_CO_URL_TEMPLATE.replace(constants.ENDPOINT, hub.url)
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(constants, "ENDPOINT", hub.url)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
        monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "token"))
        monkeypatch.setattr(
            "huggingface_hub.file_download.time.sleep", lambda _: None
        )  # the client waits a second before it resumes
        for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
            monkeypatch.delenv(name, raising=False)
        yield hub


def _download(*, file: str | None = None, revision: str | None = None, lines: list[str] | None = None) -> Path:
    return download(HubSource("owner/repo", revision, file), (lines if lines is not None else []).append)


def _refused(kind: type[UsageError | UnavailableError], **source: str) -> str:
    with pytest.raises(kind) as caught:
        _download(**source)  # type: ignore[arg-type] # file or revision
    assert _TOKEN not in str(caught.value)
    (problem,) = caught.value.problems
    assert problem.where.startswith("hf://owner/repo")
    return f"{problem.what}; {problem.remedy}"


def test_a_file_is_downloaded_with_progress_and_then_kept(hub: Hub) -> None:
    hub.files = {"a.gguf": _WEIGHTS, "b.gguf": b"other", "README.md": b""}
    lines: list[str] = []
    path = _download(file="a.gguf", lines=lines)
    assert path.read_bytes() == _WEIGHTS
    assert path.name == "a.gguf"
    assert lines[0] == "downloading a.gguf (1.0 MiB) of owner/repo"
    assert lines[-1] == "a.gguf: 100 %"
    asked = len(hub.ranges())
    assert _download(file="a.gguf") == path
    assert len(hub.ranges()) == asked


def test_a_broken_connection_is_resumed_where_it_broke(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 100_000)  # what has not filled a chunk is lost
    hub.files = {"a.gguf": _WEIGHTS}
    hub.cuts = [310_000, 220_000]
    lines: list[str] = []
    assert _download(lines=lines).read_bytes() == _WEIGHTS
    assert hub.ranges() == [None, "bytes=300000-", "bytes=500000-"]
    assert lines[-1] == "a.gguf: 100 %"


def test_damaged_data_is_found_and_not_kept(hub: Hub) -> None:
    hub.files = {"a.gguf": _WEIGHTS}
    hub.sent = {"a.gguf": _WEIGHTS[:-1] + b"x"}
    assert "SHA-256" in _refused(UnavailableError)
    hub.sent = {}
    assert _download().read_bytes() == _WEIGHTS


def test_an_openvino_repository_without_what_it_does_not_need(hub: Hub) -> None:
    names = ["openvino_model.bin", "openvino_model.xml", "openvino_tokenizer.xml", "config.json", "chat_template.jinja"]
    others = ["model.safetensors", "pytorch_model.bin", "onnx/model.onnx", "original/params.json", ".gitattributes"]
    hub.files = {name: name.encode() for name in [*names, *others]}
    folder = _download()
    assert sorted(file.name for file in folder.rglob("*")) == sorted(names)
    assert (folder / "config.json").read_text() == "config.json"


def test_a_split_file_is_downloaded_whole(hub: Hub) -> None:
    parts = [f"m-0000{i}-of-00003.gguf" for i in (1, 2, 3)]
    hub.files = {part: part.encode() for part in parts}
    path = _download()
    assert path.name == parts[0]
    assert sorted(file.name for file in path.parent.iterdir()) == parts
    del hub.files[parts[1]]
    assert parts[1] in _refused(UsageError, file=parts[2])


def test_a_repository_of_which_nothing_or_too_much_can_be_served(hub: Hub) -> None:
    hub.files = {"model.safetensors": b"", "config.json": b""}
    assert "optimum-cli export openvino" in _refused(UsageError)
    hub.files = {"README.md": b""}
    assert "no model" in _refused(UsageError)
    hub.files = {"m.Q8_0.gguf": b"", "m.Q4_K_M.gguf": b""}
    assert "m.Q4_K_M.gguf, m.Q8_0.gguf; name one, such as hf://owner/repo/m.Q4_K_M.gguf" in _refused(UsageError)
    assert "there is no such file; it has m.Q8_0.gguf" in _refused(UsageError, file="m.F16.gguf")
    assert "no GGUF file" in _refused(UsageError, file="config.json")


def test_what_is_not_there(hub: Hub) -> None:
    assert "no revision 'v9'" in _refused(UsageError, revision="v9")
    hub.listing = Refusal(404, "RepoNotFound")
    assert "no such repository, or it is private; check the name; if it is private, set HF_TOKEN" in _refused(
        UsageError
    )


@pytest.mark.parametrize("status", [401, 403])
def test_a_gated_repository_asks_for_a_token(hub: Hub, status: int) -> None:
    hub.files = {"a.gguf": _WEIGHTS}
    hub.resolving = Refusal(status, "GatedRepo")
    assert "set HF_TOKEN" in _refused(UnavailableError)
    hub.resolving = Refusal(status)
    assert "HF_TOKEN" in _refused(UnavailableError)


def test_a_token_opens_it_and_is_never_said(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.files = {"a.gguf": _WEIGHTS}
    hub.token = _TOKEN
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    assert "accept its terms" in _refused(UnavailableError)
    monkeypatch.setenv("HF_TOKEN", _TOKEN)
    lines: list[str] = []
    assert _download(lines=lines).read_bytes() == _WEIGHTS
    assert _TOKEN not in "".join(lines)


def test_a_hub_that_fails(hub: Hub) -> None:
    hub.listing = Refusal(503)
    assert _refused(UnavailableError) == "the hub answers 503; try again later"


def test_without_the_hub_the_cache_serves(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.files = {"a.gguf": _WEIGHTS}
    path = _download()
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:1")
    lines: list[str] = []
    assert _download(lines=lines) == path
    assert lines == ["the hub cannot be reached: taking owner/repo from the cache"]
    assert "http://127.0.0.1:1 cannot be reached" in _refused(UnavailableError, file="b.gguf")


def test_too_little_room_is_said_before_the_download(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.files = {"a.gguf": _WEIGHTS}
    usage = shutil.disk_usage("/")._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    assert "1.0 MiB are to be downloaded, 1000 B are free" in _refused(UnavailableError)
    assert hub.ranges() == []


def test_a_disk_that_fills_up(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.files = {"a.gguf": _WEIGHTS}

    def full(*_: object, **__: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("huggingface_hub.hf_hub_download", full)
    assert "is full; make room" in _refused(UnavailableError)


def test_the_environment_names_hub_and_cache(hub: Hub, make_gguf: Callable[..., bytes], tmp_path: Path) -> None:
    hub.files = {"m.gguf": make_gguf()}
    hub.token = _TOKEN
    program = (
        "import sys; from beaufort.engines.models import resolve\n"
        "print(resolve('hf://owner/repo@main/m.gguf', progress=lambda line: print(line, file=sys.stderr)))"
    )
    home = tmp_path / "home"
    environment = {**os.environ, "HF_ENDPOINT": hub.url, "HF_HOME": str(home), "HF_TOKEN": _TOKEN}
    environment.pop("HF_HUB_CACHE", None)
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    assert f"{home}/hub/models--owner--repo/snapshots/{COMMIT}/m.gguf" in done.stdout
    assert "name='repo'" in done.stdout
    assert _TOKEN not in done.stdout + done.stderr
    assert "m.gguf: 100 %" in done.stderr


def test_resolve_opens_what_was_downloaded(hub: Hub, make_gguf: Callable[..., bytes]) -> None:
    hub.files = {"m.gguf": make_gguf()}
    model = resolve("hf://owner/repo", progress=lambda _: None)
    assert (model.kind, model.name, model.layers) == ("gguf", "repo", 4)
