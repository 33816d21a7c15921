"""What is asked of the planner, with everything looked up that it needs."""

from __future__ import annotations

from dataclasses import dataclass

from beaufort.catalog.models import Architecture
from beaufort.catalog.precision import Precision
from beaufort.plan.limit import Target
from beaufort.plan.offers import Offer
from beaufort.plan.setup import Profiles
from beaufort.plan.sizing import Place
from beaufort.spec.cluster import Region
from beaufort.spec.service import MistralService
from beaufort.traffic.demand import Demand


@dataclass(frozen=True, slots=True)
class Question:
    """A service to be planned.

    Attributes:
        service: What is wanted.
        architecture: The model.
        demand: The traffic, lengths cut to what the model takes.
        offers: The nodes that may be used.
        target: The latencies that are promised.
        places: The regions.
        profiles: How long steps take.
        embedded: Whether the embedded engine runs it, on processors.
        precisions: The forms of the weights that are tried.
    """

    service: MistralService
    architecture: Architecture
    demand: Demand
    offers: tuple[Offer, ...]
    target: Target
    places: tuple[Place, ...]
    profiles: Profiles
    embedded: bool
    precisions: tuple[Precision, ...]


def target_of(service: MistralService) -> Target:
    """Return the latencies that a service promises."""
    wanted = service.spec.objectives
    return Target(wanted.ttft.within, wanted.ttft.percentile / 100, wanted.tpot.within, wanted.tpot.percentile / 100)


def places_of(regions: tuple[Region, ...]) -> tuple[Place, ...]:
    """Return the regions with their shares: those without one divide evenly what the others leave."""
    if not regions:
        return (Place("", 1.0),)
    given = sum(region.share for region in regions if region.share is not None)
    open_ = sum(region.share is None for region in regions)
    rest = max(0.0, 1.0 - given) / open_ if open_ else 0.0
    return tuple(Place(region.name, rest if region.share is None else region.share) for region in regions)
