"""The roofline: the time of a step from what the accelerator can compute and what it can read.

A forward pass is two kinds of work, one after the other, and each is bound by the slower of arithmetic and memory:

    linear    = max(2 * weights * tokens / (flops * compute),     weight bytes / (bandwidth * memory))
    attention = max(4 * layers * heads * head_dim * pairs / (bf16 flops * compute),
                    kv bytes of the context / (bandwidth * memory)), of the prompts and of the decoding sequences
    step      = linear + attention + all-reduces + overhead + sequences * overhead of each

See ``docs/explanation/timing-model.md`` for the reasons, the sources and what is left out. (S. Williams et al.,
"Roofline: an insightful visual performance model for multicore architectures", CACM 52(4), 2009.)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from beaufort.catalog.accelerators import Accelerator
from beaufort.catalog.models import Architecture
from beaufort.catalog.precision import BF16_BYTES, Precision, linear_bytes
from beaufort.errors import Problem, UsageError
from beaufort.perf.profile import StepBatch

# The measurements that the defaults below were compared with; docs/explanation/timing-model.md tells how.
_COMPARED_ACCELERATORS = {"H100", "H200", "B200"}
_COMPARED_PRECISIONS = {Precision.BF16, Precision.FP8}
_KNOWN_ERROR = (
    "mean absolute error of 8 % in time per output token and in throughput, median of 45 % in time to first token, "
    "over 237 measurements of vLLM and TensorRT-LLM with dense models of 8 to 70 billion parameters"
)


@dataclass(frozen=True, slots=True)
class Efficiencies:
    """What an engine reaches of the vendor's figures, and what it spends besides.

    The defaults were fitted to 60 measurements of vLLM and TensorRT-LLM, on a coarse grid, and compared with others.

    Attributes:
        compute: Share of the dense arithmetic rate that large matrix products reach. cuBLAS alone reaches as much.
        memory: Share of the memory bandwidth that weights and keys and values stream at.
        link: Share of the interconnect that an all-reduce reaches.
        step_seconds: Scheduler, launches and sampling of a step, whatever its size.
        sequence_seconds: What each sampled token adds to that.
        all_reduce_seconds: Latency of one all-reduce, waiting for the slowest accelerator included.
    """

    compute: float = 0.7
    memory: float = 0.8
    link: float = 0.7
    step_seconds: float = 2e-3
    sequence_seconds: float = 10e-6
    all_reduce_seconds: float = 20e-6


@dataclass(frozen=True)
class Roofline:
    """The timing of ``architecture`` on ``tensor_parallel`` accelerators that act as one.

    Raises:
        UsageError: The model's heads cannot be divided so.
    """

    architecture: Architecture
    accelerator: Accelerator
    precision: Precision = Precision.BF16
    tensor_parallel: int = 1
    efficiencies: Efficiencies = field(default_factory=Efficiencies)

    def __post_init__(self) -> None:
        heads, kv_heads = self.architecture.heads, self.architecture.kv_heads
        if self.tensor_parallel < 1 or heads % self.tensor_parallel or kv_heads % self.tensor_parallel:
            what = f"{self.architecture.name} cannot be divided over {self.tensor_parallel} accelerators"
            remedy = f"choose a divisor of its {heads} heads and {kv_heads} KV heads"
            raise UsageError(Problem(what, "tensor_parallel", remedy))

    @property
    def source(self) -> str:
        """Where the times come from."""
        return f"roofline of {self.accelerator.source}"

    @property
    def known_error(self) -> str:
        """How wrong the times may be."""
        strange = []
        if self.accelerator.name not in _COMPARED_ACCELERATORS:
            strange.append(self.accelerator.name)
        if self.precision not in _COMPARED_PRECISIONS:
            strange.append(str(self.precision))
        return "; ".join([_KNOWN_ERROR, *(f"{name} not compared: expect 20 % or more" for name in strange)])

    def step_seconds(self, batch: StepBatch) -> float:
        """Return the seconds that one step with ``batch`` takes; none when there is nothing in it."""
        if not batch.tokens:
            return 0.0
        overhead = self.efficiencies.step_seconds + batch.outputs * self.efficiencies.sequence_seconds
        return self._linear(batch) + self._attention(batch) + self._all_reduce(batch) + overhead

    def memory_seconds(self, batch: StepBatch) -> float:
        """Return the time to read weights and context at the vendor's full bandwidth: no step can be shorter."""
        context = batch.prefill_context + batch.decode_context
        read = self._weights_read + context * self.architecture.kv_bytes_per_token()
        return read / (self.accelerator.memory_bandwidth * self.tensor_parallel)

    @cached_property
    def _flops(self) -> float:
        """The rate of the linear layers. What the hardware cannot multiply is multiplied as bf16."""
        rates = {Precision.FP8: self.accelerator.fp8_flops, Precision.INT8: self.accelerator.int8_flops}
        return rates.get(self.precision) or self.accelerator.bf16_flops

    @cached_property
    def _weights_read(self) -> int:
        """Every step reads the linear layers and the output head, and of the embedding table a few rows."""
        head = self.architecture.embedding_parameters * BF16_BYTES
        return linear_bytes(self.architecture, self.precision) + head

    @cached_property
    def _linear_parameters(self) -> int:
        """The architecture counts them anew each time."""
        return self.architecture.linear_parameters

    def _linear(self, batch: StepBatch) -> float:
        body = 2 * self._linear_parameters * batch.tokens / self._flops
        head = 2 * self.architecture.embedding_parameters * batch.outputs / self.accelerator.bf16_flops
        return max(self._computing(body + head), self._reading(self._weights_read))

    def _attention(self, batch: StepBatch) -> float:
        """Prompt chunks and decoding sequences are separate kernels: one bound by arithmetic, one by memory."""
        prefill = self._attending(batch.prefill_pairs, batch.prefill_context)
        return prefill + self._attending(batch.decode_context, batch.decode_context)

    def _attending(self, pairs: int, context: int) -> float:
        """Each pair costs a multiply-add per value of a head for the score, and one for the weighted sum."""
        width = self.architecture.layers * self.architecture.heads * self.architecture.head_dim
        computing = self._computing(4 * width * pairs / self.accelerator.bf16_flops)
        return max(computing, self._reading(context * self.architecture.kv_bytes_per_token()))

    def _computing(self, ideal_seconds: float) -> float:
        return ideal_seconds / (self.tensor_parallel * self.efficiencies.compute)

    def _reading(self, count: float) -> float:
        rate = self.accelerator.memory_bandwidth * self.efficiencies.memory
        return count / (rate * self.tensor_parallel)

    def _all_reduce(self, batch: StepBatch) -> float:
        """Two a layer, each over the bf16 residual stream; a ring moves 2 (n - 1) / n of the bytes."""
        if self.tensor_parallel == 1:
            return 0.0
        share = 2 * (self.tensor_parallel - 1) / self.tensor_parallel
        moved = batch.tokens * self.architecture.hidden * BF16_BYTES * share
        once = moved / (self.accelerator.interconnect * self.efficiencies.link)
        return 2 * self.architecture.layers * (once + self.efficiencies.all_reduce_seconds)
