"""How many replicas each pool of a region keeps at least and at most."""

from __future__ import annotations

from dataclasses import dataclass

from beaufort.plan.capacity import Pool
from beaufort.render.setting import Setting


@dataclass(frozen=True, slots=True)
class Bounds:
    """The replicas of one pool.

    Attributes:
        pool: The pool.
        min: The fewest that autoscaling keeps.
        max: The most that it runs.
    """

    pool: Pool
    min: int
    max: int

    @property
    def fixed(self) -> bool:
        """Whether nothing is left to scale."""
        return self.min == self.max


def bounds(setting: Setting) -> tuple[Bounds, ...]:
    """Return the bounds of every pool that may have a replica, in the order of the plan.

    The region's fewest replicas are the base: they stand on pools that are kept until released, as far as those reach,
    and only then on spot. Whatever grows above that comes to the pool whose own queue is too long.
    """
    usable = [pool for pool in setting.region.pools if pool.max_replicas > 0]
    left = setting.region.replicas.min
    fewest: dict[str, int] = {}
    for pool in sorted(usable, key=lambda each: each.capacity == "spot"):
        fewest[pool.name] = min(left, pool.max_replicas)
        left -= fewest[pool.name]
    return tuple(Bounds(pool, _floor(setting, fewest[pool.name]), pool.max_replicas) for pool in usable)


def _floor(setting: Setting, fewest: int) -> int:
    """Return the fewest replicas that the autoscaler can keep: only KEDA comes back from none."""
    return fewest if setting.spec.scaling.metrics == "keda" else max(fewest, 1)


def notes(setting: Setting) -> tuple[str, ...]:
    """Return which pools keep a replica that the plan did not ask for."""
    if setting.spec.scaling.metrics == "keda" or setting.region.replicas.min > 0:
        return ()
    note = (
        "The service may sleep when idle, but an HorizontalPodAutoscaler on the pods' own metrics keeps one replica: "
        "at none there is no pod to ask. spec.scaling.metrics keda wakes it from none."
    )
    return (note,)
