"""What the reader of a plan should know: what was assumed, and what it does not cover."""

from __future__ import annotations

from collections.abc import Iterator

from beaufort.catalog.precision import Precision, weight_bytes
from beaufort.catalog.quantisation import METHODS
from beaufort.plan.availability import NODE_MISSING, ONE_REGION_MOST, SPOT_MISSING, covers_reclaim
from beaufort.plan.lifecycle import CONTROL_SECONDS, NODE_SECONDS, RECLAIM_NOTICE, SHORTEST_NOTICE
from beaufort.plan.plan import Plan
from beaufort.plan.question import Question
from beaufort.plan.queue.limit import BURST_MARGIN, HIGHEST_LOAD, MARGIN
from beaufort.plan.search import Found
from beaufort.spec.traffic import Mean, Synthetic
from beaufort.traffic.lengths import VARIATION
from beaufort.units import show_bytes, show_seconds


def notes(plan: Plan, question: Question, found: Found) -> tuple[str, ...]:
    """Return the notes of a plan."""
    return (
        *_times(plan),
        *_traffic(question),
        *_starts(plan, question, found),
        *_weights(question, found),
        *_nodes(plan, question),
        *_prices(plan, question),
        *_replicas(plan, question, found),
    )


def _times(plan: Plan) -> Iterator[str]:
    expected = plan.expectation
    yield f"Step times: {expected.source}; known error: {expected.known_error}."
    yield (
        f"Latencies are kept with {MARGIN - 1:.0%} to spare, and up to {BURST_MARGIN:.0%} more for bursts, for the "
        f"error of the queueing model; a replica takes at most {HIGHEST_LOAD:.0%} of the rate that fills its batch."
    )


def _arrivals(question: Question) -> str:
    traffic, dispersion = question.service.spec.traffic, question.demand.dispersion
    if dispersion == 1:
        return "Requests are taken to come independently of each other (a Poisson process) at each moment's rate."
    says = "varies" if isinstance(traffic, Synthetic) else "was recorded to vary"
    return (
        f"The number of requests in a short time {says} {dispersion:.3g} times as much as of independent ones; of "
        "several replicas each sees its share of that."
    )


def _traffic(question: Question) -> Iterator[str]:
    traffic = question.service.spec.traffic
    yield _arrivals(question)
    if isinstance(traffic, Synthetic) and (
        isinstance(traffic.prompt_tokens, Mean) or isinstance(traffic.output_tokens, Mean)
    ):
        yield f"A length given by its mean is taken as lognormal, its standard deviation {VARIATION:g} times the mean."
    if question.demand.shared:
        yield (
            f"A shared prefix is taken to be asked for again after {question.demand.reuse_seconds:.0f} s in the mean, "
            "on the replica that has it."
        )
    if question.architecture.sliding_windows:
        yield "Sliding windows are counted as full attention: time and memory of long contexts are on the safe side."


def _starts(plan: Plan, question: Question, found: Found) -> Iterator[str]:
    if question.embedded:
        return
    life, frame = plan.lifecycle, found.served[0].frame
    yield (
        f"A replica is taken to answer {show_seconds(life.startup_seconds)} after its pod has a node, "
        f"{show_seconds(life.first_startup_seconds)} where the weights must be downloaded; a node that must be made "
        f"takes {show_seconds(NODE_SECONDS)} more, and autoscaling {CONTROL_SECONDS:.0f} s to notice."
    )
    if frame.growth > 0 and frame.holds_all and frame.scales:
        yield (
            f"Traffic may grow by {frame.growth:.0%} while a replica starts: autoscaling would come too late, so all "
            "that the peak needs run always."
        )


def _weights(question: Question, found: Found) -> Iterator[str]:
    chosen = found.served[0]
    method, form = METHODS[chosen.way.precision], chosen.way.precision
    asked = question.service.spec.model.quantisation
    allowed = question.service.spec.objectives.max_accuracy_loss
    if asked != "auto" and method.loss.high > allowed:
        yield (
            f"{form} is expected to lose up to {method.loss.high:.2%}, more than maxAccuracyLoss, {allowed:.2%}; the "
            "file fixes it, so measure it."
        )
    if question.embedded:
        return
    held = len(question.precisions) > 1 or asked != "auto"
    if form is Precision.FP8 and held:
        whole = weight_bytes(question.architecture, Precision.BF16) // chosen.way.shape.accelerators
        if whole > chosen.setup.space.usable:
            yield (
                f"The engine makes fp8 of bf16 weights only where {show_bytes(whole)} fit first: here it needs a "
                "checkpoint that is fp8 already."
            )
    if form in {Precision.INT8, Precision.W4A16} and held:
        yield f"{form} {method.note}."
    if method.plugin:
        yield f"{form}: {method.note}; vLLM needs {method.plugin}."
    if chosen.way.shape.pipeline_parallel > 1:
        yield "Stages are counted one after the other, without overlap: throughput is on the safe side."


def _nodes(plan: Plan, question: Question) -> Iterator[str]:
    availability = question.service.spec.objectives.availability
    yield (
        f"A node is taken to be missing for {NODE_MISSING:.1%} of the time, apart from others; nodes are paid whole."
    )
    spot = any(pool.capacity == "spot" and pool.replicas for region in plan.regions for pool in region.pools)
    if spot and covers_reclaim(availability):
        yield (
            f"All spot nodes of one zone may be reclaimed at once, and are taken to be missing for {SPOT_MISSING:.0%} "
            "of the time."
        )
    elif spot:
        yield f"An availability of {availability:.2%} does not cover a reclaim of spot nodes."
    if spot:
        notice = RECLAIM_NOTICE.get(question.service.spec.cluster.provider, SHORTEST_NOTICE)
        yield f"A spot node is taken to be told of its end {notice} s before; longer requests are cut off or moved."
    if availability > ONE_REGION_MOST and len(question.places) == 1:
        yield (
            f"No cloud promises more than {ONE_REGION_MOST:.2%} in one region: {availability:.5%} takes several, and "
            "clients that change over."
        )
    unused = [
        f"spec.accelerators[{offer.entry}] ({offer.accelerator.name})"
        for offer in question.offers
        if offer.entry is not None and offer.accelerator.name != plan.shape.accelerator
    ]
    if unused:
        yield f"Replicas are all alike, so {', '.join(unused)} {'is' if len(unused) == 1 else 'are'} not used."


def _prices(plan: Plan, question: Question) -> Iterator[str]:
    spec = question.service.spec
    listed = any(
        offer.price_source != "the service file" and offer.accelerator.name == plan.shape.accelerator
        for offer in question.offers
    )
    if question.embedded:
        return
    if not spec.accelerators:
        yield (
            "The file names no accelerators: all that the catalog has a list price of were considered, on demand, in "
            "the smallest machines."
        )
    if listed:
        sources = dict.fromkeys(pool.price_source for region in plan.regions for pool in region.pools)
        yield f"List prices are a beginning, give pricePerHour for your own: {'; '.join(sources)}."


def _replicas(plan: Plan, question: Question, found: Found) -> Iterator[str]:
    if len(question.places) > 1 and question.service.spec.replicas:
        yield "replicas.min and replicas.max count in each region."
    if any(region.replicas.min == 0 and region.rate > 0 for region in plan.regions):
        wait = show_seconds(plan.lifecycle.startup_seconds)
        yield f"After a sleep the first request waits for a replica: {wait} and more."
    if found.left:
        yield f"{found.left} more ways cost more in any case, and were not worked out."
