"""A way whose memory holds the model, before its queues are worked out: what is quick to know of it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from beaufort.plan.mix import Stand, unprotected
from beaufort.plan.outcome import HOURS_PER_MONTH
from beaufort.plan.question import Question
from beaufort.plan.setup import Setup, space, timing
from beaufort.plan.way import Refused, Stage, Way, runs
from beaufort.units import show_bytes

_TINY = 1e-9


@dataclass(frozen=True, slots=True)
class Draft:
    """A way whose memory holds the model, before its queues are worked out.

    Attributes:
        way: Which.
        standing: The nodes that can hold its replicas.
        setups: Its replicas, one for each number of tokens a step, the preferred one first.
        most: Requests per second that each of them takes at the very most.
    """

    way: Way
    standing: tuple[Stand, ...]
    setups: tuple[Setup, ...]
    most: tuple[float, ...]

    @property
    def room(self) -> int:
        """The most replicas of a region."""
        return sum(stand.room for stand in self.standing)

    def fewest(self, question: Question, index: int | None = None) -> int:
        """Return a number of replicas, over all regions, that is certainly not too large."""
        most = max(self.most) if index is None else self.most[index]
        return sum(math.ceil(question.demand.peak_rate * place.share / most - _TINY) for place in question.places)

    def least_cost(self, question: Question) -> float:
        """Return a cost for an hour, in the mean, that is certainly not too high."""
        each = min(stand.price / stand.per_group for stand in self.standing)
        return each * question.demand.rate / max(self.most)


def bounded(question: Question, draft: Draft) -> Refused | None:
    """Refuse what no working out could save: there are too few nodes, or the cheapest is too dear."""
    spec = question.service.spec
    peak = question.demand.peak_rate * max(place.share for place in question.places)
    fewest = math.ceil(peak / max(draft.most) - _TINY)
    if fewest > draft.room:
        why = f"at least {_replicas(fewest)} needed for {peak:.4g} requests a second, the nodes hold {draft.room}"
        return Refused(draft.way, Stage.ROOM, why)
    if spec.replicas and fewest > spec.replicas.max:
        why = f"at least {_replicas(fewest)} needed, replicas.max is {spec.replicas.max}"
        return Refused(draft.way, Stage.ROOM, why)
    if why := unprotected(draft.standing, spec.objectives.availability):
        return Refused(draft.way, Stage.ROOM, why)
    peak_cost = min(stand.cost(draft.fewest(question)) for stand in draft.standing)
    if spec.budget and spec.budget.per_hour is not None and peak_cost > spec.budget.per_hour:
        why = f"it costs {peak_cost:.2f} an hour at the peak at least, the budget is {spec.budget.per_hour:g}"
        return Refused(draft.way, Stage.BUDGET, why)
    month = draft.least_cost(question) * HOURS_PER_MONTH
    if spec.budget and spec.budget.per_month is not None and month > spec.budget.per_month:
        why = f"it costs {month:.0f} a month at least, the budget is {spec.budget.per_month:g}"
        return Refused(draft.way, Stage.BUDGET, why)
    return None


def unfit(question: Question, way: Way) -> str | None:
    """Return why a replica cannot hold the model and one of its longest requests; None when it can."""
    if not question.embedded and not runs(way.precision, way.accelerator):
        return f"the engine has no kernels for {way.precision} on it"
    found, blocks = space(question.architecture, way.accelerator, way.precision, way.shape, min(question.budgets))
    if found.left <= 0:
        return (
            f"{show_bytes(found.weights)} of weights and {show_bytes(found.working)} of work space exceed the "
            f"{show_bytes(found.usable)} that an engine may use of its {show_bytes(found.total)}"
        )
    held = blocks * question.block_size
    if held < question.longest:
        return (
            f"the {show_bytes(found.left)} beside the weights hold the keys and values of {max(0, held)} tokens, "
            f"one request may have {question.longest}"
        )
    return None


def setups(question: Question, way: Way) -> list[Setup]:
    """Return the replicas that are tried: one for each number of tokens a step that leaves room for a request."""
    profile = timing(question.architecture, way.accelerator, way.precision, way.shape, question.profiles)
    asked = question.service.spec.model.context_length
    found = []
    for tokens in question.budgets:
        memory, blocks = space(question.architecture, way.accelerator, way.precision, way.shape, tokens)
        held = blocks * question.block_size
        if memory.left > 0 and held >= question.longest:
            found.append(
                Setup(
                    architecture=question.architecture,
                    accelerator=way.accelerator,
                    precision=way.precision,
                    shape=way.shape,
                    profile=profile,
                    demand=question.demand,
                    space=memory,
                    kv_blocks=blocks,
                    max_model_len=asked if asked is not None else min(question.architecture.max_context, held),
                    max_num_batched_tokens=tokens,
                )
            )
    return found


def _replicas(count: int) -> str:
    return f"{count} replica{' is' if count == 1 else 's are'}"
