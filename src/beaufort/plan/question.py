"""What is asked of the planner, with everything looked up that it needs."""

from __future__ import annotations

from dataclasses import dataclass

from beaufort.catalog.models import Architecture
from beaufort.catalog.precision import Precision
from beaufort.plan.memory import BLOCK_SIZE
from beaufort.plan.offers import Offer
from beaufort.plan.queue.limit import Target
from beaufort.plan.setup import TOKEN_BUDGETS, Profiles
from beaufort.plan.sizing import Place
from beaufort.spec.cluster import Region
from beaufort.spec.service import MistralService
from beaufort.traffic.demand import Demand

_EMBEDDED_BUDGETS = (256, 1024)
_NEARLY_ALL = 99.9


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
        precisions: The forms of the weights that are tried.
        embedded: Whether the embedded engine runs it, on processors.
        as_stored: Whether the weights are served in a form of their file's own, which loses nothing more.
    """

    service: MistralService
    architecture: Architecture
    demand: Demand
    offers: tuple[Offer, ...]
    target: Target
    places: tuple[Place, ...]
    profiles: Profiles
    precisions: tuple[Precision, ...]
    embedded: bool
    as_stored: bool = False

    @property
    def budgets(self) -> tuple[int, ...]:
        """Tokens a step that are tried, the preferred one first."""
        return _EMBEDDED_BUDGETS if self.embedded else TOKEN_BUDGETS

    @property
    def block_size(self) -> int:
        """Tokens in one block of keys and values."""
        return BLOCK_SIZE

    @property
    def longest(self) -> int:
        """Tokens that the longest request must be able to have.

        What the file asks for; otherwise what all but a thousandth of the prompts and of the answers need together.
        """
        asked = self.service.spec.model.context_length
        if asked is not None:
            return asked
        typical = self.demand.prompt.percentile(_NEARLY_ALL) + self.demand.output.percentile(_NEARLY_ALL)
        return min(self.architecture.max_context, max(BLOCK_SIZE, round(typical)))


def target_of(service: MistralService) -> Target:
    """Return the latencies that a service promises."""
    wanted = service.spec.objectives
    return Target(wanted.ttft.within, wanted.ttft.percentile / 100, wanted.tpot.within, wanted.tpot.percentile / 100)


def places_of(regions: tuple[Region, ...]) -> tuple[Place, ...]:
    """Return the regions with their shares: those without one divide evenly what the others leave."""
    if not regions:
        return (Place("", 1.0),)
    given = sum(region.share for region in regions if region.share is not None)
    unsaid = sum(region.share is None for region in regions)
    rest = max(0.0, 1.0 - given) / unsaid if unsaid else 0.0
    return tuple(Place(region.name, rest if region.share is None else region.share) for region in regions)
