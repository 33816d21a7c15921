"""How many replicas a region needs, has to spare, and keeps over the day; and what that costs."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property

from beaufort.plan.availability import with_spare
from beaufort.plan.mix import Mix, Stand, mixes, room
from beaufort.plan.queue.limit import HIGHEST_LOAD, LIGHTEST_LOAD, Target, limit
from beaufort.plan.queue.state import State
from beaufort.plan.queue.station import Station
from beaufort.spec.service import Replicas
from beaufort.traffic.demand import Demand

_TOLERANCE = 1e-9  # of a division that should have come out even
_HELD_GROWTH = 0.5
"""Growth during a start above which the fleet is not scaled down at all: autoscaling would come too late."""


class Rates:
    """What so many replicas of one kind take at the objectives.

    Requests are spread over replicas without regard to how long they are, so each of ``k`` sees a ``k``-th of them and
    of their bunching: the dispersion of what it gets is ``1 + (I - 1) / k``.
    """

    def __init__(self, station: Station, target: Target, dispersion: float) -> None:
        self._station, self._target, self._dispersion = station, target, dispersion
        self._most = HIGHEST_LOAD * station.most()
        self._known: dict[float, float] = {}
        self._fewest: dict[float, int] = {}

    def each(self, replicas: int) -> float:
        """Return the most requests per second that each of ``replicas`` takes."""
        dispersion = self.dispersion(replicas)
        if dispersion not in self._known:
            self._known[dispersion] = limit(self._station, self._target, dispersion)
        return self._known[dispersion]

    def dispersion(self, replicas: int) -> float:
        """Return the dispersion that each of ``replicas`` sees."""
        return 1 + (self._dispersion - 1) / max(1, replicas)

    def needed(self, rate: float, most: int) -> int | None:
        """Return the fewest replicas for ``rate``; None when ``most`` of them are not enough."""
        if rate <= 0:
            return 0
        if self._dispersion == 1:
            each = self.each(1)
            count = max(1, math.ceil(rate / each - _TOLERANCE)) if each > 0 else most + 1
        else:
            count = self._fewest.get(rate) or self._searched(rate, most)
        return count if count <= most else None

    def enough(self, replicas: int, rate: float) -> bool:
        """Return whether ``replicas`` take ``rate`` requests per second together."""
        if replicas < 1:
            return rate <= 0
        each = rate / replicas
        return each <= self._most and self._target.met(self.at(each, replicas))

    def serves(self, replicas: int) -> bool:
        """Return whether ``replicas`` take any traffic at all."""
        return self._target.met(self.alone(replicas, LIGHTEST_LOAD))

    def alone(self, replicas: int, load: float) -> State | None:
        """Return a replica that has next to nothing to do: ``load`` of the rate at which every place is taken."""
        return self._station.at(load * self._station.most(), self.dispersion(replicas))

    def at(self, rate: float, replicas: int) -> State | None:
        """Return each of ``replicas`` in its steady state at ``rate`` requests per second of its own."""
        return self._station.at(rate, self.dispersion(replicas))

    @property
    def places(self) -> int:
        """Requests that one replica runs at once."""
        return self._station.places

    def _searched(self, rate: float, most: int) -> int:
        """Return the fewest replicas for ``rate``; more than ``most`` when these are not enough."""
        low = max(1, math.ceil(rate / self._most - _TOLERANCE))
        if low > most or not self.enough(most, rate):
            return most + 1
        high = low
        while not self.enough(high, rate):
            low, high = high + 1, min(2 * high, most)
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if self.enough(middle, rate) else (middle + 1, high)
        self._fewest[rate] = high
        return high


@dataclass(frozen=True, slots=True)
class Place:
    """A region that is to be planned.

    Attributes:
        name: Its name; empty for the only one.
        share: Of the traffic.
    """

    name: str
    share: float


@dataclass(frozen=True)
class Sizing:
    """The replicas of one region.

    Attributes:
        place: The region.
        needed: For the peak at the objectives.
        protected: With what may be lost.
        planned: At the peak: protected, or more when the file wants more.
        least: The fewest that are kept.
        levels: Shares of the time, and the replicas during them.
        mix: Where they run at the peak.
    """

    place: Place
    needed: int
    protected: int
    planned: int
    least: int
    levels: tuple[tuple[float, int], ...]
    mix: Mix

    @cached_property
    def cost_at_peak(self) -> float:
        """For an hour with every planned replica."""
        return self.mix.cost()

    @cached_property
    def cost(self) -> float:
        """For an hour, in the mean."""
        return math.fsum(share * self.mix.at(count).cost() for share, count in self.levels)

    @property
    def mean(self) -> float:
        """Replicas, in the mean."""
        return sum(share * count for share, count in self.levels)


@dataclass(frozen=True, slots=True)
class Frame:
    """What bounds the replicas of every region.

    Attributes:
        demand: The traffic of all regions.
        availability: What is promised.
        asked: What the file says of replicas; None when it leaves them to the plan.
        growth: By how much the traffic may grow while a replica starts.
        scales: Whether replicas come and go with the traffic at all.
    """

    demand: Demand
    availability: float
    asked: Replicas | None
    growth: float
    scales: bool

    @property
    def holds_all(self) -> bool:
        """Whether every planned replica runs always."""
        fixed = self.asked is not None and self.asked.min == self.asked.max
        return fixed or not self.scales or self.growth > _HELD_GROWTH

    def size(self, place: Place, rates: Rates, stands: tuple[Stand, ...]) -> Sizing | str:
        """Return the replicas of one region, in the cheapest mix; or why there is none."""
        most = room(stands, "on-demand") + room(stands, "spot")
        needed = rates.needed(self.demand.peak_rate * place.share, most)
        if needed is None:
            return _short(rates, self.demand.peak_rate * place.share, most)
        per_group = max(stand.per_group for stand in stands)
        protected = with_spare(needed, per_group, self.availability)
        floor = self.asked.min if self.asked else 0
        planned = max(protected, floor)
        if self.asked and protected > self.asked.max:
            return f"{protected} replicas are needed, replicas.max is {self.asked.max}"
        levels = self._levels(place, rates, planned, per_group, floor)
        asleep = self.asked is not None and self.asked.min == 0 and not self.holds_all
        found = [
            Sizing(
                place=place,
                needed=needed,
                protected=protected,
                planned=mix.replicas,
                least=0 if asleep else min(count for _, count in _filled(levels, planned, mix)),
                levels=_filled(levels, planned, mix),
                mix=mix,
            )
            for mix in mixes(stands, needed, planned, self.availability)
        ]
        if self.asked:
            found = [sizing for sizing in found if sizing.planned <= self.asked.max]
        if not found:
            return _unprotected(stands, needed, planned, most)
        return min(found, key=lambda sizing: (sizing.cost, sizing.cost_at_peak, sizing.planned))

    def _levels(
        self, place: Place, rates: Rates, planned: int, per_group: int, floor: int
    ) -> tuple[tuple[float, int], ...]:
        if self.holds_all:
            return ((1.0, planned),)
        counts: defaultdict[int, float] = defaultdict(float)
        for share, relative in self.demand.course.levels:
            needed = rates.needed(self.demand.rate * place.share * relative, planned)
            wanted = planned if needed is None else with_spare(needed, per_group, self.availability)
            counts[min(planned, max(wanted, floor))] += share
        return tuple((share, count) for count, share in sorted(counts.items()))


def _filled(levels: tuple[tuple[float, int], ...], planned: int, mix: Mix) -> tuple[tuple[float, int], ...]:
    """Return the levels of a mix that holds more than ``planned`` replicas at the peak: so many more at every hour."""
    more = mix.replicas - planned
    return tuple((share, count + more) for share, count in levels)


def _short(rates: Rates, rate: float, most: int) -> str:
    each = rates.each(max(1, most))
    return f"{math.ceil(rate / each)} replicas are needed for {rate:.4g} requests a second, the nodes hold {most}"


def _unprotected(stands: tuple[Stand, ...], needed: int, planned: int, most: int) -> str:
    if planned > most:
        return f"{planned} replicas are needed, {planned - needed} of them to spare, the nodes hold {most}"
    if not room(stands, "on-demand"):
        return f"no on-demand node holds the {needed} replicas that are needed when the spot nodes of a zone vanish"
    return f"the nodes cannot hold {needed} replicas when those of one zone are gone"
