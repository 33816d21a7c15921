"""From a service to its plan."""

from __future__ import annotations

import math
from dataclasses import replace

from beaufort.catalog.accelerators import accelerator
from beaufort.catalog.models import Architecture
from beaufort.catalog.precision import Precision, weight_bytes
from beaufort.errors import Problem
from beaufort.plan.candidates import candidates
from beaufort.plan.judge import HOURS_PER_MONTH, Judge
from beaufort.plan.lifecycle import host
from beaufort.plan.memory import BLOCK_SIZE, GPU_MEMORY_UTILIZATION
from beaufort.plan.offers import offers, this_machine
from beaufort.plan.outcome import Cost, Expectation
from beaufort.plan.plan import Plan
from beaufort.plan.question import Question, places_of, target_of
from beaufort.plan.reasons import reasons
from beaufort.plan.refusal import PlanError
from beaufort.plan.regions import regions
from beaufort.plan.replica import EngineSettings, Memory, PlannedModel
from beaufort.plan.scaling import disruption, scaling
from beaufort.plan.search import search
from beaufort.plan.setup import Profiles, Setup, roofline
from beaufort.plan.way import Served
from beaufort.spec.service import MistralService
from beaufort.traffic.demand import Demand

_SEQUENCE_STEP = 8
_DEVIATIONS = 4


def plan(service: MistralService, architecture: Architecture, demand: Demand, profiles: Profiles = roofline) -> Plan:
    """Return the cheapest way to keep every objective of a service.

    Args:
        service: What is wanted.
        architecture: The model that its source stands for.
        demand: The traffic that it describes.
        profiles: How long steps take.

    Raises:
        PlanError: Nothing keeps every objective within the bounds of the file.
        UsageError: An accelerator of the file is not known, or has no price.
    """
    question = ask(service, architecture, demand, profiles)
    found = search(question, Judge())
    if not found.served:
        raise PlanError(*(Problem(f"{each.way}: {each.why}") for each in found.refused))
    chosen = found.served[0]
    planned = regions(question, chosen)
    made = Plan(
        service=service,
        model=_model(question, chosen.setup),
        shape=chosen.way.shape,
        engine=_engine(chosen),
        memory=_memory(chosen.setup),
        host=host(chosen.setup),
        lifecycle=chosen.life,
        regions=planned,
        scaling=scaling(chosen, planned),
        disruption=disruption(planned),
        expectation=_expectation(question, chosen),
        cost=_cost(question, chosen),
        reasons=(),
        candidates=candidates(found),
    )
    return made.model_copy(update={"reasons": reasons(made)})


def ask(service: MistralService, architecture: Architecture, demand: Demand, profiles: Profiles) -> Question:
    """Return the question that a service asks, with everything looked up."""
    spec = service.spec
    longest = spec.model.context_length or architecture.max_context
    cut = replace(
        demand, prompt=demand.prompt.at_most(max(1, longest - 1)), output=demand.output.at_most(max(1, longest - 1))
    )
    embedded = spec.engine == "openvino" or (spec.engine == "auto" and spec.model.source == "demo")
    return Question(
        service=service,
        architecture=architecture,
        demand=cut,
        offers=(this_machine(accelerator("cpu")),) if embedded else offers(spec),
        target=target_of(service),
        places=places_of(spec.regions),
        profiles=profiles,
        precisions=_precisions(service, embedded=embedded),
        embedded=embedded,
    )


def _precisions(service: MistralService, *, embedded: bool) -> tuple[Precision, ...]:
    asked = service.spec.model.quantisation
    if asked == "auto":
        return (Precision.W4A16,) if embedded else tuple(Precision)
    return (Precision.W4A16,) if asked == "gguf" else (Precision(asked),)


def _model(question: Question, setup: Setup) -> PlannedModel:
    model = question.service.spec.model
    return PlannedModel(
        name=model.name,
        architecture=question.architecture.name,
        repository=model.source,
        quantisation=setup.precision.value,
        max_model_len=setup.max_model_len,
        weight_bytes=weight_bytes(question.architecture, setup.precision),
        kv_bytes_per_token=question.architecture.kv_bytes_per_token(),
    )


def _engine(served: Served) -> EngineSettings:
    setup = served.setup
    return EngineSettings(
        gpu_memory_utilization=GPU_MEMORY_UTILIZATION,
        max_num_seqs=_sequences(served),
        max_num_batched_tokens=setup.max_num_batched_tokens,
        block_size=BLOCK_SIZE,
        kv_blocks=setup.kv_blocks,
    )


def _sequences(served: Served) -> int:
    """Four deviations above the mean batch at the objectives' limit: what is planned never waits for a place."""
    count = max(1, served.busiest.planned)
    state = served.rates.at(served.rates.each(count), count) or served.state
    wanted = state.running + _DEVIATIONS * state.running_deviation
    return min(max(_SEQUENCE_STEP, math.ceil(wanted / _SEQUENCE_STEP) * _SEQUENCE_STEP), served.rates.places)


def _memory(setup: Setup) -> Memory:
    space = setup.space
    return Memory(
        total=space.total,
        weights=space.weights,
        working=space.working,
        kv_cache=space.left,
        unused=space.total - space.usable,
    )


def _expectation(question: Question, served: Served) -> Expectation:
    state = served.state
    each = served.rates.each(max(1, served.busiest.planned))
    return Expectation(
        ttft_seconds=served.ttft,
        tpot_seconds=served.tpot,
        running_per_replica=state.running,
        utilisation=served.rate / each,
        requests_per_second_per_replica=each,
        output_tokens_per_second=question.demand.peak_rate * question.demand.output.mean,
        source=served.setup.profile.source,
        known_error=served.setup.profile.known_error,
    )


def _cost(question: Question, served: Served) -> Cost:
    demand = question.demand
    tokens = 3600 * demand.rate * (demand.prompt.mean + demand.output.mean)
    return Cost(
        per_hour=served.cost,
        per_hour_at_peak=served.cost_at_peak,
        per_month=served.cost * HOURS_PER_MONTH,
        per_million_tokens=served.cost / tokens * 1e6,
    )
