"""Whether one way to serve keeps every objective, and with how many replicas."""

from __future__ import annotations

from beaufort.plan.lifecycle import CONTROL_SECONDS, NODE_SECONDS, RECLAIM_NOTICE, SHORTEST_NOTICE, lifecycle
from beaufort.plan.memory import BLOCK_SIZE
from beaufort.plan.mix import Stand, stands
from beaufort.plan.question import Question
from beaufort.plan.replica import Lifecycle
from beaufort.plan.setup import TOKEN_BUDGETS, Setup, setup, space, timing
from beaufort.plan.sizing import Frame, Rates
from beaufort.plan.way import Refused, Served, Stage, Way
from beaufort.units import show_bytes, show_seconds

_EMBEDDED_BUDGETS = (256, 1024)
_ALONE = 0.02  # of the rate at which every place is taken: as good as alone
HOURS_PER_MONTH = 730


def judge(question: Question, way: Way) -> Served | Refused:
    """Return how a way serves, or why it does not."""
    refused = memory_refusal(question, way)
    if refused is not None:
        return Refused(way, Stage.MEMORY, refused)
    standing = stands(tuple(offer for offer in question.offers if offer.accelerator == way.accelerator), way.shape)
    if not standing:
        return Refused(way, Stage.MEMORY, f"no node has {way.shape.accelerators_per_node} of them")
    found = [_serve(question, way, each, standing) for each in setups(question, way)]
    served = [each for each in found if isinstance(each, Served)]
    if served:
        return min(served, key=lambda each: (each.cost, each.replicas, each.ttft))
    refusals = [each for each in found if isinstance(each, Refused)]
    return max(refusals, key=lambda each: each.stage)


def memory_refusal(question: Question, way: Way) -> str | None:
    """Return why the memory does not hold the model and one of its longest requests; None when it does."""
    found, blocks = space(question.architecture, way.accelerator, way.precision, way.shape, budgets(question)[0])
    if found.left <= 0:
        return (
            f"{show_bytes(found.weights)} of weights and {show_bytes(found.working)} of work space exceed the "
            f"{show_bytes(found.usable)} that an engine may use of its {show_bytes(found.total)}"
        )
    longest = shortest_context(question)
    if blocks * BLOCK_SIZE < longest:
        return (
            f"the {show_bytes(found.left)} beside the weights hold the keys and values of "
            f"{max(0, blocks) * BLOCK_SIZE} tokens, one request may have {longest}"
        )
    return None


def budgets(question: Question) -> tuple[int, ...]:
    """Return the tokens a step that are tried, the preferred one first."""
    return _EMBEDDED_BUDGETS if question.embedded else TOKEN_BUDGETS


def shortest_context(question: Question) -> int:
    """Return the tokens that the longest request must be able to have.

    What the file asks for; otherwise what all but a thousandth of the prompts and of the answers need together.
    """
    asked = question.service.spec.model.context_length
    if asked is not None:
        return asked
    typical = question.demand.prompt.percentile(99.9) + question.demand.output.percentile(99.9)
    return min(question.architecture.max_context, max(BLOCK_SIZE, round(typical)))


def setups(question: Question, way: Way) -> list[Setup]:
    """Return the replicas that are tried: one for each number of tokens a step that leaves room for a request."""
    profile = timing(question.architecture, way.accelerator, way.precision, way.shape, question.profiles)
    found = []
    for tokens in budgets(question):
        _, blocks = space(question.architecture, way.accelerator, way.precision, way.shape, tokens)
        held = blocks * BLOCK_SIZE
        if held < shortest_context(question):
            continue
        asked = question.service.spec.model.context_length
        longest = asked if asked is not None else min(question.architecture.max_context, held)
        found.append(
            setup(
                question.architecture,
                way.accelerator,
                way.precision,
                way.shape,
                profile,
                question.demand,
                max_model_len=longest,
                tokens=tokens,
            )
        )
    return found


def _serve(question: Question, way: Way, replica: Setup, standing: tuple[Stand, ...]) -> Served | Refused:
    rates = Rates(replica.station, question.target, question.demand.dispersion)
    most = sum(stand.room for stand in standing)
    if rates.each(max(1, most)) <= 0:
        return Refused(way, Stage.LATENCY, _late(question, replica, rates.dispersion(most)))
    life = _life(question, replica, standing)
    frame = _frame(question, life)
    sizings = []
    for place in question.places:
        sized = frame.size(place, rates, standing)
        if isinstance(sized, str):
            named = f"in {place.name} " if place.name else ""
            return Refused(way, Stage.ROOM, f"{named}{sized}")
        sizings.append(sized)
    served = Served(way, replica, rates, question.target, tuple(sizings), frame, life)
    return _within_budget(question, served)


def _frame(question: Question, life: Lifecycle) -> Frame:
    lag = life.first_startup_seconds + NODE_SECONDS + CONTROL_SECONDS
    return Frame(
        demand=question.demand,
        availability=question.service.spec.objectives.availability,
        asked=question.service.spec.replicas,
        growth=question.demand.course.growth(lag),
        scales=not question.embedded,
    )


def _life(question: Question, replica: Setup, standing: tuple[Stand, ...]) -> Lifecycle:
    longest = question.target.ttft + question.demand.output.percentile(99.9) * question.target.tpot
    spot = any(stand.offer.capacity == "spot" for stand in standing)
    provider = question.service.spec.cluster.provider
    notice = RECLAIM_NOTICE.get(provider, SHORTEST_NOTICE) if spot else None
    return lifecycle(replica, longest, notice=notice, embedded=question.embedded)


def _late(question: Question, replica: Setup, dispersion: float) -> str:
    """Say which latency is not kept even by a replica that has nothing else to do."""
    state = replica.station.at(_ALONE * replica.station.most(), dispersion)
    if state is None:
        return "a replica cannot take any traffic"
    target, said = question.target, []
    if state.ttft_share(target.ttft) < target.ttft_share:
        least = state.ttft(100 * target.ttft_share)
        said.append(
            f"the first token takes {show_seconds(least)} for {100 * target.ttft_share:g} % of the requests even "
            f"without a queue, {show_seconds(target.ttft)} are allowed"
        )
    if state.tpot_share(target.tpot) < target.tpot_share:
        least = state.tpot(100 * target.tpot_share)
        said.append(
            f"a token takes {show_seconds(least)} for {100 * target.tpot_share:g} % of the answers even "
            f"without a queue, {show_seconds(target.tpot)} are allowed"
        )
    return "; ".join(said) or "the latencies are kept only without any traffic"


def _within_budget(question: Question, served: Served) -> Served | Refused:
    budget = question.service.spec.budget
    if budget and budget.per_hour is not None and served.cost_at_peak > budget.per_hour:
        why = f"it costs {served.cost_at_peak:.2f} an hour at the peak, the budget is {budget.per_hour:g}"
        return Refused(served.way, Stage.BUDGET, why)
    month = served.cost * HOURS_PER_MONTH
    if budget and budget.per_month is not None and month > budget.per_month:
        why = f"it costs {month:.0f} a month, the budget is {budget.per_month:g}"
        return Refused(served.way, Stage.BUDGET, why)
    return served
