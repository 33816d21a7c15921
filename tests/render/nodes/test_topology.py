from __future__ import annotations

from collections.abc import Callable

import pytest

from beaufort.plan.plan import Plan
from beaufort.render import Setting
from beaufort.render.nodes.topology import alignment


@pytest.mark.parametrize(
    ("name", "numa_nodes", "policy"),
    [
        ("one-l40s", 2, "single-numa-node"),  # one of four: two to a NUMA node
        ("spot", 2, "single-numa-node"),  # one of one, which is somewhere
        ("two-gpus", 2, "best-effort"),  # two of two, one to a NUMA node
        ("two-gpus", 1, "single-numa-node"),
        ("two-nodes", 2, "best-effort"),  # four of four
        ("amd", 2, "single-numa-node"),
    ],
)
def test_the_strict_policy_is_chosen_where_a_replica_fits(
    adjusted: Callable[..., Plan], named: Callable[..., Setting], name: str, numa_nodes: int, policy: str
) -> None:
    plan = adjusted(named(name).plan, nodes={"numa_nodes": numa_nodes})
    found = alignment(Setting(plan, plan.regions[0], 30), plan.regions[0].pools[0])
    assert found.policy == policy
    assert policy in found.note


def test_a_strict_policy_that_no_engine_can_meet_is_told(
    adjusted: Callable[..., Plan], named: Callable[..., Setting]
) -> None:
    plan = adjusted(named("two-gpus").plan, nodes={"topology": "single-numa-node"})
    found = alignment(Setting(plan, plan.regions[0], 30), plan.regions[0].pools[0])
    assert found.policy == "single-numa-node"
    assert "TopologyAffinityError" in found.note
    assert "best-effort" in found.note
