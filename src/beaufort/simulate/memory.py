"""How many blocks of keys and values remain when the weights are loaded and a step has room to work."""

from __future__ import annotations

from beaufort.catalog.accelerators import Accelerator
from beaufort.catalog.models import Architecture
from beaufort.catalog.precision import BF16_BYTES, Precision, weight_bytes
from beaufort.errors import Problem, UnavailableError
from beaufort.simulate.request import BLOCK_SIZE
from beaufort.units import GIB, show_bytes

GPU_MEMORY_UTILIZATION = 0.9
"""Share of the memory that the engine may use: vLLM's long-time default."""

_CONTEXT_BYTES = GIB // 2
"""CUDA context, communication buffers and captured graphs of one accelerator, of the order that vLLM logs."""


def kv_blocks(
    architecture: Architecture,
    accelerator: Accelerator,
    precision: Precision = Precision.BF16,
    *,
    tensor_parallel: int = 1,
    gpu_memory_utilization: float = GPU_MEMORY_UTILIZATION,
    max_num_batched_tokens: int = 8192,
    block_size: int = BLOCK_SIZE,
) -> int:
    """Return the blocks of keys and values that fit ``tensor_parallel`` accelerators, with bf16 values.

    Raises:
        UnavailableError: Not one block fits beside the weights.
    """
    weights = weight_bytes(architecture, precision)
    working = _working_bytes(architecture, max_num_batched_tokens) + tensor_parallel * _CONTEXT_BYTES
    usable = int(accelerator.memory_bytes * tensor_parallel * gpu_memory_utilization)
    blocks = (usable - weights - working) // (architecture.kv_bytes_per_token() * block_size)
    if blocks < 1:
        what = (
            f"{architecture.name} in {precision} needs {show_bytes(weights + working)} before its first token, "
            f"{tensor_parallel} x {accelerator.name} can give {show_bytes(usable)}"
        )
        remedy = "choose fewer bits, a larger accelerator, or more of them in parallel"
        raise UnavailableError(Problem(what, remedy=remedy))
    return blocks


def _working_bytes(architecture: Architecture, tokens: int) -> int:
    """Peak of one layer's bf16 activations: gate, up and their product, and four copies of the residual stream."""
    return tokens * (3 * architecture.ffn + 4 * architecture.hidden) * BF16_BYTES
