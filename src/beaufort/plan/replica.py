"""One replica: how the model is cut, what its engine is told, where its memory goes, how it starts and ends."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from beaufort.spec.part import Part


class PlannedModel(Part):
    """The model as it is served.

    ``architecture`` is a row of the catalog. ``quantisation`` is the form of the weights, one of
    ``spec.model.quantisation`` but never ``auto``.
    """

    name: str = Field(description="The name that clients ask for.")
    architecture: str = Field(description="The catalog's row.")
    repository: str = Field(description="Where the weights are: an `hf://` repository or a path.")
    quantisation: Literal["bf16", "fp8", "int8", "w4a16", "nf4"] = Field(description="The form of the weights.")
    max_model_len: int = Field(ge=1, description="The longest prompt and answer together, in tokens.")
    weight_bytes: int = Field(ge=0, description="Bytes of all weights, over all accelerators of a replica.")
    kv_bytes_per_token: int = Field(ge=1, description="Bytes of keys and values of one token, over all layers.")


class Shape(Part):
    """How one replica is cut."""

    accelerator: str = Field(description="The catalog's name of the accelerator.")
    tensor_parallel: int = Field(default=1, ge=1, description="Accelerators that share every layer, in one node.")
    pipeline_parallel: int = Field(default=1, ge=1, description="Stages of layers, one after the other.")
    nodes: int = Field(default=1, ge=1, description="Nodes that one replica spans; more than one needs a leader.")

    @property
    def accelerators(self) -> int:
        """Accelerators of one replica."""
        return self.tensor_parallel * self.pipeline_parallel

    @property
    def accelerators_per_node(self) -> int:
        """Accelerators of one replica in one node."""
        return self.accelerators // self.nodes


class EngineSettings(Part):
    """What the engine is told; the names are those of vLLM's arguments."""

    gpu_memory_utilization: float = Field(gt=0, le=1, description="Share of an accelerator's memory to use.")
    max_num_seqs: int = Field(ge=1, description="Most sequences in one step.")
    max_num_batched_tokens: int = Field(ge=1, description="Most tokens in one step.")
    block_size: int = Field(ge=1, description="Tokens in a block of keys and values.")
    kv_blocks: int = Field(ge=1, description="Blocks of keys and values that fit.")
    kv_cache_dtype: Literal["auto", "fp8"] = Field(default="auto", description="Form of keys and values.")
    prefix_caching: bool = Field(default=True, description="Whether prompts that begin alike share blocks.")

    @property
    def kv_tokens(self) -> int:
        """Tokens whose keys and values fit."""
        return self.kv_blocks * self.block_size


class Memory(Part):
    """Where the memory of one accelerator goes, in bytes."""

    total: int = Field(ge=0, description="What the driver reports.")
    weights: int = Field(ge=0, description="Its share of the weights.")
    working: int = Field(ge=0, description="Activations of a step, CUDA context, graphs and buffers.")
    kv_cache: int = Field(ge=0, description="Keys and values.")
    unused: int = Field(ge=0, description="What is left for the driver and fragmentation.")


class Lifecycle(Part):
    """How long a replica takes to start and to end, in seconds."""

    startup_seconds: float = Field(ge=0, description="From a scheduled pod to the first answer, weights on the node.")
    first_startup_seconds: float = Field(ge=0, description="The same with the weights still to be downloaded.")
    pre_stop_seconds: int = Field(ge=0, description="Between leaving the endpoints and SIGTERM.")
    shutdown_seconds: int = Field(ge=0, description="For requests in progress after SIGTERM.")
    grace_seconds: int = Field(ge=0, description="`terminationGracePeriodSeconds`: greater than both together.")


class HostResources(Part):
    """What the pod of one replica takes of one node besides accelerators: whole cores, so that they can be pinned."""

    cpus: int = Field(ge=1, description="Whole cores.")
    memory_bytes: int = Field(ge=1, description="Memory, shared memory included.")
    shared_memory_bytes: int = Field(ge=0, description="Size of `/dev/shm`.")
