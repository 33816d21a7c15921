"""The nodes that may be used: those of the service file, or, when it names none, all that the catalog knows."""

from __future__ import annotations

from dataclasses import dataclass

from beaufort.catalog.accelerators import ACCELERATORS, Accelerator, accelerator
from beaufort.catalog.instances import CLOUDS, instances
from beaufort.catalog.prices import Capacity, Price, known_price
from beaufort.errors import BeaufortError, Problem, UsageError
from beaufort.spec.service import Spec
from beaufort.units import GIB

ANY_NODES = 10_000
"""The most nodes of a kind when the file names none: the most that it could name."""

_CLOUDS = tuple(dict.fromkeys(CLOUDS.values()))


@dataclass(frozen=True, slots=True)
class Offer:
    """Nodes of one kind.

    Attributes:
        accelerator: What is in them.
        capacity: Whether they are kept or may vanish.
        per_node: Accelerators of one node.
        max_nodes: The most nodes, in each region.
        price: Of one accelerator for an hour.
        price_source: Where the price was read.
        zones: Zones that have them; one without a name when the file names none.
        entry: The entry of ``spec.accelerators`` it is from; None when it is from the catalog.
    """

    accelerator: Accelerator
    capacity: Capacity
    per_node: int
    max_nodes: int
    price: float
    price_source: str
    zones: tuple[str, ...] = ("",)
    entry: int | None = None


def offers(spec: Spec) -> tuple[Offer, ...]:
    """Return the nodes that a service file allows.

    Raises:
        UsageError: A product is not in the catalog, or has no price there and none in the file. All at once.
    """
    if not spec.accelerators:
        return tuple(offer for each in ACCELERATORS.values() if (offer := catalogued(each, spec)) is not None)
    found: list[Offer] = []
    problems: list[Problem] = []
    for entry, written in enumerate(spec.accelerators):
        try:
            chip = accelerator(written.product)
        except BeaufortError as error:
            where = f"spec.accelerators[{entry}].product"
            problems += [Problem(problem.what, where, problem.remedy) for problem in error.problems]
            continue
        price, source = written.price_per_hour, "the service file"
        if price is None:
            listed = list_price(chip, spec.cluster.provider, written.capacity, written.count_per_node)
            if listed is None:
                what = f"no list price of {chip.name} is known"
                where = f"spec.accelerators[{entry}]"
                problems.append(Problem(what, where, "give pricePerHour"))
                continue
            price, source = listed.per_hour, listed.source
        found.append(
            Offer(
                accelerator=chip,
                capacity=written.capacity,
                per_node=written.count_per_node,
                max_nodes=written.max_nodes,
                price=price,
                price_source=source,
                zones=written.zones or spec.cluster.zones or ("",),
                entry=entry,
            )
        )
    if problems:
        raise UsageError(*problems)
    return tuple(found)


def catalogued(chip: Accelerator, spec: Spec) -> Offer | None:
    """Return the smallest on-demand nodes with ``chip`` that the catalog has a price of; None when it has none."""
    price = list_price(chip, spec.cluster.provider, "on-demand", 1)
    if chip.resource == "cpu" or price is None:
        return None
    clouds = [CLOUDS[spec.cluster.provider]] if spec.cluster.provider in CLOUDS else _CLOUDS
    sizes = [known.count for cloud in clouds for known in instances(chip.name, cloud) if known.name == price.instance]
    return Offer(
        accelerator=chip,
        capacity="on-demand",
        per_node=min(sizes, default=1),
        max_nodes=ANY_NODES,
        price=price.per_hour,
        price_source=price.source,
        zones=spec.cluster.zones or ("",),
    )


def this_machine(chip: Accelerator) -> Offer:
    """Return the processors of the machine that runs the embedded engine, which have no price of their own."""
    cores = f"{chip.memory_bytes / GIB:.0f} GiB of memory"
    return Offer(chip, "on-demand", 1, ANY_NODES, 0.0, f"none: processors with {cores} that are there anyway")


def list_price(chip: Accelerator, provider: str, capacity: Capacity, count: int) -> Price | None:
    """Return the provider's list price, or the lowest of all when the provider is no cloud that the catalog knows."""
    clouds = [provider] if provider in CLOUDS else _CLOUDS
    found = (known_price(chip.name, cloud, capacity, count) for cloud in clouds)
    return min((price for price in found if price is not None), key=lambda price: price.per_hour, default=None)
