from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence

import pytest

GGUFMaker = Callable[..., bytes]
MISTRAL: Mapping[str, object] = {
    "general.architecture": "llama",
    "general.file_type": 0,
    "llama.attention.layer_norm_rms_epsilon": 1e-5,
    "llama.block_count": 4,
    "llama.context_length": 4096,
    "llama.embedding_length": 64,
    "llama.attention.head_count": 8,
    "llama.attention.head_count_kv": 2,
    "tokenizer.ggml.model": "gpt2",
    "tokenizer.ggml.tokens": ["a", "b", "ü"],
    "tokenizer.ggml.token_type": [1, 1, 3],
}


def _text(value: str) -> bytes:
    return struct.pack("<Q", len(value.encode())) + value.encode()


def _value(value: object) -> bytes:
    match value:
        case bool():
            return struct.pack("<I?", 7, value)
        case int():
            return struct.pack("<II", 4, value)
        case float():
            return struct.pack("<If", 6, value)
        case str():
            return struct.pack("<I", 8) + _text(value)
        case list() if value and isinstance(value[0], str):
            return struct.pack("<IIQ", 9, 8, len(value)) + b"".join(map(_text, value))
        case list():
            return struct.pack("<IIQ", 9, 5, len(value)) + struct.pack(f"<{len(value)}i", *value)
    raise TypeError(value)


def _make(
    metadata: Mapping[str, object] = MISTRAL,
    *,
    tensors: Sequence[tuple[str, tuple[int, ...], int]] = (("token_embd.weight", (256, 4), 12), ("norm", (64,), 0)),
    without: Sequence[str] = (),
    version: int = 3,
    data: int = 4096,
    **changes: object,
) -> bytes:
    """Return a GGUF file; ``changes`` are keys with ``__`` for the dot."""
    kept = {**metadata, **{key.replace("__", "."): value for key, value in changes.items()}}
    kept = {key: value for key, value in kept.items() if key not in without}
    header = b"GGUF" + struct.pack("<IQQ", version, len(tensors), len(kept))
    header += b"".join(_text(key) + _value(value) for key, value in kept.items())
    for name, shape, kind in tensors:
        header += _text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, kind, 0)
    return header + bytes(-len(header) % 32) + bytes(data)


@pytest.fixture(scope="session")
def make_gguf() -> GGUFMaker:
    return _make
