"""A model and a KV cache, made ready."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import openvino_genai as genai

from beaufort.engines.generation import ModelInfo
from beaufort.engines.models import LocalModel, resolve
from beaufort.engines.openvino.pipeline import Capacity, OpenVINOEngine
from beaufort.engines.repository import parts_of
from beaufort.engines.tools import tool_syntax
from beaufort.errors import Problem, UnavailableError, UsageError
from beaufort.units import show_bytes, show_seconds

# Of the pipeline's CPU plugin: tokens in one block of its KV cache, found by filling a cache of 20 blocks.
KV_BLOCK_TOKENS = 32


@dataclass(frozen=True, slots=True)
class Settings:
    """How a model is loaded.

    Attributes:
        source: `demo`, a GGUF file, an OpenVINO folder, or `hf://...`.
        name: What clients call the model; None takes the source's own name.
        threads: Of the processor; None takes all that the process may use.
        kv_cache_tokens: Room of the KV cache.
        max_model_len: Tokens of prompt and output together; None takes what model and cache allow.
        max_sequences: Sequences in one batch.
        max_batched_tokens: Tokens in one step: a longer prompt is read in pieces between the others' tokens.
        chat_template: Replaces the model's own; None keeps it.
    """

    source: str
    name: str | None = None
    threads: int | None = None
    kv_cache_tokens: int = 32768
    max_model_len: int | None = None
    max_sequences: int = 64
    max_batched_tokens: int = 256
    chat_template: str | None = None


def load(settings: Settings) -> OpenVINOEngine:
    """Load a model; takes seconds.

    Raises:
        UsageError: There is no such model, or it is of a kind that cannot be loaded.
        UnavailableError: It cannot be had now, or does not fit into memory.
    """
    model = resolve(settings.source, progress=_say)
    began = time.monotonic()
    blocks = max(1, settings.kv_cache_tokens // KV_BLOCK_TOKENS)
    longest = _max_model_len(settings, model, blocks)
    pipeline = _pipeline(settings, model, blocks)
    tokenizer = pipeline.get_tokenizer()
    if settings.chat_template is not None:
        tokenizer.set_chat_template(settings.chat_template)
    info = ModelInfo(
        name=settings.name or model.name,
        max_model_len=longest,
        vocabulary=len(tokenizer.get_vocab()),
        tools=tool_syntax(tokenizer.chat_template),
        grammars=True,
        logprobs=True,
        created=int(time.time()),
    )
    _warm(pipeline)
    cache = show_bytes(pipeline.get_metrics().cache_size_in_bytes)
    _say(f"loaded {info.name} in {show_seconds(time.monotonic() - began)}, {cache} of KV cache so far")
    return OpenVINOEngine(pipeline, info, Capacity(settings.max_sequences, blocks, KV_BLOCK_TOKENS))


def _pipeline(settings: Settings, model: LocalModel, blocks: int) -> genai.ContinuousBatchingPipeline:
    scheduler = genai.SchedulerConfig()
    scheduler.num_kv_blocks = blocks
    scheduler.enable_prefix_caching = True
    scheduler.dynamic_split_fuse = True
    scheduler.max_num_seqs = settings.max_sequences
    scheduler.max_num_batched_tokens = settings.max_batched_tokens
    properties = {"INFERENCE_NUM_THREADS": settings.threads} if settings.threads else {}
    try:
        with _writable(model) as path:
            return genai.ContinuousBatchingPipeline(str(path), scheduler, "CPU", properties)
    except MemoryError as error:
        remedy = "take a smaller model or a smaller --kv-cache-tokens"
        raise UnavailableError(Problem("the model does not fit into memory", settings.source, remedy)) from error
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[-1][:300]
        remedy = "take another quantisation, or a folder converted by optimum-intel"
        raise UsageError(Problem(f"OpenVINO cannot load it: {reason}", settings.source, remedy)) from error


@contextmanager
def _writable(model: LocalModel) -> Iterator[Path]:
    """Give the model's path, or that of a copy which is gone afterwards.

    OpenVINO's reader of GGUF files opens them for writing, though it writes nothing. So it fails on a file of another
    user, or of an image or a volume that is mounted read only.
    """
    parts = [model.path.with_name(name) for name in parts_of(model.path.name)]
    if model.kind != "gguf" or all(os.access(part, os.W_OK) for part in parts):
        yield model.path
        return
    with tempfile.TemporaryDirectory(prefix="beaufort-") as folder:
        for part in parts:
            try:
                shutil.copyfile(part, Path(folder) / part.name)
            except OSError as error:
                what = f"it is read only, and cannot be copied to {folder}: {error.strerror}"
                remedy = "make the file writable for this user, or set TMPDIR to a folder with room for it"
                raise UnavailableError(Problem(what, str(part), remedy)) from error
        yield Path(folder) / model.path.name


def _max_model_len(settings: Settings, model: LocalModel, blocks: int) -> int:
    longest: int = min(model.context_length, blocks * KV_BLOCK_TOKENS)
    if settings.max_model_len is None:
        return longest
    if settings.max_model_len > longest:
        what = f"{settings.max_model_len} tokens are more than model ({model.context_length}) and KV cache allow"
        raise UsageError(Problem(what, "--max-model-len", f"take at most {longest}, or a larger --kv-cache-tokens"))
    return settings.max_model_len


def _warm(pipeline: genai.ContinuousBatchingPipeline) -> None:
    """Generate two tokens, so that the first client does not wait for what is made at first use."""
    config = genai.GenerationConfig()
    config.max_new_tokens = 2
    config.ignore_eos = True
    config.apply_chat_template = False
    pipeline.add_request(2**63, "warm", config)
    while pipeline.has_non_finished_requests():
        pipeline.step()


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201 - progress goes to whoever started the engine
