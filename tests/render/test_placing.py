from __future__ import annotations

from collections.abc import Callable

import pytest

from beaufort.render import Json, Setting
from beaufort.render.placing import node_affinity, notes, tolerations

At = Callable[..., Json]
Named = Callable[..., Setting]


def terms(at: At, setting: Setting, capacity: str) -> list[set[tuple[str, str, str]]]:
    pool = next(pool for pool in setting.region.pools if pool.capacity == capacity)
    affinity = node_affinity(setting, pool)
    found = at(affinity, "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms")
    assert isinstance(found, (list, tuple))
    result = []
    for term in found:
        rules = at(term, "matchExpressions")
        assert isinstance(rules, (list, tuple))
        result.append({(str(at(r, "key")), str(at(r, "operator")), str(at(r, "values", 0))) for r in rules})
    return result


SPOT = {
    "eks": [("karpenter.sh/capacity-type", "spot"), ("eks.amazonaws.com/capacityType", "SPOT")],
    "gke": [("cloud.google.com/gke-spot", "true")],
    "aks": [("kubernetes.azure.com/scalesetpriority", "spot")],
    "other": [("beaufort.dev/capacity", "spot")],
}


@pytest.mark.parametrize("provider", SPOT)
def test_spot_and_kept_nodes_are_told_as_each_provider_labels_them(named: Named, at: At, provider: str) -> None:
    setting = named("spot", f"{{cluster: {{provider: {provider}}}}}")
    spot, kept = terms(at, setting, "spot"), terms(at, setting, "on-demand")
    for key, value in SPOT[provider]:
        assert any((key, "In", value) in term for term in spot)
        assert all((key, "NotIn", value) in term for term in kept), "whichever label a node has"
    wanted = {(key, "In", value) for key, value in SPOT[provider]}
    assert all(len(term & wanted) == 1 for term in spot), "no node has the labels of two tools"


def test_every_way_to_tell_the_accelerator_is_an_alternative(named: Named, at: At) -> None:
    found = terms(at, named("spot"), "spot")
    assert {key for term in found for key, *_ in term} >= {"cloud.google.com/gke-accelerator", "nvidia.com/gpu.product"}
    assert all(
        len([key for key, *_ in term if key in {"cloud.google.com/gke-accelerator", "nvidia.com/gpu.product"}]) == 1
        for term in found
    )


def test_the_pools_zones_are_kept_to(named: Named, at: At) -> None:
    assert all(("topology.kubernetes.io/zone", "In", "a") in term for term in terms(at, named("spot"), "on-demand"))
    assert not any(
        key == "topology.kubernetes.io/zone" for term in terms(at, named("spot"), "spot") for key, *_ in term
    )


def test_taints_are_tolerated(named: Named) -> None:
    setting = named("spot")
    kept, spot = setting.region.pools
    assert [each["key"] for each in tolerations(setting, kept) if isinstance(each, dict)] == ["nvidia.com/gpu"]
    assert len(tolerations(setting, spot)) == 2


def test_what_the_nodes_have_to_carry_is_told(named: Named) -> None:
    assert notes(named("spot")) == ()
    other = notes(named("spot", "{cluster: {provider: other}}"))
    assert any("beaufort.dev/capacity=spot" in note for note in other)
    assert any("nvidia.com/gpu.product" in note for note in other)
