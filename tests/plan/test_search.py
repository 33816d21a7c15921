"""The search leaves out much, and never what would have been chosen."""

from itertools import permutations

import pytest
from tests.plan.services import NEMO, asked, service

from beaufort.plan.draft import Draft
from beaufort.plan.judge import Judge
from beaufort.plan.question import Question
from beaufort.plan.search import search, ways
from beaufort.plan.way import Served
from beaufort.spec import MistralService

SEVERAL = (
    "accelerators: [{product: L4, countPerNode: 8, pricePerHour: 0.8, maxNodes: 40}, "
    "{product: L40S, countPerNode: 4, pricePerHour: 1.9, maxNodes: 40}, "
    "{product: H100, countPerNode: 2, pricePerHour: 4.2, maxNodes: 40}, "
    "{product: H100, pricePerHour: 1.7, maxNodes: 40, capacity: spot}]"
)
SERVICES = [
    service(SEVERAL, "cluster: {zones: [a, b]}", "traffic: {rate: 12, promptTokens: 2000, shape: diurnal}"),
    service(SEVERAL, "traffic: {rate: 3}", "objectives: {ttft: 300ms, tpot: 20ms, maxAccuracyLoss: 5%}", source=NEMO),
    service(SEVERAL, "traffic: {rate: 40, shape: {kind: bursty, variation: 4}}", "budget: {perHour: 200}"),
]


def every_way(question: Question) -> list[Served]:
    """Return every way that serves, with nothing left out."""
    judge = Judge()
    drafts = (judge.draft(question, way) for way in ways(question))
    found = (judge.judge(question, draft) for draft in drafts if isinstance(draft, Draft))
    return [served for served in found if isinstance(served, Served)]


@pytest.mark.parametrize("wanted", SERVICES)
def test_nothing_that_is_left_out_is_cheaper(wanted: MistralService) -> None:
    question = asked(wanted)
    chosen = search(question, Judge()).served[0]
    least = min(every_way(question), key=lambda served: (round(served.cost, 2), served.accelerators))
    assert (round(chosen.cost, 2), chosen.accelerators) == (round(least.cost, 2), least.accelerators)


@pytest.mark.parametrize("wanted", SERVICES)
def test_nothing_on_the_front_is_beaten(wanted: MistralService) -> None:
    found = search(asked(wanted), Judge())
    assert found.front[0] is found.served[0]
    for one, other in permutations(found.front, 2):
        mine, theirs = (
            (round(each.cost, 2), each.accelerators, each.ttft, each.tpot, each.way.loss) for each in (one, other)
        )
        assert mine == theirs or any(left < right for left, right in zip(mine, theirs, strict=True))


def test_what_is_refused_is_told_nearest_first() -> None:
    found = search(asked(service(SEVERAL, "objectives: {ttft: 10ms}", "traffic: {promptTokens: 4000}")), Judge())
    assert not found.served
    order = [(-each.stage, round(each.excess, 2)) for each in found.refused]
    assert order == sorted(order)
    assert all(each.why for each in found.refused)
