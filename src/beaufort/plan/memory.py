"""Where an accelerator's memory goes, and how many blocks of keys and values it leaves.

    weights      as the catalog counts them for the precision; with pipeline stages, those of the fullest stage
    activations  one layer's peak for a full step: gate, up and their product, and four copies of the residual stream
    context      CUDA context, communication buffers and captured graphs
    keys, values what is left of the share that the engine may use

vLLM measures the activations when it starts; this is what it finds to within a few hundred MiB.
"""

from __future__ import annotations

from dataclasses import dataclass

from beaufort.catalog.accelerators import Accelerator
from beaufort.catalog.models import Architecture
from beaufort.catalog.precision import BF16_BYTES, Precision, weight_bytes
from beaufort.errors import Problem, UnavailableError
from beaufort.units import GIB, show_bytes

BLOCK_SIZE = 16
"""Tokens in one block of keys and values: vLLM's default."""

GPU_MEMORY_UTILIZATION = 0.9
"""Share of the memory that the engine may use: vLLM's long-time default."""

_CONTEXT_BYTES = GIB // 2
"""CUDA context, communication buffers and captured graphs of one accelerator, of the order that vLLM logs."""


@dataclass(frozen=True, slots=True)
class Fit:
    """The memory of one accelerator of a replica, in bytes.

    Attributes:
        total: What the driver reports.
        usable: What the engine may use.
        weights: This accelerator's share of the weights.
        working: Activations of a full step, CUDA context, graphs and buffers.
    """

    total: int
    usable: int
    weights: int
    working: int

    @property
    def left(self) -> int:
        """What is left for keys and values; negative when the weights do not fit."""
        return self.usable - self.weights - self.working


def fit(
    architecture: Architecture,
    accelerator: Accelerator,
    precision: Precision,
    *,
    tensor_parallel: int = 1,
    pipeline_parallel: int = 1,
    gpu_memory_utilization: float = GPU_MEMORY_UTILIZATION,
    max_num_batched_tokens: int = 8192,
) -> Fit:
    """Return where the memory of each accelerator goes.

    Tensor parallelism divides weights and activations. A pipeline's fullest stage has ``ceil(layers / stages)`` of
    the layers, and the embedding table or the output head besides.
    """
    weights = weight_bytes(architecture, precision)
    if pipeline_parallel > 1:
        table = architecture.embedding_parameters * BF16_BYTES
        layers = weights - (1 if architecture.tied else 2) * table
        weights = -(-layers * _fullest(architecture.layers, pipeline_parallel) // architecture.layers) + table
    activations = _activation_bytes(architecture, max_num_batched_tokens)
    return Fit(
        total=accelerator.memory_bytes,
        usable=int(accelerator.memory_bytes * gpu_memory_utilization),
        weights=-(-weights // tensor_parallel),
        working=-(-activations // tensor_parallel) + _CONTEXT_BYTES,
    )


def kv_blocks(  # noqa: PLR0913 - as fit
    architecture: Architecture,
    accelerator: Accelerator,
    precision: Precision = Precision.BF16,
    *,
    tensor_parallel: int = 1,
    pipeline_parallel: int = 1,
    gpu_memory_utilization: float = GPU_MEMORY_UTILIZATION,
    max_num_batched_tokens: int = 8192,
    block_size: int = BLOCK_SIZE,
) -> int:
    """Return the blocks of keys and values that fit a replica's accelerators, with bf16 values.

    Raises:
        UnavailableError: Not one block fits beside the weights.
    """
    space = fit(
        architecture,
        accelerator,
        precision,
        tensor_parallel=tensor_parallel,
        pipeline_parallel=pipeline_parallel,
        gpu_memory_utilization=gpu_memory_utilization,
        max_num_batched_tokens=max_num_batched_tokens,
    )
    blocks = blocks_in(space, architecture, tensor_parallel, pipeline_parallel, block_size)
    if blocks < 1:
        count = tensor_parallel * pipeline_parallel
        needed = count * (space.weights + space.working)
        what = (
            f"{architecture.name} in {precision} needs {show_bytes(needed)} before its first token, "
            f"{count} x {accelerator.name} can give {show_bytes(count * space.usable)}"
        )
        remedy = "choose fewer bits, a larger accelerator, or more of them in parallel"
        raise UnavailableError(Problem(what, remedy=remedy))
    return blocks


def blocks_in(
    space: Fit,
    architecture: Architecture,
    tensor_parallel: int = 1,
    pipeline_parallel: int = 1,
    block_size: int = BLOCK_SIZE,
) -> int:
    """Return the blocks that fit; zero or less when there is no room.

    A block spans all accelerators of a replica: the KV heads are divided among those that share a layer, the layers
    among the stages, of which the fullest decides.
    """
    layers = _fullest(architecture.layers, pipeline_parallel)
    token = architecture.kv_bytes_per_token() * layers / architecture.layers / tensor_parallel
    return int(space.left / (token * block_size))


def _fullest(layers: int, stages: int) -> int:
    return -(-layers // stages)


def _activation_bytes(architecture: Architecture, tokens: int) -> int:
    return tokens * (3 * architecture.ffn + 4 * architecture.hidden) * BF16_BYTES
