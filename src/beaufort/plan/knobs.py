"""The bounds of a service file that may be in the way of a plan: each loosened as far as it goes, then set to need."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from pydantic import JsonValue

from beaufort.catalog.accelerators import ACCELERATORS
from beaufort.plan.change import Change
from beaufort.plan.judge import HOURS_PER_MONTH
from beaufort.plan.mix import Stand
from beaufort.plan.offers import ANY_NODES, catalogued
from beaufort.plan.question import Question
from beaufort.plan.rounding import money_above
from beaufort.plan.search import Found
from beaufort.plan.setup import space
from beaufort.plan.way import Served
from beaufort.spec.parallelism import Parallelism
from beaufort.spec.service import Spec

Changes: TypeAlias = tuple[Change, ...]

_MOST_REPLICAS = 10_000
_NO_LIMIT = 1e12
_AVAILABILITIES = (0.9999, 0.9995, 0.999, 0.995, 0.99, 0.95, 0.9, 0.5)
_BLOCK = 16


@dataclass(frozen=True, slots=True)
class Tried:
    """What became possible without a bound.

    Attributes:
        question: What was asked.
        loosened: The same without this bound, and perhaps without others.
        found: What was found then.
    """

    question: Question
    loosened: Question
    found: Found

    @property
    def spec(self) -> Spec:
        """What is wanted."""
        return self.question.service.spec

    @property
    def chosen(self) -> Served:
        """The cheapest way that serves then."""
        return self.found.served[0]


class Knob(Protocol):
    """One bound, or several of a kind."""

    def loosest(self, question: Question) -> Changes:
        """Return the changes that take the bound away; none when the file does not set it."""

    def settings(self, tried: Tried) -> Iterator[Changes]:
        """Yield what the bound should be, the most modest first."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What an hour and a month may cost."""

    def loosest(self, question: Question) -> Changes:
        """Return limits that nothing reaches."""
        budget = question.service.spec.budget
        limits = {"perHour": budget and budget.per_hour, "perMonth": budget and budget.per_month}
        return tuple(
            Change(("spec", "budget", name), _NO_LIMIT, "raise") for name, limit in limits.items() if limit is not None
        )

    def settings(self, tried: Tried) -> Iterator[Changes]:
        """Yield what the chosen way costs."""
        chosen, budget = tried.chosen, tried.spec.budget
        if budget is None:
            return
        wanted = []
        if budget.per_hour is not None and chosen.cost_at_peak > budget.per_hour:
            wanted.append(Change(("spec", "budget", "perHour"), money_above(chosen.cost_at_peak), "raise"))
        month = chosen.cost * HOURS_PER_MONTH
        if budget.per_month is not None and month > budget.per_month:
            wanted.append(Change(("spec", "budget", "perMonth"), money_above(month), "raise"))
        yield tuple(wanted)


@dataclass(frozen=True, slots=True)
class Replicas:
    """The most engines."""

    def loosest(self, question: Question) -> Changes:
        """Return the most that a file may say."""
        asked = question.service.spec.replicas
        return (Change(("spec", "replicas", "max"), _MOST_REPLICAS, "raise"),) if asked else ()

    def settings(self, tried: Tried) -> Iterator[Changes]:
        """Yield what the region with the most replicas runs."""
        asked = tried.spec.replicas
        planned = max(sizing.planned for sizing in tried.chosen.sizings)
        if asked and planned > asked.max:
            yield (Change(("spec", "replicas", "max"), planned, "raise"),)
        else:
            yield ()


@dataclass(frozen=True, slots=True)
class Nodes:
    """The most nodes of each kind."""

    def loosest(self, question: Question) -> Changes:
        """Return the most that a file may say."""
        return tuple(
            Change(("spec", "accelerators", entry, "maxNodes"), ANY_NODES, "raise")
            for entry, _ in enumerate(question.service.spec.accelerators)
        )

    def settings(self, tried: Tried) -> Iterator[Changes]:
        """Yield the nodes that the chosen way takes."""
        yield tuple(
            Change(("spec", "accelerators", entry, "maxNodes"), nodes, "raise")
            for entry, nodes in sorted(_nodes(tried.chosen).items())
            if entry < len(tried.spec.accelerators) and nodes > tried.spec.accelerators[entry].max_nodes
        )


@dataclass(frozen=True, slots=True)
class PerNode:
    """The accelerators of one node."""

    def loosest(self, question: Question) -> Changes:
        """Return as many as a replica may be cut over."""
        most = question.architecture.kv_heads
        return tuple(
            Change(("spec", "accelerators", entry, "countPerNode"), most, "raise")
            for entry, written in enumerate(question.service.spec.accelerators)
            if written.count_per_node < most
        )

    def settings(self, tried: Tried) -> Iterator[Changes]:
        """Yield as many as the chosen way is cut over."""
        written, count = tried.spec.accelerators, tried.chosen.way.shape.accelerators_per_node
        yield tuple(
            Change(("spec", "accelerators", entry, "countPerNode"), count, "raise")
            for entry, nodes in sorted(_nodes(tried.chosen).items())
            if nodes and entry < len(written) and count > written[entry].count_per_node
        )


@dataclass(frozen=True, slots=True)
class Cut:
    """How a replica is cut."""

    def loosest(self, question: Question) -> Changes:
        """Return that the plan decides."""
        asked = question.service.spec.parallelism
        return (Change(("spec", "parallelism"), None),) if asked != Parallelism() else ()

    def settings(self, tried: Tried) -> Iterator[Changes]:
        """Yield the cut of the chosen way."""
        asked, shape = tried.spec.parallelism, tried.chosen.way.shape
        yield tuple(
            Change(("spec", "parallelism", name), count)
            for name, count, mine in (
                ("tensor", shape.tensor_parallel, asked.tensor),
                ("pipeline", shape.pipeline_parallel, asked.pipeline),
            )
            if count != (mine or 1)
        )


@dataclass(frozen=True, slots=True)
class Accuracy:
    """The loss of accuracy that is allowed, or the form of the weights when the file fixes it."""

    def loosest(self, question: Question) -> Changes:
        """Return that every form may be tried."""
        if len(question.precisions) > 1:
            return (Change(("spec", "objectives", "maxAccuracyLoss"), 1.0, "raise"),)
        if question.service.spec.model.quantisation == "auto":
            return ()  # the checkpoint has its form
        return (
            Change(("spec", "model", "quantisation"), "auto"),
            Change(("spec", "objectives", "maxAccuracyLoss"), 1.0, "raise"),
        )

    def settings(self, tried: Tried) -> Iterator[Changes]:
        """Yield the loss, or the form, of the chosen way."""
        way = tried.chosen.way
        if len(tried.question.precisions) > 1:
            allowed = tried.spec.objectives.max_accuracy_loss
            yield (
                (Change(("spec", "objectives", "maxAccuracyLoss"), way.loss, "raise"),) if way.loss > allowed else ()
            )
        elif tried.spec.model.quantisation != "auto":
            yield (Change(("spec", "model", "quantisation"), way.precision.value),)


@dataclass(frozen=True, slots=True)
class Context:
    """The longest request."""

    def loosest(self, question: Question) -> Changes:
        """Return the shortest context that still holds most requests."""
        asked = question.service.spec.model.context_length
        demand = question.demand
        least = int(demand.prompt.percentile(95) + demand.output.percentile(95)) // _BLOCK * _BLOCK + _BLOCK
        return (Change(("spec", "model", "contextLength"), least, "lower"),) if asked and least < asked else ()

    def settings(self, tried: Tried) -> Iterator[Changes]:
        """Yield what the memory of the chosen way holds."""
        asked, way = tried.spec.model.context_length, tried.chosen.way
        if asked is None:
            return
        for tokens in sorted(tried.question.budgets):
            _, blocks = space(tried.question.architecture, way.accelerator, way.precision, way.shape, tokens)
            held = blocks * tried.question.block_size
            if held < asked:
                yield (Change(("spec", "model", "contextLength"), held, "lower"),)
        if not self.loosest(tried.question):
            yield ()


@dataclass(frozen=True, slots=True)
class Availability:
    """What may be lost without loss."""

    def loosest(self, question: Question) -> Changes:
        """Return that nothing is covered."""
        asked = question.service.spec.objectives.availability
        least = _AVAILABILITIES[-1]
        return (Change(("spec", "objectives", "availability"), least, "lower"),) if asked > least else ()

    def settings(self, tried: Tried) -> Iterator[Changes]:
        """Yield usual promises, the strictest first."""
        asked = tried.spec.objectives.availability
        for promise in _AVAILABILITIES:
            if promise < asked:
                yield (Change(("spec", "objectives", "availability"), promise, "lower"),)


@dataclass(frozen=True, slots=True)
class Engine:
    """The embedded engine, when the file asks for it."""

    def loosest(self, question: Question) -> Changes:
        """Return that accelerators serve instead."""
        return (Change(("spec", "engine"), "vllm"),) if question.service.spec.engine == "openvino" else ()

    def settings(self, tried: Tried) -> Iterator[Changes]:
        """Yield the same."""
        yield self.loosest(tried.question)


@dataclass(frozen=True, slots=True)
class Accelerators:
    """The kinds of nodes, when the file names some."""

    def loosest(self, question: Question) -> Changes:
        """Return every kind that the catalog has a price of, and the file has not."""
        spec = question.service.spec
        if not spec.accelerators or question.embedded:
            return ()
        mine = {offer.accelerator.name for offer in question.offers if offer.capacity == "on-demand"}
        others = (catalogued(chip, spec) for name, chip in ACCELERATORS.items() if name not in mine)
        first = len(spec.accelerators)
        return tuple(
            Change(("spec", "accelerators", first + place), _entry(offer.accelerator.name, offer.per_node), "add")
            for place, offer in enumerate(offer for offer in others if offer is not None)
        )

    def settings(self, tried: Tried) -> Iterator[Changes]:
        """Yield the kind that the chosen way runs on."""
        first = len(tried.spec.accelerators)
        added = tuple(
            (stand.offer, nodes)
            for stand, nodes in _standing(tried.chosen)
            if nodes and stand.offer.entry is not None and stand.offer.entry >= first
        )
        yield tuple(
            Change(
                ("spec", "accelerators", first + place), _entry(offer.accelerator.name, offer.per_node, nodes), "add"
            )
            for place, (offer, nodes) in enumerate(added)
        )


def _entry(product: str, per_node: int, nodes: int = ANY_NODES) -> dict[str, JsonValue]:
    return {"product": product, "countPerNode": per_node, "maxNodes": nodes}


def _standing(served: Served) -> list[tuple[Stand, int]]:
    """Return the nodes that a way takes of each offer, in the region that takes most."""
    most: dict[Stand, int] = {}
    for sizing in served.sizings:
        for stand, count in zip(sizing.mix.stands, sizing.mix.counts(), strict=True):
            most[stand] = max(most.get(stand, 0), stand.groups(count) * stand.nodes)
    return list(most.items())


def _nodes(served: Served) -> dict[int, int]:
    """Return the nodes that a way takes of each entry of the file."""
    return {stand.offer.entry: nodes for stand, nodes in _standing(served) if stand.offer.entry is not None}
