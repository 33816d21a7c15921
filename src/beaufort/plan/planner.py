"""From a service to its plan."""

from __future__ import annotations

import math

from beaufort.catalog.precision import weight_bytes
from beaufort.catalog.repositories import KnownRepository
from beaufort.errors import Problem
from beaufort.plan.asking import AskError, ask
from beaufort.plan.candidates import candidates
from beaufort.plan.capacity_reasons import capacity_reasons
from beaufort.plan.judge import Judge
from beaufort.plan.lifecycle import host
from beaufort.plan.memory import BLOCK_SIZE, GPU_MEMORY_UTILIZATION
from beaufort.plan.notes import notes
from beaufort.plan.outcome import HOURS_PER_MONTH, Cost, Expectation
from beaufort.plan.plan import Plan, Reason
from beaufort.plan.question import Question
from beaufort.plan.refusal import PlanError, impossible, told
from beaufort.plan.regions import regions
from beaufort.plan.remedy.change import changed
from beaufort.plan.remedy.knob import Changes
from beaufort.plan.remedy.remedies import remedies
from beaufort.plan.replica import EngineSettings, Memory, PlannedModel
from beaufort.plan.replica_reasons import replica_reasons
from beaufort.plan.rounding import digits
from beaufort.plan.scaling import disruption, scaling
from beaufort.plan.search import Found, search
from beaufort.plan.setup import Profiles, Setup, roofline
from beaufort.plan.way import Served
from beaufort.spec.service import MistralService
from beaufort.spec.traffic import Synthetic
from beaufort.traffic.demand import Demand, synthetic

_SEQUENCE_STEP = 8
_DEVIATIONS = 4


def plan(service: MistralService, model: KnownRepository, demand: Demand, profiles: Profiles = roofline) -> Plan:
    """Return the cheapest way to keep every objective of a service.

    Args:
        service: What is wanted.
        model: What its source holds.
        demand: The traffic that it describes.
        profiles: How long steps take.

    Raises:
        PlanError: Nothing keeps every objective within the bounds of the file; with what would.
        UsageError: An accelerator of the file is not known, or has no price.
    """
    try:
        question = ask(service, model, demand, profiles)
    except AskError as error:
        raise _whole(error, service, model, demand, profiles) from error
    judge = Judge()
    found = search(question, judge)
    if not found.served:
        possible = remedies(question, lambda other: ask(other, model, _demand(other, demand), profiles), judge)
        raise impossible(question, found, possible)
    return _plan(question, found)


def _whole(
    error: AskError, service: MistralService, model: KnownRepository, demand: Demand, profiles: Profiles
) -> PlanError:
    """Return an error whose remedies are enough; where none is, with what is in the way after them."""
    enough: list[Changes] = []
    rest: list[Problem] = []
    for changes in error.remedies:
        try:
            other = changed(service, changes)
            plan(other, model, _demand(other, demand), profiles)
            enough.append(changes)
        except PlanError as more:
            enough += [(*changes, *others) for others in more.remedies]
            rest += more.problems
        except ValueError:  # the file's own rules refuse it: a typical request is longer
            continue
    (problem,) = error.problems
    if enough:
        return PlanError(Problem(problem.what, problem.where, told(enough)), remedies=enough)
    return PlanError(problem, *rest)


def _demand(service: MistralService, recorded: Demand) -> Demand:
    """Return the traffic of a changed service: as its figures say now, or what was recorded."""
    traffic = service.spec.traffic
    return synthetic(traffic) if isinstance(traffic, Synthetic) else recorded


def _plan(question: Question, found: Found) -> Plan:
    chosen = found.served[0]
    planned = regions(question, chosen)
    bare = Plan(
        service=question.service,
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
    said = (*replica_reasons(bare, question, chosen), *capacity_reasons(bare, question, chosen))
    reasons = tuple(Reason(path=path, why=why) for path, why in said)
    return bare.model_copy(update={"reasons": reasons, "notes": notes(bare, question, found)})


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
    state = served.rates.at(served.most, max(1, served.busiest.planned)) or served.state
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
    return Expectation(
        ttft_seconds=digits(served.ttft),
        tpot_seconds=digits(served.tpot),
        running_per_replica=digits(state.running),
        utilisation=digits(served.rate / served.most),
        requests_per_second_per_replica=digits(served.most),
        output_tokens_per_second=digits(question.demand.peak_rate * question.demand.output.mean),
        source=served.setup.profile.source,
        known_error=served.setup.profile.known_error,
    )


def _cost(question: Question, served: Served) -> Cost:
    demand = question.demand
    tokens = 3600 * demand.rate * (demand.prompt.mean + demand.output.mean)
    return Cost(
        per_hour=digits(served.cost),
        per_hour_at_peak=digits(served.cost_at_peak),
        per_month=digits(served.cost * HOURS_PER_MONTH),
        per_million_tokens=digits(served.cost / tokens * 1e6),
    )
