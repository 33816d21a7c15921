"""The search over every form of the weights, accelerator and shape: which serve, which of those are worth a look.

A way is on the front when no other one is at least as good in cost, both latencies and accuracy, and better in one.
Chosen is the cheapest; of equally cheap ones that with the fewest accelerators, then the most accurate, then the
fastest.
"""

from __future__ import annotations

from dataclasses import dataclass

from beaufort.catalog.accelerators import Accelerator
from beaufort.catalog.precision import Precision
from beaufort.plan.judge import judge, memory_refusal
from beaufort.plan.precisions import accuracy_loss, runs
from beaufort.plan.question import Question
from beaufort.plan.replica import Shape
from beaufort.plan.shapes import shapes, tensor_parallel_sizes
from beaufort.plan.way import Refused, Served, Way

_CENT = 2
_SLACK = 1e-9


@dataclass(frozen=True, slots=True)
class Found:
    """What a search came to.

    Attributes:
        served: The ways that keep every objective, the chosen one first.
        refused: Those that do not, the nearest to serving first.
    """

    served: tuple[Served, ...]
    refused: tuple[Refused, ...]

    def front(self) -> tuple[Served, ...]:
        """Return the ways that no other one beats in everything, the chosen one first."""
        return tuple(each for each in self.served if not any(_beats(other, each) for other in self.served))


def search(question: Question) -> Found:
    """Judge every way."""
    judged = [judge(question, way) for way in ways(question)]
    served = sorted((each for each in judged if isinstance(each, Served)), key=_preference)
    refused = [each for each in judged if isinstance(each, Refused)]
    refused.sort(key=lambda each: (-each.stage, each.way.loss, each.way.shape.accelerators, each.way.accelerator.name))
    return Found(tuple(served), tuple(refused))


def ways(question: Question) -> list[Way]:
    """Return every form of the weights on every accelerator in every shape that holds it."""
    found = []
    for chip, per_node in _chips(question).items():
        for precision in _precisions(question, chip):
            held = shapes(
                question.architecture,
                chip.name,
                per_node,
                lambda shape, chip=chip, precision=precision: (  # type: ignore[misc] # bound now
                    memory_refusal(question, Way(chip, precision, shape)) is None
                ),
            )
            nearest = tensor_parallel_sizes(question.architecture, per_node)[-1]
            shaped = held or [Shape(accelerator=chip.name, tensor_parallel=nearest)]
            found += [Way(chip, precision, shape) for shape in shaped]
    return found


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
    return (round(served.cost, _CENT), served.accelerators, served.way.loss, served.ttft)


def _merits(served: Served) -> tuple[float, float, float, float]:
    return (round(served.cost, _CENT), served.ttft, served.tpot, served.way.loss)


def _beats(one: Served, other: Served) -> bool:
    pairs = list(zip(_merits(one), _merits(other), strict=True))
    return all(mine <= theirs + _SLACK for mine, theirs in pairs) and any(
        mine < theirs - _SLACK for mine, theirs in pairs
    )
