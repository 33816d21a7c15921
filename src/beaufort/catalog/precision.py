"""How many bytes the weights of a model take at each precision, with the assumptions stated.

- Only the linear layers of the decoder layers are quantised. The embedding table, the output head and the norms stay
  bf16, as in the checkpoints that vLLM serves.
- fp8 and int8 keep one bf16 scale per output channel.
- w4a16 keeps one bf16 scale per group of inputs, no zero points (symmetric), as compressed-tensors stores it. The
  group is the largest of 128, 64 and 32 that divides the inputs of every linear layer.
- nf4 keeps one float32 maximum per block of 64 weights, as bitsandbytes does while it loads. Double quantisation, which
  some published checkpoints have, would save 0.05 bytes of these 0.56 per weight.
- Keys and values are bf16, or fp8 with one scale per layer, which is too small to count.
- Padding, and the few bytes of metadata in a file, are left out: below 0.1 %.

A GGUF file has bits of its own, in the embedding table and the head too: see ``gguf_types``.
"""

from __future__ import annotations

from enum import StrEnum

from beaufort.catalog.models import Architecture, Linear
from beaufort.errors import Problem, UsageError

BF16_BYTES = 2
_FLOAT32_BYTES = 4
_GROUPS = (128, 64, 32)
_NF4_BLOCK = 64


class Precision(StrEnum):
    """The form in which the linear weights are stored and multiplied."""

    BF16 = "bf16"
    FP8 = "fp8"
    INT8 = "int8"
    W4A16 = "w4a16"
    NF4 = "nf4"


class KvPrecision(StrEnum):
    """The form in which keys and values are kept; a choice apart from that of the weights."""

    BF16 = "bf16"
    FP8 = "fp8"

    @property
    def bytes_per_value(self) -> int:
        """Bytes of one key or value."""
        return 1 if self is KvPrecision.FP8 else BF16_BYTES


_WEIGHT_BYTES = {
    Precision.BF16: 2.0,
    Precision.FP8: 1.0,
    Precision.INT8: 1.0,
    Precision.W4A16: 0.5,
    Precision.NF4: 0.5,
}


def group_size(architecture: Architecture) -> int:
    """Return how many 4-bit weights of ``architecture`` share a scale.

    Raises:
        UsageError: No usual group divides the model's shapes.
    """
    for group in _GROUPS:
        if all(linear.inputs % group == 0 for linear in architecture.layer):
            return group
    raise UsageError(
        Problem(
            f"no group of {_GROUPS} weights divides the shapes of {architecture.name}",
            remedy="choose another precision than w4a16",
        )
    )


def linear_bytes(architecture: Architecture, precision: Precision) -> int:
    """Return the bytes of the linear layers of all decoder layers, scales included."""
    weights = architecture.linear_parameters * _WEIGHT_BYTES[precision]
    scales = sum(_scale_bytes(linear, architecture, precision) for linear in architecture.layer)
    return int(weights) + architecture.layers * scales


def weight_bytes(architecture: Architecture, precision: Precision) -> int:
    """Return the bytes that the whole model occupies at ``precision``, over all its accelerators."""
    unquantised = architecture.parameters - architecture.linear_parameters
    return linear_bytes(architecture, precision) + unquantised * BF16_BYTES


def _scale_bytes(linear: Linear, architecture: Architecture, precision: Precision) -> int:
    match precision:
        case Precision.BF16:
            return 0
        case Precision.FP8 | Precision.INT8:
            return linear.outputs * BF16_BYTES
        case Precision.W4A16:
            return linear.parameters // group_size(architecture) * BF16_BYTES
        case Precision.NF4:
            return -(-linear.parameters // _NF4_BLOCK) * _FLOAT32_BYTES
