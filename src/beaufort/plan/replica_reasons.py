"""A sentence for every number of a replica, with the figures that it was computed from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from beaufort.catalog.quantisation import METHODS
from beaufort.plan.lifecycle import MARGIN_SECONDS, PRE_STOP_SECONDS
from beaufort.plan.plan import Plan
from beaufort.plan.question import Question
from beaufort.plan.way import Served
from beaufort.units import GIB, show_bytes, show_seconds

Said: TypeAlias = Iterator[tuple[str, str]]
"""Paths in the plan's JSON, and why they hold what they do."""


def replica_reasons(plan: Plan, question: Question, served: Served) -> Said:
    """Yield the reasons of model, shape, engine, memory, host and lifecycle, in the order of the plan."""
    yield from _model(plan, question, served)
    yield from _shape(plan, question, served)
    yield from _engine(plan, question, served)
    yield from _memory(plan)
    yield from _host(plan)
    yield from _lifecycle(plan, question)


def _model(plan: Plan, question: Question, served: Served) -> Said:
    model, architecture, loss = plan.model, question.architecture, METHODS[served.way.precision].loss
    asked = question.service.spec.model
    allowed = question.service.spec.objectives.max_accuracy_loss
    if question.as_stored:
        why = "the model is served as its file has it; this is the nearest form that is planned"
    else:
        if asked.quantisation != "auto":
            why = "the file fixes it"
        elif len(question.precisions) == 1:
            why = "the checkpoint holds it"
        else:
            why = f"of the forms that lose at most {allowed:.2%} it is part of the cheapest way"
        why += f"; expected to lose {loss.low:.2%} to {loss.high:.2%} ({loss.knowledge})"
    yield "model.quantisation", why
    if asked.context_length is not None:
        length = "contextLength of the file"
    elif model.max_model_len == architecture.max_context:
        length = "what the model was made for; the file sets no contextLength"
    else:
        length = (
            f"the model was made for {architecture.max_context}, but the memory holds the keys and values of no more"
        )
    yield "model.maxModelLen", length
    yield (
        "model.weightBytes",
        (
            f"{architecture.linear_parameters / 1e9:.2f} billion linear weights in {model.quantisation}, and "
            f"{(architecture.parameters - architecture.linear_parameters) / 1e9:.2f} billion others in bf16"
        ),
    )
    yield (
        "model.kvBytesPerToken",
        (
            f"2 x {architecture.layers} layers x {architecture.kv_heads} KV heads x {architecture.head_dim} values x 2 "
            "bytes (bf16)"
        ),
    )


def _shape(plan: Plan, question: Question, served: Served) -> Said:
    shape, setup = plan.shape, served.setup
    yield "shape.accelerator", "part of the cheapest way that keeps every objective; see the candidates"
    if shape.tensor_parallel == 1:
        why = "one accelerator holds the layers, and replicas come before shards: shards wait for each other"
    else:
        why = (
            f"the cheapest of those that divide {question.architecture.heads} heads and "
            f"{question.architecture.kv_heads} KV heads, over {setup.accelerator.link} at "
            f"{setup.accelerator.interconnect / 1e9:.0f} GB/s"
        )
    yield "shape.tensorParallel", why
    if shape.pipeline_parallel == 1:
        yield "shape.pipelineParallel", "the layers are not cut into stages, for one node holds them"
        yield "shape.nodes", "a replica fits one node"
    else:
        yield "shape.pipelineParallel", "no node holds the weights and a request otherwise; the fewest stages that do"
        yield "shape.nodes", "a stage on each node" if shape.nodes > 1 else "the stages fit one node"


def _engine(plan: Plan, question: Question, served: Served) -> Said:
    engine, state, setup = plan.engine, served.state, served.setup
    yield "engine.gpuMemoryUtilization", "vLLM's long-time default; the rest is for the driver and fragmentation"
    yield (
        "engine.maxNumSeqs",
        (
            f"{state.running:.1f} run at the planned peak; this is four deviations above what runs at the most that a "
            f"replica takes, and memory holds {served.rates.places} at once"
        ),
    )
    yield (
        "engine.maxNumBatchedTokens",
        (
            f"of {', '.join(map(str, question.budgets))} the first that needs the fewest: more tokens a step shorten "
            "the way to the first token, fewer keep the others' tokens even"
        ),
    )
    yield "engine.blockSize", "vLLM's default"
    yield (
        "engine.kvBlocks",
        (
            f"{show_bytes(setup.space.left)} of each of {plan.shape.accelerators}, at "
            f"{show_bytes(plan.model.kv_bytes_per_token)} a token and {engine.block_size} tokens a block"
        ),
    )
    yield "engine.kvCacheDtype", "bf16, like the activations: nothing is lost"
    hits = f"; {state.hits:.0%} of the shared tokens are expected to be found" if state.hits else ""
    yield "engine.prefixCaching", f"it costs nothing: free blocks keep what they held{hits}"


def _memory(plan: Plan) -> Said:
    share = plan.engine.gpu_memory_utilization
    count = plan.shape.accelerators
    yield "memory.total", f"what the driver reports of a {plan.shape.accelerator}"
    yield "memory.weights", f"{show_bytes(plan.model.weight_bytes)} over {count} accelerator{'s'[: count > 1]}"
    yield (
        "memory.working",
        (
            f"activations of one layer for {plan.engine.max_num_batched_tokens} tokens, and 512 MiB of CUDA context, "
            "graphs and buffers"
        ),
    )
    yield "memory.kvCache", f"{share:.0%} of the total, less weights and work space"
    yield "memory.unused", f"{1 - share:.0%} of the total that the engine does not touch"


def _host(plan: Plan) -> Said:
    count = plan.shape.accelerators_per_node
    yield "host.cpus", f"one for the server, one for the scheduler, one for each of {count} accelerators of a node"
    yield (
        "host.memoryBytes",
        (
            "6 GiB for the process, 1 GiB for each accelerator, one file of weights (5 GiB at most; they are "
            "mapped), and the shared memory"
        ),
    )
    yield "host.sharedMemoryBytes", f"{plan.host.shared_memory_bytes // GIB} GiB for workers to exchange data"


def _lifecycle(plan: Plan, question: Question) -> Said:
    life = plan.lifecycle
    weights = show_bytes(plan.model.weight_bytes / plan.shape.nodes)
    if question.embedded:
        yield "lifecycle.startupSeconds", f"3 s, and {weights} at 0.1 GB/s"
    else:
        yield (
            "lifecycle.startupSeconds",
            f"60 s for process, kernels and CUDA graphs, and {weights} from the node's disk at 0.5 GB/s",
        )
    yield "lifecycle.firstStartupSeconds", f"{life.startup_seconds:g} s, and {weights} downloaded at 0.2 GB/s"
    yield "lifecycle.preStopSeconds", "for gateways to see that the endpoint leaves; on a quiet cluster a second does"
    longest = question.target.ttft + question.demand.output.percentile(99.9) * question.target.tpot
    spot = any(pool.capacity == "spot" for region in plan.regions for pool in region.pools)
    bound = ", less where a spot node's notice is shorter" if spot else ""
    yield (
        "lifecycle.shutdownSeconds",
        f"999 of 1000 requests take at most {show_seconds(longest)} within the objectives; 10 s to 10 min{bound}",
    )
    yield (
        "lifecycle.graceSeconds",
        f"{PRE_STOP_SECONDS} + {life.shutdown_seconds} s, and {MARGIN_SECONDS} s to spare, for it must be greater",
    )
