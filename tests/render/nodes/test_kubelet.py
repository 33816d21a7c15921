from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from beaufort.plan.plan import Plan
from beaufort.render import Json, Setting
from beaufort.render.nodes.kubelet import configuration
from beaufort.units import parse_quantity

# The fields of k8s.io/kubelet/config/v1beta1 in 0.30.14 and 0.37.2, by type. The kubelet refuses any other field.
FIELDS = json.loads(Path(__file__).parents[1].joinpath("kubelet_fields.json").read_text("utf-8"))
GIVEN_BY_ALL = {"apiVersion", "kind"}
PYTHON = {
    "string": str,
    "int32": int,
    "int64": int,
    "Duration": str,
    "map[string]string": Mapping,
    "[]MemoryReservation": tuple | list,
    "[]ShutdownGracePeriodByPodPriority": tuple | list,
    "v1.ResourceList": Mapping,
}


def strictly(value: Mapping[str, Json], kind: str, version: str) -> None:
    """Check a value as the kubelet's strict decoder does."""
    known = FIELDS[version][kind]
    for name, found in value.items():
        if kind == "KubeletConfiguration" and name in GIVEN_BY_ALL:
            continue
        assert name in known, f"{kind} has no field {name} in {version}"
        go = known[name]
        assert isinstance(found, PYTHON[go]), f"{name} is a {go}"
        if go.startswith("[]"):
            assert isinstance(found, list)
            for each in found:
                strictly(each, go.removeprefix("[]"), version)


def reserved(found: Mapping[str, Json]) -> tuple[float, float]:
    """Return what the node keeps by the sum of its parts, and by the memory manager's account."""

    def of(part: str, name: str) -> float:
        values = found[part]
        assert isinstance(values, Mapping)
        return parse_quantity(str(values[name]))

    parts = of("kubeReserved", "memory") + of("systemReserved", "memory") + of("evictionHard", "memory.available")
    account = found["reservedMemory"]
    assert isinstance(account, list)
    return parts, sum(parse_quantity(str(each["limits"]["memory"])) for each in account)


@pytest.mark.parametrize("version", FIELDS)
@pytest.mark.parametrize("shutdown", ["period", "priority"])
@pytest.mark.parametrize("topology", ["auto", "none", "restricted"])
def test_the_kubelet_knows_every_field(
    adjusted: Callable[..., Plan], plan: Plan, version: str, shutdown: str, topology: str
) -> None:
    plan = adjusted(plan, nodes={"shutdown_by": shutdown, "topology": topology})
    for pool in plan.regions[0].pools:
        setting = Setting(plan, plan.regions[0], int(version.removeprefix("1.")))
        strictly(configuration(setting, pool), "KubeletConfiguration", version)


def test_the_check_refuses_what_the_kubelet_refuses() -> None:
    with pytest.raises(AssertionError, match="no field"):
        strictly({"topologyPolicy": "none"}, "KubeletConfiguration", "1.30")
    with pytest.raises(AssertionError, match="int32"):
        strictly({"priority": "0"}, "ShutdownGracePeriodByPodPriority", "1.30")


@pytest.mark.parametrize(("memory", "eviction"), [(4 << 30, 512 << 20), (3 << 20, 1 << 20), (10**9 + 1, 10**8 + 1)])
def test_the_memory_manager_accounts_for_what_is_reserved(
    adjusted: Callable[..., Plan], plan: Plan, memory: int, eviction: int
) -> None:
    plan = adjusted(plan, nodes={"topology": "restricted", "reserved": {"memory": memory, "eviction": eviction}})
    for pool in plan.regions[0].pools:
        parts, account = reserved(configuration(Setting(plan, plan.regions[0], 30), pool))
        assert parts == account >= memory + eviction


def test_cores_are_reserved_since_the_static_policy_asks_for_it(setting: Setting, at: Callable[..., Json]) -> None:
    for pool in setting.region.pools:
        found = configuration(setting, pool)
        cores = [parse_quantity(str(at(found, part, "cpu"))) for part in ("kubeReserved", "systemReserved")]
        assert sum(cores) == setting.spec.nodes.reserved.cpus >= 1


def test_no_threshold_of_eviction_is_lost(setting: Setting) -> None:
    # Naming one turns the defaults of the others off.
    for pool in setting.region.pools:
        found = configuration(setting, pool)["evictionHard"]
        assert isinstance(found, Mapping)
        assert set(found) == {
            "memory.available",
            "nodefs.available",
            "nodefs.inodesFree",
            "imagefs.available",
            "imagefs.inodesFree",
        }


def test_a_pool_without_alignment_pins_nothing(adjusted: Callable[..., Plan], named: Callable[..., Setting]) -> None:
    plan = adjusted(named("one-l40s").plan, nodes={"topology": "none"})
    setting = Setting(plan, plan.regions[0], 30)
    found = configuration(setting, setting.region.pools[0])
    assert not {"topologyManagerPolicy", "cpuManagerPolicy", "memoryManagerPolicy", "reservedMemory"} & set(found)


def test_times_by_priority_are_within_those_by_period(adjusted: Callable[..., Plan], plan: Plan) -> None:
    by_priority = adjusted(plan, nodes={"shutdown_by": "priority"})
    for pool in plan.regions[0].pools:
        whole = configuration(Setting(plan, plan.regions[0], 30), pool)["shutdownGracePeriod"]
        found = configuration(Setting(by_priority, by_priority.regions[0], 30), pool)
        assert not {"shutdownGracePeriod", "shutdownGracePeriodCriticalPods"} & set(found)
        ranges = found["shutdownGracePeriodByPodPriority"]
        assert isinstance(ranges, list)
        assert [each["priority"] for each in ranges] == sorted(each["priority"] for each in ranges)
        assert f"{sum(each['shutdownGracePeriodSeconds'] for each in ranges)}s" == whole
