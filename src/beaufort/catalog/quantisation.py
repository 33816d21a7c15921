"""What each quantisation does, where it runs, how vLLM is told, and what accuracy it costs.

Which hardware runs what: vLLM's table of supported hardware (``docs/features/quantization/README.md``), and what its
pages on fp8, int8 and bitsandbytes add. Accuracy is the relative loss of the average score over benchmarks; where
nothing is published for this family, the figure says that it is assumed. What your model loses has to be measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, TypeAlias

from beaufort.catalog.accelerators import Accelerator
from beaufort.catalog.lookup import row
from beaufort.catalog.precision import KvPrecision, Precision

Knowledge: TypeAlias = Literal["published", "assumed"]

_WITH_FP8 = frozenset({"ada-lovelace", "hopper", "blackwell", "cdna3"})
_NVIDIA = frozenset({"ampere", "ada-lovelace", "hopper", "blackwell"})
_EVERY = _NVIDIA | {"cdna3", "avx512"}
_CARDS = "model cards of Mistral-7B-Instruct-v0.3-FP8, Mistral-Nemo-Instruct-2407-FP8 and Mistral-Small-24B-FP8-Dynamic"
_STUDY = 'E. Kurtic et al., "Give Me BF16 or Give Me Death?", arXiv 2411.02355'


class Support(StrEnum):
    """How an accelerator runs a quantisation."""

    NATIVE = "native"
    """It multiplies the weights as they are stored: memory and time are saved."""

    WEIGHTS = "weights"
    """It multiplies as bf16 after unpacking: memory and reading are saved, arithmetic is not."""

    NONE = "none"
    """vLLM has no kernels for it."""


@dataclass(frozen=True, slots=True)
class Loss:
    """The accuracy that a quantisation costs, as a share of the average score of the unquantised model.

    Attributes:
        low: The least that is known: 0.005 is half a percent.
        high: The most.
        knowledge: Whether that was published, or is assumed from something that was.
        source: By whom, or from what.
    """

    low: float
    high: float
    knowledge: Knowledge
    source: str


@dataclass(frozen=True, slots=True)
class Method:
    """One quantisation, as the service file names it.

    Attributes:
        name: Its name.
        precision: The form of the linear weights; ``None`` when the file decides.
        quantises: What becomes smaller.
        native: The families that multiply the weights as they are stored.
        runs: The families that run it at all.
        in_flight: vLLM's ``--quantization`` that makes it out of a bf16 checkpoint while loading; empty when it
            cannot. In-flight fp8 needs memory for the bf16 weights first.
        formats: The ``quant_method`` of checkpoints that hold it, which vLLM finds by itself.
        plugin: The package that vLLM needs for it, besides itself.
        loss: What it costs.
        note: What else to know.
    """

    name: str
    precision: Precision | None
    quantises: str
    native: frozenset[str]
    runs: frozenset[str]
    in_flight: str
    formats: tuple[str, ...]
    loss: Loss
    plugin: str = ""
    note: str = ""

    def on(self, accelerator: Accelerator) -> Support:
        """Return how ``accelerator`` runs this quantisation."""
        if accelerator.family in self.native:
            return Support.NATIVE
        return Support.WEIGHTS if accelerator.family in self.runs else Support.NONE


_ROWS = (
    Method(
        "bf16",
        Precision.BF16,
        "nothing",
        native=_EVERY,
        runs=_EVERY,
        in_flight="",
        formats=(),
        loss=Loss(0.0, 0.0, "published", "it is what the others are compared with"),
    ),
    Method(
        "fp8",
        Precision.FP8,
        "weights and activations of the linear layers",
        native=_WITH_FP8,
        runs=_WITH_FP8 | {"ampere"},
        in_flight="fp8",
        formats=("compressed-tensors", "fp8", "fbgemm_fp8", "modelopt"),
        loss=Loss(0.0046, 0.0072, "published", f"{_CARDS}: OpenLLM v1 71.61 -> 71.28, 66.33 -> 65.85, 79.45 -> 78.88"),
        note="Ampere runs the weights with Marlin and multiplies as bf16",
    ),
    Method(
        "int8",
        Precision.INT8,
        "weights and activations of the linear layers",
        native=frozenset({"ampere", "ada-lovelace", "hopper", "avx512"}),
        runs=frozenset({"ampere", "ada-lovelace", "hopper", "avx512"}),
        in_flight="",
        formats=("compressed-tensors",),
        loss=Loss(0.01, 0.03, "published", _STUDY),
        note="needs a calibrated checkpoint; data-centre Blackwell has fp8 instead",
    ),
    Method(
        "w4a16",
        Precision.W4A16,
        "weights of the linear layers",
        native=frozenset(),
        runs=_NVIDIA | {"avx512"},
        in_flight="",
        formats=("compressed-tensors", "gptq", "awq", "auto-round"),
        loss=Loss(
            0.0025,
            0.03,
            "published",
            f"model card of Mistral-7B-Instruct-v0.3-GPTQ-4bit: 65.21 -> 65.05; {_STUDY}: close to int8",
        ),
        note="needs a calibrated checkpoint: GPTQ, AWQ or AutoRound; rounding alone loses more",
    ),
    Method(
        "nf4",
        Precision.NF4,
        "weights of the linear layers",
        native=frozenset(),
        runs=_NVIDIA,
        in_flight="bitsandbytes",
        formats=("bitsandbytes",),
        loss=Loss(
            0.01,
            0.04,
            "assumed",
            "between calibrated w4a16 and rounding, where a 135M model was measured; nothing published for this family",
        ),
        plugin="vllm-bnb-plugin",
        note="no calibration; decodes slower than w4a16; vLLM up to 0.27 needs no plugin",
    ),
    Method(
        "gguf",
        None,
        "all tables and linear layers, as the file has them",
        native=frozenset(),
        runs=_EVERY,
        in_flight="",
        formats=("gguf",),
        loss=Loss(0.002, 0.07, "published", "perplexity of ikawrakow/mistral-7b-quantized-gguf, from Q5_1 to Q3_K_S"),
        plugin="vllm-gguf-plugin",
        note="the embedded engine reads it without a plugin, and so does vLLM up to 0.25; experimental in vLLM",
    ),
)

METHODS: dict[str, Method] = {known.name: known for known in _ROWS}
"""Every quantisation by the name that the service file has for it."""

KV_LOSS = Loss(0.0, 0.01, "assumed", "vLLM's page on the quantised KV cache: minimal degradation, no figure")
"""What fp8 keys and values cost."""


def method(name: str) -> Method:
    """Return the quantisation called ``name``.

    Raises:
        UsageError: There is no such quantisation; the remedy names the nearest.
    """
    return row(METHODS, name, "quantisation")


def kv_supported(accelerator: Accelerator, precision: KvPrecision) -> bool:
    """Return whether vLLM's usual attention kernels keep keys and values so on ``accelerator``.

    fp8 takes ``--kv-cache-dtype fp8``, and the scales of a calibrated checkpoint, or 1 without. Ampere has no
    instructions for it; whether another backend does it in software is not counted on.
    """
    return precision is KvPrecision.BF16 or accelerator.family in _WITH_FP8
