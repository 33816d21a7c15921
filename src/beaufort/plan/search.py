"""The search over every form of the weights, accelerator and shape: which serve, which of those are worth a look.

First comes what is quick to know of each way: whether its memory holds the model, and how many replicas and how much
money it takes at the very least. Then the ways are worked out, those that may be cheap first. A way that costs more
than one that serves in any case is worked out only while it is less than twice as much, and few are.

A way is on the front when no other one is at least as good in cost, accelerators, both latencies and
accuracy, and better in one.
Chosen is the cheapest; of equally cheap ones that with the fewest accelerators, then the most accurate, then the
fastest.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from operator import itemgetter
from typing import TypeAlias

from beaufort.catalog.accelerators import Accelerator
from beaufort.catalog.precision import Precision
from beaufort.plan.draft import Draft, unfit
from beaufort.plan.judge import Judge
from beaufort.plan.question import Question
from beaufort.plan.replica import Shape
from beaufort.plan.shapes import fixed, shapes, tensor_parallel_sizes
from beaufort.plan.way import Refused, Served, Way, accuracy_loss, runs
from beaufort.spec.parallelism import Parallelism

_CENTS = 2
_SLACK = 1e-9
_TOO_DEAR = 2.0
_ENOUGH = 24

_Merits: TypeAlias = tuple[float, int, float, float, float]


@dataclass(frozen=True, slots=True)
class Found:
    """What a search came to.

    Attributes:
        served: The ways that keep every objective, the chosen one first.
        front: Those that no other one beats in everything, the chosen one first.
        refused: Those that do not serve, the nearest to it first.
        left: How many were not worked out, for they cost more than the chosen one in any case.
    """

    served: tuple[Served, ...]
    front: tuple[Served, ...]
    refused: tuple[Refused, ...]
    left: int = 0


def search(question: Question, judge: Judge, *, thorough: bool = True) -> Found:
    """Judge every way that may be worth it.

    Args:
        question: What is asked.
        judge: Judges each way.
        thorough: Whether ways are worked out that cost more than another one in any case.
    """
    drafts: list[Draft] = []
    refused: list[Refused] = []
    served: list[Served] = []
    left, best = 0, (math.inf, 0)
    for way in ways(question):
        draft = judge.draft(question, way)
        if isinstance(draft, Refused):
            refused.append(draft)
        else:
            drafts.append(draft)
    for least, draft in sorted(((_least(question, draft), draft) for draft in drafts), key=itemgetter(0)):
        cost, accelerators = best
        needless = least > (round(cost, _CENTS), accelerators)
        if needless and (not thorough or least[0] > _TOO_DEAR * cost or len(served) >= _ENOUGH):
            left += 1
            continue
        found = judge.judge(question, draft, thorough=thorough and not needless)
        if needless and isinstance(found, Refused):  # another number of tokens a step may serve, or say more
            found = judge.judge(question, draft, thorough=thorough)
        if isinstance(found, Refused):
            refused.append(found)
        else:
            served.append(found)
            best = min(best, (found.cost, found.accelerators))
    served.sort(key=_preference)
    refused.sort(key=_nearness)
    return Found(tuple(served), _front(served), tuple(refused), left)


def _least(question: Question, draft: Draft) -> tuple[float, int]:
    """Return the cost and the accelerators that a way takes at the very least."""
    return round(draft.least_cost(question), _CENTS), draft.fewest(question) * draft.way.shape.accelerators


def ways(question: Question) -> list[Way]:
    """Return every form of the weights on every accelerator in every shape that holds it."""
    found = []
    for chip, per_node in _chips(question).items():
        for precision in _precisions(question, chip):
            loss = 0.0 if question.as_stored else accuracy_loss(precision)
            found += [Way(chip, precision, shape, loss) for shape in _shapes(question, chip, per_node, precision)]
    return found


def _shapes(question: Question, chip: Accelerator, per_node: int, precision: Precision) -> list[Shape]:
    asked = question.service.spec.parallelism
    if question.embedded:
        return [Shape(accelerator=chip.name)]
    sizes = tensor_parallel_sizes(question.architecture, per_node)
    if asked != Parallelism():
        return fixed(chip.name, per_node, sizes, asked)
    held = shapes(question.architecture, chip.name, per_node, partial(_fits, question, chip, precision))
    if not held or held[0].pipeline_parallel > 1:  # the reader should see why it takes several
        return [Shape(accelerator=chip.name, tensor_parallel=sizes[-1]), *held]
    return held


def _fits(question: Question, chip: Accelerator, precision: Precision, shape: Shape) -> bool:
    return unfit(question, Way(chip, precision, shape)) is None


def _chips(question: Question) -> dict[Accelerator, int]:
    """Return the accelerators that are offered, each with the most there are in one node."""
    found: dict[Accelerator, int] = {}
    for offer in question.offers:
        found[offer.accelerator] = max(found.get(offer.accelerator, 0), offer.per_node)
    return found


def _precisions(question: Question, chip: Accelerator) -> list[Precision]:
    if len(question.precisions) == 1:
        return list(question.precisions)
    most = question.service.spec.objectives.max_accuracy_loss
    return [each for each in question.precisions if accuracy_loss(each) <= most and runs(each, chip)]


def _preference(served: Served) -> tuple[float, int, float, float]:
    return (round(served.cost, _CENTS), served.accelerators, served.way.loss, served.ttft)


def _nearness(refused: Refused) -> tuple[float, float, float, int]:
    return (-refused.stage, round(refused.excess, _CENTS), refused.way.loss, refused.way.shape.accelerators)


def _front(served: list[Served]) -> tuple[Served, ...]:
    merits: list[tuple[Served, _Merits]] = [
        (each, (round(each.cost, _CENTS), each.accelerators, each.ttft, each.tpot, each.way.loss)) for each in served
    ]
    return tuple(one for one, mine in merits if not any(_beats(theirs, mine) for _, theirs in merits))


def _beats(one: _Merits, other: _Merits) -> bool:
    pairs = tuple(zip(one, other, strict=True))
    no_worse = all(mine <= theirs + _SLACK for mine, theirs in pairs)
    return no_worse and any(mine < theirs - _SLACK for mine, theirs in pairs)
