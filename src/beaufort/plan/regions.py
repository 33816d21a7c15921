"""The regions of a plan: bounds of autoscaling, and the pools of nodes that replicas run on."""

from __future__ import annotations

import math

from beaufort.plan.capacity import Pool, Region, ReplicaCount
from beaufort.plan.mix import Mix, room
from beaufort.plan.question import Question
from beaufort.plan.rounding import digits
from beaufort.plan.sizing import Sizing
from beaufort.plan.way import Served

_HEADROOM = 1.5
"""Most replicas over planned ones where the file sets no bound: the step times may be that wrong."""
_LONGEST_NAME = 63  # of a label's value in Kubernetes


def regions(question: Question, served: Served) -> tuple[Region, ...]:
    """Return what each region runs."""
    return tuple(_region(question, served, index) for index in range(len(served.sizings)))


def _region(question: Question, served: Served, index: int) -> Region:
    sizing = served.sizings[index]
    most = _most(question, served, sizing)
    demand = question.demand
    return Region(
        name=sizing.place.name,
        rate=digits(demand.rate * sizing.place.share),
        peak_rate=digits(demand.peak_rate * sizing.place.share),
        replicas=ReplicaCount(
            needed=sizing.needed,
            spare=sizing.planned - sizing.needed,
            min=sizing.least,
            max=max(1, most.replicas),
        ),
        pools=_pools(question, sizing, most, index),
    )


def _most(question: Question, served: Served, sizing: Sizing) -> Mix:
    """Return where the most replicas that autoscaling may run would be: as many as file, nodes and budget allow."""
    asked = question.service.spec.replicas
    wanted = asked.max if asked else math.ceil(sizing.planned * _HEADROOM)
    if not served.frame.scales and asked is None:
        wanted = sizing.planned
    budget = question.service.spec.budget
    left = math.inf
    if budget and budget.per_hour is not None:
        left = (budget.per_hour - served.cost_at_peak) / len(served.sizings)
    low, high = sizing.planned, max(sizing.planned, wanted)
    while low < high:
        middle = (low + high + 1) // 2
        grown = _grown(sizing.mix, middle)
        fits = grown is not None and grown.cost() - sizing.cost_at_peak <= left
        low, high = (middle, high) if fits else (low, middle - 1)
    return _grown(sizing.mix, low) or sizing.mix


def _grown(mix: Mix, replicas: int) -> Mix | None:
    """Return the mix with more replicas, on spot nodes while there are any; None when there is no room."""
    more = replicas - mix.replicas
    spot = min(more, room(mix.stands, "spot") - mix.surplus)
    base = mix.base + more - spot
    return Mix(mix.stands, base, mix.surplus + spot) if base <= room(mix.stands, "on-demand") else None


def _pools(question: Question, sizing: Sizing, most: Mix, index: int) -> tuple[Pool, ...]:
    pools: list[Pool] = []
    names: set[str] = set()
    for stand, now, then in zip(most.stands, sizing.mix.counts(), most.counts(), strict=True):
        if not then:
            continue
        stem = f"{stand.offer.accelerator.name.lower()}-{stand.offer.capacity}"
        name = _name(stem, question, index, names)
        names.add(name)
        pools.append(
            Pool(
                name=name,
                accelerator=stand.offer.accelerator.name,
                capacity=stand.offer.capacity,
                zones=tuple(zone for zone in stand.offer.zones if zone),
                accelerators_per_node=stand.offer.per_node,
                replicas=now,
                max_replicas=then,
                nodes=stand.groups(now) * stand.nodes,
                max_nodes=stand.groups(then) * stand.nodes,
                price_per_hour=stand.offer.price,
                price_source=stand.offer.price_source,
            )
        )
    return tuple(pools)


def _name(stem: str, question: Question, index: int, taken: set[str]) -> str:
    region = question.places[index].name
    if len(question.places) > 1:
        stem = f"{stem}-{region}" if len(stem) + len(region) < _LONGEST_NAME - 4 else f"{stem}-r{index + 1}"
    number = 1
    while (name := stem if number == 1 else f"{stem}-{number}") in taken:
        number += 1
    return name
