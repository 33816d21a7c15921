"""The groups of machines: one for each pool and zone, and one without accelerators for everything else."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from beaufort.catalog.accelerators import accelerator
from beaufort.catalog.labels import node_labels
from beaufort.plan.capacity import Pool
from beaufort.render import placing, pools
from beaufort.render.setting import Setting


@dataclass(frozen=True, slots=True)
class Group:
    """Machines of one kind in one zone.

    Attributes:
        name: Its name.
        pool: The pool whose accelerators they have; none for machines without.
        zone: Its zone; empty when the file names none.
        min: The fewest machines.
        max: The most.
    """

    name: str
    pool: Pool | None
    zone: str
    min: int
    max: int

    @property
    def spot(self) -> bool:
        """Whether the machines may be taken back."""
        return self.pool is not None and self.pool.capacity == "spot"


def groups(setting: Setting) -> tuple[Group, ...]:
    """Return the region's groups, that without accelerators first."""
    provision = setting.spec.cluster.provision
    if provision is None:
        return ()
    count = provision.system_machines
    system = Group(setting.names.machines(setting.region.name, "system"), None, "", count, count)
    return (system, *(group for pool in setting.region.pools for group in _of(setting, pool)))


def _of(setting: Setting, pool: Pool) -> list[Group]:
    """Return the groups of one pool.

    Each zone may have all of the pool's machines: when one has none left, the others stand in. More than the pool's
    engines need are never made, since the autoscaler adds machines for pods alone.
    """
    zones = pool.zones or setting.spec.cluster.zones or ("",)
    fewest = _fewest(setting, pool)
    return [
        Group(
            name=setting.names.machines(setting.region.name, pool.name, zone),
            pool=pool,
            zone=zone,
            min=fewest // len(zones) + (position < fewest % len(zones)),
            max=pool.max_nodes,
        )
        for position, zone in enumerate(zones)
    ]


def _fewest(setting: Setting, pool: Pool) -> int:
    """Return the machines for the fewest replicas of the pool."""
    bounds = next((each for each in pools.bounds(setting) if each.pool == pool), None)
    if bounds is None:
        return 0
    shape = setting.plan.shape
    on_one = max(pool.accelerators_per_node // shape.accelerators_per_node, 1)
    return ceil(bounds.min * shape.nodes / on_one)


def labels(setting: Setting, group: Group) -> dict[str, str]:
    """Return the labels of the nodes: those by which engines choose them, so that they hold before a driver runs."""
    if group.pool is None:
        return {}
    known = node_labels(accelerator(group.pool.accelerator), setting.spec.cluster.provider)[0]
    return {
        "beaufort.dev/pool": group.pool.name,
        known.key: known.values[0],
        **({placing.OWN_CAPACITY: "spot"} if group.spot else {}),
    }


def taints(setting: Setting, group: Group) -> list[dict[str, str]]:
    """Return what keeps other pods away from accelerators; the engines tolerate it."""
    if group.pool is None:
        return []
    return [{"key": setting.resource, "value": "present", "effect": "NoSchedule"}]
