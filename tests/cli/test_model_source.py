"""A service whose model is on this machine: planned and rendered from its files."""

from __future__ import annotations

import json
import os
import struct
from pathlib import Path

import pytest
from tests.cli.conftest import Call, written

from beaufort.catalog.models import model

CONFIG = {
    "architectures": ["MistralForCausalLM"],
    "model_type": "mistral",
    "num_hidden_layers": 32,
    "hidden_size": 4096,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "intermediate_size": 14336,
    "vocab_size": 32768,
    "max_position_embeddings": 32768,
    "tie_word_embeddings": False,
}
HEADER = {
    "llama.block_count": 32,
    "llama.embedding_length": 4096,
    "llama.attention.head_count": 32,
    "llama.attention.head_count_kv": 8,
    "llama.feed_forward_length": 14336,
    "llama.vocab_size": 32768,
    "llama.context_length": 32768,
}


def gguf() -> bytes:
    """Return the header of a GGUF file of Mistral 7B's shape, without a tensor."""
    kind, name = b"general.architecture", b"llama"
    parts = [b"GGUF", struct.pack("<IQQ", 3, 0, len(HEADER) + 1)]
    parts += [struct.pack("<Q", len(kind)), kind, struct.pack("<IQ", 8, len(name)), name]
    for key, value in HEADER.items():
        parts += [struct.pack("<Q", len(key)), key.encode(), struct.pack("<II", 4, value)]
    return b"".join(parts) + bytes(64)


def of_folder(tmp_path: Path, more: dict[str, object] | None = None, spec: str = "") -> str:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(CONFIG | (more or {})))
    nodes = "  accelerators: [{product: L40S, pricePerHour: 1.9, maxNodes: 4}]\n"
    return written(tmp_path, f"  model: {{source: {folder}, name: mine}}\n{nodes}{spec}")


@pytest.mark.parametrize(
    ("more", "quantisations"),
    [
        ({}, {"bf16", "fp8", "int8"}),
        ({"quantization_config": {"quant_method": "fp8"}}, {"fp8"}),
        ({"quantization_config": {"quant_method": "awq", "bits": 4}}, {"w4a16"}),
    ],
    ids=["bf16", "fp8", "awq"],
)
def test_a_checkpoint_is_planned_and_rendered(
    call: Call, tmp_path: Path, more: dict[str, object], quantisations: set[str]
) -> None:
    file = of_folder(tmp_path, more)
    plan = json.loads(call("plan", file, "-o", "json").output)
    assert plan["model"]["architecture"] == "mine"
    assert plan["model"]["quantisation"] in quantisations
    assert plan["model"]["kvBytesPerToken"] == 2 * 32 * 8 * 128 * 2
    if not more:
        assert plan["model"]["repository"] == str(tmp_path / "mine")
        assert plan["model"]["maxModelLen"] == 32768
    rendered = call("render", file)
    assert rendered.code == 0
    assert f"- {tmp_path / 'mine'}\n" in rendered.output


def test_a_gguf_file_is_planned_for_the_embedded_engine(call: Call, tmp_path: Path) -> None:
    file = tmp_path / "model.gguf"
    file.write_bytes(gguf())
    spec = f"  model: {{source: {file}, name: mine}}\n  traffic: {{rate: 0.001, promptTokens: 20, outputTokens: 5}}\n"
    made = call("plan", written(tmp_path, spec + "  objectives: {ttft: 60s, tpot: 5s}\n"), "-o", "json")
    plan = json.loads(made.output)
    assert plan["shape"]["accelerator"] == "cpu"
    assert plan["model"]["kvBytesPerToken"] == model("mistral-7b-v0.3").kv_bytes_per_token()
    why = {reason["path"]: reason["why"] for reason in plan["reasons"]}
    assert why["model.quantisation"].startswith("the model is served as its file has it")


def test_a_gguf_file_on_vllm_is_refused_with_the_engine_that_reads_it(call: Call, tmp_path: Path) -> None:
    file = tmp_path / "model.gguf"
    file.write_bytes(gguf())
    told = call("plan", written(tmp_path, f"  model: {{source: {file}}}\n  engine: vllm\n"))
    assert told.code == 1
    assert "set spec.engine to openvino" in told.errors


@pytest.mark.parametrize(
    ("more", "what"),
    [
        ({"quantization_config": {"quant_method": "hqq", "bits": 3}}, "the weights are stored as 'hqq'"),
        ({"architectures": ["MixtralForCausalLM"], "num_local_experts": 8}, "not planned here"),
        ({"num_hidden_layers": "many"}, "num_hidden_layers"),
    ],
    ids=["hqq", "experts", "text"],
)
def test_a_checkpoint_of_another_kind_is_refused(
    call: Call, tmp_path: Path, more: dict[str, object], what: str
) -> None:
    told = call("plan", of_folder(tmp_path, more))
    assert (told.code, told.output) == (2, "")
    assert what in told.errors
    assert "  try: " in told.errors


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (None, "there is no file"),
        (b"", "is not JSON"),
        (b"[1]", "is not a JSON object"),
        (b"[" * 100_000, "is not JSON"),
        (b" " * 2_000_000, "is larger than 1 MiB"),
        (b"\xff\xfe", "is not JSON"),
    ],
    ids=["none", "empty", "list", "deep", "large", "binary"],
)
def test_a_folder_without_a_usable_config_is_refused(call: Call, tmp_path: Path, text: bytes | None, what: str) -> None:
    (tmp_path / "mine").mkdir()
    if text is not None:
        (tmp_path / "mine" / "config.json").write_bytes(text)
    told = call("plan", written(tmp_path, f"  model: {{source: {tmp_path / 'mine'}}}\n"))
    assert (told.code, told.output) == (2, "")
    assert what in told.errors
    assert "  try: " in told.errors


@pytest.mark.parametrize("kind", ["text", "pipe", "missing"])
def test_what_is_no_model_is_told_and_not_waited_for(call: Call, tmp_path: Path, kind: str) -> None:
    file = tmp_path / "model.gguf"
    if kind == "text":
        file.write_text("no model")
    elif kind == "pipe":
        os.mkfifo(file)
    told = call("plan", written(tmp_path, f"  model: {{source: {file}}}\n"))
    assert told.code == 2
    assert "error: spec.model.source: " in told.errors
