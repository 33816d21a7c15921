"""How much may be used, and of what: money, replicas, nodes, accelerators."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import JsonValue

from beaufort.catalog.accelerators import ACCELERATORS
from beaufort.plan.mix import Stand
from beaufort.plan.offers import ANY_NODES, catalogued
from beaufort.plan.outcome import HOURS_PER_MONTH
from beaufort.plan.question import Question
from beaufort.plan.remedy.change import Change
from beaufort.plan.remedy.knob import Changes, Tried
from beaufort.plan.rounding import money_above
from beaufort.plan.way import Served

_MOST_REPLICAS = 10_000
_NO_LIMIT = 1e12


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
