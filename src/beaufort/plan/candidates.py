"""What was considered, for the reader: the chosen way, the front, and the best of the others."""

from __future__ import annotations

from typing import Literal

from beaufort.plan.outcome import Candidate
from beaufort.plan.rounding import digits
from beaufort.plan.search import Found
from beaufort.plan.way import Refused, Served

_MOST = 30


def candidates(found: Found) -> tuple[Candidate, ...]:
    """Return the chosen way, the front, those that others beat, and those that cannot serve, at most thirty."""
    chosen = found.served[0]
    front = found.front
    listed = [_served(chosen, "chosen", _why_chosen(chosen, found))]
    listed += [_served(each, "front", _why_front(each, chosen)) for each in front if each is not chosen]
    beaten = (each for each in found.served if each is not chosen and not any(each is other for other in front))
    listed += [_served(each, "dominated", _why_dominated(each, front)) for each in beaten]
    listed += [_refused(each) for each in found.refused]
    return tuple(listed[:_MOST])


def _served(served: Served, verdict: Literal["chosen", "front", "dominated"], reason: str) -> Candidate:
    shape = served.way.shape
    return Candidate(
        quantisation=served.way.precision.value,
        accelerator=shape.accelerator,
        tensor_parallel=shape.tensor_parallel,
        pipeline_parallel=shape.pipeline_parallel,
        replicas=served.replicas,
        cost_per_hour=digits(served.cost),
        ttft_seconds=digits(served.ttft),
        tpot_seconds=digits(served.tpot),
        accuracy_loss=served.way.loss,
        verdict=verdict,
        reason=reason,
    )


def _refused(refused: Refused) -> Candidate:
    shape = refused.way.shape
    return Candidate(
        quantisation=refused.way.precision.value,
        accelerator=shape.accelerator,
        tensor_parallel=shape.tensor_parallel,
        pipeline_parallel=shape.pipeline_parallel,
        replicas=0,
        accuracy_loss=refused.way.loss,
        verdict="refused",
        reason=refused.why,
    )


def _why_chosen(chosen: Served, found: Found) -> str:
    others = len(found.served) - 1
    if not others:
        return "the only way that keeps every objective"
    equal = [each for each in found.served[1:] if round(each.cost, 2) == round(chosen.cost, 2)]
    if not equal:
        return f"the cheapest of {others + 1} ways that keep every objective"
    return (
        f"the cheapest of {others + 1} ways that keep every objective; of {len(equal) + 1} that cost the same, that "
        f"with the fewest accelerators, then the most accurate, then the fastest"
    )


def _why_front(each: Served, chosen: Served) -> str:
    gains = []
    if each.ttft < chosen.ttft:
        gains.append(f"first token in {each.ttft / chosen.ttft:.0%} of the time")
    if each.tpot < chosen.tpot:
        gains.append(f"tokens in {each.tpot / chosen.tpot:.0%} of the time")
    if each.way.loss < chosen.way.loss:
        gains.append(f"{chosen.way.loss - each.way.loss:.2%} less loss of accuracy")
    if round(each.cost, 2) > round(chosen.cost, 2):
        gains.append(f"costs {each.cost - chosen.cost:.2f} more an hour")
    elif each.accelerators > chosen.accelerators:
        gains.append(f"takes {each.accelerators - chosen.accelerators} more accelerators")
    return ", ".join(gains) or "as good in another way"


def _why_dominated(each: Served, front: tuple[Served, ...]) -> str:
    better = next((other for other in front if other.cost <= each.cost + 1e-9), front[0])
    return f"{better.way} is at least as good in everything"
