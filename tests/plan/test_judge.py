"""Whether one way serves, and what is in its way when it does not."""

import pytest
from tests.plan.services import NEMO, asked, service

from beaufort.plan.draft import Draft
from beaufort.plan.judge import Judge
from beaufort.plan.search import ways
from beaufort.plan.way import Refused, Served, Stage

L40S = "accelerators: [{product: L40S, countPerNode: 2, pricePerHour: 1.9, maxNodes: %d}]"


def judged(*lines: str, source: str = NEMO, form: str = "bf16", size: int = 1) -> Served | Refused:
    question = asked(service(*lines, source=source, model=f", quantisation: {form}"))
    way = next(way for way in ways(question) if way.shape.tensor_parallel == size)
    judge = Judge()
    draft = judge.draft(question, way)
    return judge.judge(question, draft) if isinstance(draft, Draft) else draft


@pytest.mark.parametrize(
    ("lines", "stage", "why"),
    [
        (("objectives: {ttft: 10ms}", L40S % 9), Stage.LATENCY, "the first token takes"),
        (("objectives: {tpot: 10ms}", L40S % 9), Stage.LATENCY, "a token takes"),
        (("traffic: {rate: 100}", L40S % 2), Stage.ROOM, "the nodes hold 4"),
        (("traffic: {rate: 100}", "replicas: {min: 1, max: 3}", L40S % 90), Stage.ROOM, "replicas.max is 3"),
        (("objectives: {availability: 99.99%}", L40S % 9), Stage.ROOM, "takes nodes in two zones"),
        (("budget: {perHour: 1}", L40S % 9), Stage.BUDGET, "the budget is 1"),
        (("budget: {perMonth: 1000}", L40S % 9), Stage.BUDGET, "a month"),
    ],
    ids=["ttft", "tpot", "nodes", "replicas", "zones", "hour", "month"],
)
def test_what_is_in_the_way(lines: tuple[str, ...], stage: Stage, why: str) -> None:
    found = judged(*lines)
    assert isinstance(found, Refused)
    assert (found.stage, why in found.why) == (stage, True), found.why


def test_what_does_not_fit_is_told_in_bytes() -> None:
    found = judged("accelerators: [{product: L4, pricePerHour: 0.8}]")
    assert isinstance(found, Refused)
    assert found.stage is Stage.MEMORY
    assert "22.8 GiB of weights" in found.why


def test_a_way_that_serves_keeps_every_bound() -> None:
    found = judged("traffic: {rate: 6}", "budget: {perHour: 30}", "replicas: {min: 1, max: 9}", L40S % 9)
    assert isinstance(found, Served)
    assert found.ttft <= found.target.ttft
    assert found.tpot <= found.target.tpot
    assert found.cost <= found.cost_at_peak <= 30
    assert 1 <= found.replicas <= 9
    assert found.rate <= found.most


def test_the_nearer_a_way_comes_the_smaller_its_excess() -> None:
    near, far = (judged(f"objectives: {{ttft: {ttft}}}", L40S % 9) for ttft in ("60ms", "20ms"))
    assert isinstance(near, Refused)
    assert isinstance(far, Refused)
    assert 1 < near.excess < far.excess
