"""Which nodes the replicas run on: an on-demand base that holds the objectives, spot nodes for the rest.

The base must be large enough that what a reclaim of one zone's spot nodes leaves is still all that is needed; so the
more zones spot nodes are spread over, the fewer on-demand ones it takes. Nodes are paid whole.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from beaufort.plan.availability import ONE_ZONE_MOST, covers_reclaim, covers_zone
from beaufort.plan.offers import Offer
from beaufort.plan.replica import Shape

_EVERY = 64
_STEP = 1.05


@dataclass(frozen=True, slots=True)
class Stand:
    """Nodes of one offer, counted in what replicas need.

    Attributes:
        offer: The nodes.
        per_group: Replicas of one node, or 1 when a replica spans several.
        nodes: Nodes of one such group.
    """

    offer: Offer
    per_group: int
    nodes: int

    @property
    def room(self) -> int:
        """The most replicas."""
        return self.offer.max_nodes // self.nodes * self.per_group

    @property
    def price(self) -> float:
        """Of one group for an hour."""
        return self.nodes * self.offer.per_node * self.offer.price

    def groups(self, replicas: int) -> int:
        """Return the groups for ``replicas`` replicas."""
        return -(-replicas // self.per_group)

    def cost(self, replicas: int) -> float:
        """Return what ``replicas`` replicas cost for an hour."""
        return self.groups(replicas) * self.price

    def in_fullest_zone(self, replicas: int) -> int:
        """Return how many of ``replicas`` replicas, spread over the zones, one zone has at most."""
        zones = len(self.offer.zones)
        return min(replicas, -(-self.groups(replicas) // zones) * self.per_group)


def stands(offers: tuple[Offer, ...], shape: Shape) -> tuple[Stand, ...]:
    """Return the offers that can hold replicas of this shape: on-demand ones first, then the cheapest first."""
    found = []
    for offer in offers:
        per_group = 1 if shape.nodes > 1 else offer.per_node // shape.accelerators
        if offer.per_node >= shape.accelerators_per_node and per_group:
            found.append(Stand(offer, per_group, shape.nodes))
    return tuple(sorted(found, key=lambda stand: (stand.offer.capacity, stand.price / stand.per_group)))


@dataclass(frozen=True, slots=True)
class Mix:
    """How many replicas run where.

    Attributes:
        stands: Where, on-demand first.
        base: Replicas on on-demand nodes.
        surplus: Replicas on spot nodes.
    """

    stands: tuple[Stand, ...]
    base: int
    surplus: int

    @property
    def replicas(self) -> int:
        """All of them."""
        return self.base + self.surplus

    def counts(self) -> tuple[int, ...]:
        """Return the replicas of each stand: the cheapest are filled first."""
        left = {"on-demand": self.base, "spot": self.surplus}
        found = []
        for stand in self.stands:
            here = min(left[stand.offer.capacity], stand.room)
            left[stand.offer.capacity] -= here
            found.append(here)
        return tuple(found)

    def cost(self) -> float:
        """Return what it costs for an hour."""
        return sum(stand.cost(count) for stand, count in zip(self.stands, self.counts(), strict=True))

    def at(self, replicas: int) -> Mix:
        """Return the same with fewer replicas: the base stays for as long as it can."""
        base = min(self.base, replicas)
        return Mix(self.stands, base, replicas - base)

    def lost_with_a_zone(self, *, spot_only: bool) -> int:
        """Return the replicas that go with the zone in which most are, at worst."""
        zones: defaultdict[str, int] = defaultdict(int)
        for stand, count in zip(self.stands, self.counts(), strict=True):
            if spot_only and stand.offer.capacity != "spot":
                continue
            for zone in stand.offer.zones:
                zones[zone] += stand.in_fullest_zone(count)
        return max(zones.values(), default=0)

    def holds(self, needed: int, availability: float) -> bool:
        """Return whether ``needed`` replicas are left after what must be covered."""
        if covers_reclaim(availability) and self.replicas - self.lost_with_a_zone(spot_only=True) < needed:
            return False
        return not covers_zone(availability) or self.replicas - self.lost_with_a_zone(spot_only=False) >= needed


def unprotected(stands: tuple[Stand, ...], availability: float) -> str:
    """Return why these nodes cannot cover what must be covered, however many there are; nothing when they can."""
    zones = {zone for stand in stands for zone in stand.offer.zones}
    if len(zones) > 1:
        return ""
    if covers_zone(availability):
        return f"an availability above {ONE_ZONE_MOST:.2%} takes nodes in two zones or more"
    if covers_reclaim(availability) and all(stand.offer.capacity == "spot" for stand in stands):
        return "all its nodes are spot nodes of one zone, which may vanish together"
    return ""


def room(stands: tuple[Stand, ...], capacity: str) -> int:
    """Return the most replicas on nodes of this capacity."""
    return sum(stand.room for stand in stands if stand.offer.capacity == capacity)


def mixes(stands: tuple[Stand, ...], needed: int, planned: int, availability: float) -> list[Mix]:
    """Return the mixes of ``planned`` replicas or more that hold ``needed`` ones; none when there is no room.

    For each number of spot replicas the smallest base. The numbers that are tried do not depend on the traffic, so
    that more of it never finds a cheaper mix.
    """
    on_demand, spot = room(stands, "on-demand"), room(stands, "spot")
    found = []
    for surplus in _ladder(spot):
        base = _smallest_base(stands, surplus, on_demand, needed, planned, availability)
        if base is not None:
            found.append(Mix(stands, base, surplus))
            if base == 0:
                break
    return found


def _ladder(room: int) -> list[int]:
    steps, step = list(range(min(room, _EVERY) + 1)), float(_EVERY)
    while step < room:
        step *= _STEP
        steps.append(min(round(step), room))
    return list(dict.fromkeys(steps))


def _smallest_base(
    stands: tuple[Stand, ...], surplus: int, most: int, needed: int, planned: int, availability: float
) -> int | None:
    def holds(base: int) -> bool:
        mix = Mix(stands, base, surplus)
        return mix.replicas >= planned and mix.holds(needed, availability)

    if not holds(most):
        return None
    low, high = 0, most
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return high
