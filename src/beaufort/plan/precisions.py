"""Which forms of the weights are tried, and what accuracy they are expected to cost."""

from __future__ import annotations

from beaufort.catalog.accelerators import Accelerator
from beaufort.catalog.precision import Precision
from beaufort.catalog.quantisation import METHODS, Support


def accuracy_loss(precision: Precision) -> float:
    """Return the most accuracy that is known to be lost to a form of the weights, relative."""
    return METHODS[precision].loss.high


def runs(precision: Precision, chip: Accelerator) -> bool:
    """Return whether an engine has kernels for this form on an accelerator."""
    return METHODS[precision].on(chip) is not Support.NONE
