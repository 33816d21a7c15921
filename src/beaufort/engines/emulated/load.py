"""The replica of a model on an accelerator."""

from __future__ import annotations

import time
from dataclasses import dataclass

from beaufort.catalog.accelerators import accelerator
from beaufort.catalog.models import model
from beaufort.catalog.precision import Precision
from beaufort.engines.emulated.engine import EmulatedEngine
from beaufort.engines.emulated.faults import Fault, Faults, parse
from beaufort.engines.emulated.text import Words
from beaufort.engines.generation import ModelInfo
from beaufort.errors import Problem, UsageError
from beaufort.perf.roofline import Roofline
from beaufort.plan.memory import BLOCK_SIZE, kv_blocks
from beaufort.simulate.config import ReplicaConfig
from beaufort.simulate.replica import Replica


@dataclass(frozen=True, slots=True)
class Settings:
    """What is emulated.

    Attributes:
        model: Its name in the catalog.
        accelerator: Its name in the catalog.
        precision: Of the weights.
        tensor_parallel: Accelerators of one replica.
        name: What clients call the model; None takes the catalog's name.
        max_model_len: Tokens of prompt and output; None takes what model and memory allow.
        max_sequences: Sequences in one step.
        max_batched_tokens: Tokens in one step.
        kv_cache_tokens: Room of the KV cache; None takes what the memory leaves.
        mean_output_tokens: Of answers that end by themselves.
        time_scale: Seconds of the real clock for one of the accelerator's.
        startup_seconds: For so long it answers 503, as while weights load.
        faults: Failures on purpose, in their written form.
        seed: Of what is left to chance.
    """

    model: str
    accelerator: str
    precision: str = "bf16"
    tensor_parallel: int = 1
    name: str | None = None
    max_model_len: int | None = None
    max_sequences: int = 256
    max_batched_tokens: int = 8192
    kv_cache_tokens: int | None = None
    mean_output_tokens: int = 256
    time_scale: float = 1.0
    startup_seconds: float = 0.0
    faults: tuple[str, ...] = ()
    seed: int = 0


def load(settings: Settings) -> EmulatedEngine:
    """Return the engine.

    Raises:
        UsageError: A name is not in the catalog, or a fault is none.
        UnavailableError: The model does not fit the accelerator.
    """
    architecture, chip = model(settings.model), accelerator(settings.accelerator)
    precision = Precision(settings.precision)
    fitting = kv_blocks(
        architecture,
        chip,
        precision,
        tensor_parallel=settings.tensor_parallel,
        max_num_batched_tokens=settings.max_batched_tokens,
    )
    blocks = fitting if settings.kv_cache_tokens is None else max(1, settings.kv_cache_tokens // BLOCK_SIZE)
    longest = min(architecture.max_context, blocks * BLOCK_SIZE)
    if settings.max_model_len is not None and settings.max_model_len > longest:
        what = f"{settings.max_model_len} tokens are more than model and memory allow"
        raise UsageError(Problem(what, "--max-model-len", f"take at most {longest}"))
    config = ReplicaConfig(
        num_blocks=blocks,
        max_model_len=settings.max_model_len or longest,
        max_num_seqs=settings.max_sequences,
        max_num_batched_tokens=settings.max_batched_tokens,
        startup_seconds=settings.startup_seconds,
    )
    profile = Roofline(architecture, chip, precision, settings.tensor_parallel)
    info = ModelInfo(
        name=settings.name or architecture.name,
        max_model_len=config.max_model_len,
        vocabulary=architecture.vocab,
        tools=None,
        grammars=False,
        logprobs=False,
        created=int(time.time()),
    )
    faults = parse(settings.faults)
    if settings.startup_seconds:
        faults = Faults((*faults.faults, Fault("loading", ends=settings.startup_seconds)))
    words = Words(architecture.vocab, settings.mean_output_tokens)
    return EmulatedEngine(
        Replica(config, profile), config, words, info, faults, time_scale=settings.time_scale, seed=settings.seed
    )
