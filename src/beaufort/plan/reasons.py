"""Why each number of a plan is what it is: one sentence, with the figures that it was computed from."""

from __future__ import annotations

from collections.abc import Iterator

from beaufort.plan.plan import Plan, Reason
from beaufort.units import show_bytes, show_seconds


def reasons(plan: Plan) -> tuple[Reason, ...]:
    """Return a reason for every number of a plan, in the order of its parts."""
    rows = (*_model(plan), *_engine(plan), *_lifecycle(plan), *_regions(plan), *_scaling(plan), *_outcome(plan))
    return tuple(Reason(path=path, why=why) for path, why in rows)


_Rows = Iterator[tuple[str, str]]


def _model(plan: Plan) -> _Rows:
    model, shape, memory = plan.model, plan.shape, plan.memory
    chosen = next((each for each in plan.candidates if each.verdict == "chosen"), None)
    yield "model.quantisation", f"{model.quantisation}: {chosen.reason if chosen else 'as the file says'}"
    yield "model.max_model_len", "as spec.model.contextLength says, else what the model was made for"
    weights = show_bytes(model.weight_bytes)
    yield "model.weight_bytes", f"the weights of {model.architecture} take {weights} in {model.quantisation}"
    each = show_bytes(model.kv_bytes_per_token)
    yield "model.kv_bytes_per_token", f"keys and values of every layer and KV head, two bytes each: {each}"
    cut = "the model's heads can be divided so, and one accelerator does not need help from more"
    yield "shape.tensor_parallel", f"{shape.tensor_parallel} {shape.accelerator} share every layer: {cut}"
    yield "shape.pipeline_parallel", f"{shape.pipeline_parallel}: layers are staged only across nodes"
    yield "shape.nodes", f"a replica's {shape.accelerators} accelerators are in {shape.nodes} nodes"
    yield "memory.total", f"what the driver of one {shape.accelerator} reports: {show_bytes(memory.total)}"
    yield "memory.weights", f"its share of {weights}: {show_bytes(memory.weights)}"
    yield "memory.working", f"activations of a full step, CUDA context and buffers: {show_bytes(memory.working)}"
    yield "memory.kv_cache", f"what is left for keys and values: {show_bytes(memory.kv_cache)}"
    share = 1 - plan.engine.gpu_memory_utilization
    yield "memory.unused", f"{share:.0%} stays free for the driver and fragmentation: {show_bytes(memory.unused)}"


def _engine(plan: Plan) -> _Rows:
    engine, host = plan.engine, plan.host
    running = plan.expectation.running_per_replica
    yield "engine.gpu_memory_utilization", f"{engine.gpu_memory_utilization:g}: vLLM's long-time default"
    yield "engine.max_num_seqs", f"room above the {running:.1f} requests that run at once in the mean"
    tokens = engine.max_num_batched_tokens
    yield "engine.max_num_batched_tokens", f"{tokens} tokens a step keep both latencies at the least cost"
    yield "engine.block_size", f"{engine.block_size} tokens: vLLM's default"
    kept = f"{engine.kv_tokens} tokens of {show_bytes(plan.model.kv_bytes_per_token)}"
    yield "engine.kv_blocks", f"{show_bytes(plan.memory.kv_cache * plan.shape.accelerators)} hold {kept}"
    yield "host.cpus", f"{host.cpus} whole cores, so that they can be pinned: for the server, and for each accelerator"
    yield "host.memory_bytes", f"{show_bytes(host.memory_bytes)}: the engine's process, loading, and shared memory"
    yield "host.shared_memory_bytes", f"{show_bytes(host.shared_memory_bytes)}: how processes of a replica talk"


def _lifecycle(plan: Plan) -> _Rows:
    life = plan.lifecycle
    weights = show_bytes(plan.model.weight_bytes)
    yield (
        "lifecycle.startup_seconds",
        f"loading {weights} from the node's disk, and warming up: {life.startup_seconds} s",
    )
    more = life.first_startup_seconds - life.startup_seconds
    yield "lifecycle.first_startup_seconds", f"{more:.0f} s more to download them first"
    yield "lifecycle.pre_stop_seconds", f"{life.pre_stop_seconds} s until every gateway has seen it leave"
    yield "lifecycle.shutdown_seconds", f"{life.shutdown_seconds} s for requests in progress, within the nodes' notice"
    both = life.pre_stop_seconds + life.shutdown_seconds
    yield "lifecycle.grace_seconds", f"{life.grace_seconds} s: more than the {both} s of both together"


def _regions(plan: Plan) -> _Rows:
    most = plan.expectation.requests_per_second_per_replica
    for index, region in enumerate(plan.regions):
        path, count = f"regions[{index}]", region.replicas
        yield f"{path}.rate", f"{region.rate:g} requests a second begin here in the mean"
        yield f"{path}.peak_rate", f"the traffic's shape rises to {region.peak_rate:.4g} requests a second"
        load = f"{region.peak_rate:.4g} requests a second at the peak, of which one replica takes {most:.3g}"
        yield f"{path}.replicas.needed", f"{load} within the objectives"
        lost = "the loss of nodes that the availability target must survive, and for growth while one starts"
        yield f"{path}.replicas.spare", f"{count.spare} more for {lost}"
        yield f"{path}.replicas.min", f"{count.min}: the quiet hours need no fewer, or the file says so"
        yield f"{path}.replicas.max", f"{count.max}: what the nodes of the file hold, or the file says so"
        for number in range(len(region.pools)):
            yield from _pool(f"{path}.pools[{number}]", plan, number, index)


def _pool(path: str, plan: Plan, number: int, region: int) -> _Rows:
    pool = plan.regions[region].pools[number]
    kept = "kept until released: the base" if pool.capacity == "on-demand" else "cheaper, and may vanish"
    yield f"{path}.replicas", f"{pool.replicas} replicas on {pool.capacity} nodes, {kept}"
    yield f"{path}.max_replicas", f"{pool.max_replicas}: its share when autoscaling runs the most"
    each = f"{pool.accelerators_per_node} {pool.accelerator} a node, {plan.shape.accelerators} a replica"
    yield f"{path}.nodes", f"{pool.nodes} nodes for {pool.replicas} replicas: {each}"
    yield f"{path}.max_nodes", f"{pool.max_nodes} nodes for {pool.max_replicas} replicas: {each}"
    yield f"{path}.price_per_hour", f"{pool.price_per_hour:g} for one accelerator: {pool.price_source}"


def _scaling(plan: Plan) -> _Rows:
    target, life = plan.scaling, plan.lifecycle
    yield "scaling.waiting_target", f"more than {target.waiting_target:g} waiting would break the time to first token"
    yield "scaling.running_target", f"{target.running_target:g} running is where a replica still keeps its objectives"
    yield "scaling.gpu_utilisation_target", f"{target.gpu_utilisation_target} %: a guard only, busy engines show more"
    start = show_seconds(life.startup_seconds)
    yield "scaling.up", f"at once, since a new replica takes {start} to answer"
    wait = show_seconds(target.down.stabilization_seconds)
    yield "scaling.down", f"after {wait} of quiet, slowly, since a wrong step down costs a start of {start}"
    yield "disruption.max_unavailable", f"{plan.disruption.max_unavailable}: the spare replicas, at least one"
    yield "disruption.headroom_pods", f"{plan.disruption.headroom_pods} places held for a replica that must move"


def _outcome(plan: Plan) -> _Rows:
    wanted, found, cost = plan.service.spec.objectives, plan.expectation, plan.cost
    ttft, tpot = wanted.ttft, wanted.tpot
    least = f"objective {show_seconds(ttft.within)}"
    yield "expectation.ttft_seconds", f"percentile {ttft.percentile:g}, queueing included; {least}"
    yield "expectation.tpot_seconds", f"percentile {tpot.percentile:g}; objective {show_seconds(tpot.within)}"
    yield "expectation.running_per_replica", "the batch in which arrivals and answers balance at the peak"
    yield "expectation.utilisation", f"{found.utilisation:.0%} of what replicas take within the objectives"
    yield "expectation.requests_per_second_per_replica", "the highest rate at which both objectives hold"
    yield "expectation.output_tokens_per_second", "requests a second at the peak times tokens of an answer"
    yield "cost.per_hour", f"{cost.per_hour:.4g} {cost.currency}: the mean number of replicas, as autoscaling runs them"
    yield "cost.per_hour_at_peak", f"{cost.per_hour_at_peak:.4g} {cost.currency}: every planned replica"
    yield "cost.per_month", "730 hours of the mean hour"
    yield "cost.per_million_tokens", "the mean hour over the prompt and output tokens of the mean traffic"
