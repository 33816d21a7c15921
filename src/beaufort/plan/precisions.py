"""Which forms of the weights are tried, and what accuracy they are expected to cost."""

from __future__ import annotations

from beaufort.catalog.accelerators import Accelerator
from beaufort.catalog.precision import Precision

# Expected relative loss of accuracy. E. Kurtic et al., "Give me BF16 or give me death?", arXiv 2411.02355.
_LOSS = {Precision.BF16: 0.0, Precision.FP8: 0.001, Precision.INT8: 0.01, Precision.W4A16: 0.015}


def accuracy_loss(precision: Precision) -> float:
    """Return the relative loss of accuracy that a form of the weights is expected to cost."""
    return _LOSS[precision]


def runs(precision: Precision, chip: Accelerator) -> bool:
    """Return whether an accelerator multiplies this form, or reads it so that it gains from it."""
    match precision:
        case Precision.FP8:
            return chip.fp8_flops is not None
        case Precision.INT8:
            return chip.family != "blackwell"  # vLLM has no int8 kernels from compute capability 10.0 on
        case _:
            return True
