"""A sentence for every number of regions, pools, scaling, latency and cost."""

from __future__ import annotations

from beaufort.plan.availability import NODE_MISSING, covers_reclaim, covers_zone, nodes_lost
from beaufort.plan.capacity import Pool, Region
from beaufort.plan.lifecycle import CONTROL_SECONDS, NODE_SECONDS
from beaufort.plan.outcome import HOURS_PER_MONTH
from beaufort.plan.plan import Plan
from beaufort.plan.question import Question
from beaufort.plan.queue.limit import HIGHEST_LOAD, margin
from beaufort.plan.replica_reasons import Said
from beaufort.plan.sizing import Sizing
from beaufort.plan.way import Served
from beaufort.units import show_seconds


def capacity_reasons(plan: Plan, question: Question, served: Served) -> Said:
    """Yield the reasons of regions, scaling, disruption, expectation and cost, in the order of the plan."""
    for index, (region, sizing) in enumerate(zip(plan.regions, served.sizings, strict=True)):
        yield from _region(f"regions[{index}]", region, sizing, question, served)
    yield from _scaling(plan, served)
    yield from _disruption(plan)
    yield from _expectation(plan, question, served)
    yield from _cost(plan, question, served)


def _region(path: str, region: Region, sizing: Sizing, question: Question, served: Served) -> Said:
    course = question.demand.course
    share = f"{sizing.place.share:.0%} of " if len(question.places) > 1 else ""
    yield f"{path}.rate", f"{share}{question.demand.rate:.4g} requests a second, from {question.demand.source}"
    yield (
        f"{path}.peakRate",
        f"{course.peak:.4g} times the mean, which is the highest that {question.demand.source} says",
    )
    planned = max(1, sizing.planned)
    each = max(served.rates.each(planned), region.peak_rate / planned)
    yield (
        f"{path}.replicas.needed",
        f"{region.peak_rate:.4g} requests a second over {each:.4g}, which one replica takes at the objectives",
    )
    yield f"{path}.replicas.spare", _spare(region, sizing, question)
    yield f"{path}.replicas.min", _fewest(region, question, served)
    yield f"{path}.replicas.max", _most(region, question, served)
    for index, pool in enumerate(region.pools):
        yield from _pool(f"{path}.pools[{index}]", pool, served)


def _spare(region: Region, sizing: Sizing, question: Question) -> str:
    availability = question.service.spec.objectives.availability
    per_node = max(stand.per_group for stand in sizing.mix.stands)
    nodes = -(-sizing.planned // per_node)
    lost = nodes_lost(nodes, availability)
    said = [
        (
            f"for {availability:.6g} of the time at most {lost} of {nodes} nodes are missing when each is for "
            f"{NODE_MISSING:g} of it"
        )
    ]
    if covers_reclaim(availability) and sizing.mix.surplus:
        gone = sizing.mix.lost_with_a_zone(spot_only=True)
        said.append(f"a reclaim of one zone's spot nodes takes {gone} of {sizing.planned} replicas")
    if covers_zone(availability):
        gone = sizing.mix.lost_with_a_zone(spot_only=False)
        said.append(f"the loss of a zone takes {gone} of {sizing.planned}")
    if region.replicas.planned > sizing.protected and not sizing.mix.surplus:
        said.append("the file wants as many replicas")
    return "; ".join(said)


def _fewest(region: Region, question: Question, served: Served) -> str:
    asked, frame = question.service.spec.replicas, served.frame
    if asked and asked.min == asked.max:
        return "the file fixes the number"
    if region.replicas.min == 0:
        return "the file lets the service sleep when idle"
    if not frame.scales:
        return "this machine's engines are not scaled"
    if frame.holds_all and frame.growth > 0:
        return (
            f"traffic may grow by {frame.growth:.0%} at once, and a new replica takes "
            f"{show_seconds(_lag(served))}: all that the peak needs run always"
        )
    quiet = min(relative for _, relative in question.demand.course.levels) * region.rate
    return f"for {quiet:.4g} requests a second, when fewest come, with what may be lost; at least what the file says"


def _most(region: Region, question: Question, served: Served) -> str:
    asked = question.service.spec.replicas
    if asked and region.replicas.max == asked.max:
        return "replicas.max of the file"
    if not served.frame.scales:
        return "this machine's engines are not scaled"
    bounds = "replicas.max" if asked else "half as many again as planned, for step times may be wrong by as much"
    return f"{bounds}, as far as nodes and budget allow"


def _lag(served: Served) -> float:
    return served.life.first_startup_seconds + NODE_SECONDS + CONTROL_SECONDS


def _pool(path: str, pool: Pool, served: Served) -> Said:
    shape = served.way.shape
    yield f"{path}.acceleratorsPerNode", "countPerNode of the file, or the smallest machine that the catalog knows"
    if pool.capacity == "spot":
        here = "what the base leaves: cheaper, and as many as may vanish together"
    else:
        here = "the base that holds the objectives when the spot nodes of a zone are gone, or all when there are none"
    yield f"{path}.replicas", f"{here}; the cheapest mix"
    yield f"{path}.maxReplicas", "the same, with what autoscaling may add: on spot nodes while there are any"
    fit = (
        f"{shape.nodes} nodes for each replica"
        if shape.nodes > 1
        else f"{pool.accelerators_per_node // shape.accelerators} on a node"
    )
    yield f"{path}.nodes", f"{pool.replicas} replicas, {fit}"
    yield f"{path}.maxNodes", f"{pool.max_replicas} replicas, {fit}"
    yield f"{path}.pricePerHour", pool.price_source


def _scaling(plan: Plan, served: Served) -> Said:
    state, target = served.state, served.target
    yield (
        "scaling.waitingTarget",
        f"half of the {show_seconds(target.ttft)} to the first token, at {show_seconds(state.holds.mean)} a prompt",
    )
    grown = f", less {served.frame.growth:.1%} that may come while another one starts" if served.frame.growth else ""
    if served.frame.holds_all:
        grown = ""
    yield "scaling.runningTarget", f"what a replica runs at the planned peak, {state.running:.1f}{grown}"
    yield "scaling.gpuUtilisationTarget", "a second guard; under continuous batching it says little below 100"
    yield "scaling.up.stabilizationSeconds", "none: a start takes long enough"
    yield "scaling.up.pods", "from the fewest to the most in one go"
    yield "scaling.up.percent", "doubling, when that is more"
    yield "scaling.up.periodSeconds", f"a minute, of the {show_seconds(plan.lifecycle.startup_seconds)} of a start"
    yield "scaling.down.stabilizationSeconds", "the default of an HorizontalPodAutoscaler"
    yield "scaling.down.pods", "a tenth of the planned ones"
    yield "scaling.down.percent", "a tenth of those that run"
    yield "scaling.down.periodSeconds", "a minute"


def _disruption(plan: Plan) -> Said:
    yield "disruption.maxUnavailable", "the spare replicas of the region with the fewest, and one at least"
    spare = min(region.replicas.spare for region in plan.regions)
    why = "spare replicas run already" if spare else "none is spare, and a place held costs as much as a replica"
    yield "disruption.headroomPods", why


def _expectation(plan: Plan, question: Question, served: Served) -> Said:
    expected, state, target = plan.expectation, served.state, served.target
    below = margin(state.dispersion) - 1
    busiest = f" in {served.busiest.place.name}" if served.busiest.place.name else ""
    yield (
        "expectation.ttftSeconds",
        (
            f"of {100 * target.ttft_share:g} % of the requests at {served.rate:.4g} a second and replica{busiest}; "
            f"{show_seconds(target.ttft)} are allowed, less {below:.0%} for the error of the queueing model"
        ),
    )
    yield (
        "expectation.tpotSeconds",
        f"of {100 * target.tpot_share:g} % of the answers; {show_seconds(target.tpot)} are allowed, less {below:.0%}",
    )
    yield (
        "expectation.runningPerReplica",
        (
            f"{served.rate:.4g} requests a second, {question.demand.output.mean:.0f} tokens each, at "
            f"{show_seconds(state.base.mean / max(1e-9, 1 - state.busy))} a token (Little's law)"
        ),
    )
    yield (
        "expectation.utilisation",
        f"{served.rate:.4g} requests a second of {expected.requests_per_second_per_replica:.4g}",
    )
    yield (
        "expectation.requestsPerSecondPerReplica",
        (
            "the most at which both latencies keep their objectives, and no more than "
            f"{HIGHEST_LOAD:.0%} of the rate at which the batch is full"
        ),
    )
    yield (
        "expectation.outputTokensPerSecond",
        f"{question.demand.peak_rate:.4g} requests a second at the peak, {question.demand.output.mean:.0f} tokens each",
    )


def _cost(plan: Plan, question: Question, served: Served) -> Said:
    mean = sum(sizing.mean for sizing in served.sizings)
    yield "cost.perHour", f"{mean:.4g} replicas in the mean, nodes paid whole; list prices or those of the file"
    yield "cost.perHourAtPeak", f"all {served.replicas} replicas, nodes paid whole"
    yield "cost.perMonth", f"{HOURS_PER_MONTH} hours of {plan.cost.per_hour:.2f}"
    tokens = question.demand.prompt.mean + question.demand.output.mean
    yield (
        "cost.perMillionTokens",
        (
            f"{plan.cost.per_hour:.2f} an hour over {3600 * question.demand.rate * tokens / 1e6:.4g} million tokens "
            "of prompts and answers"
        ),
    )
