from __future__ import annotations

import csv
from collections.abc import Callable, Mapping

import yaml

from beaufort.plan.plan import Plan
from beaufort.render import Json, Setting, nodes
from beaufort.render.manifest import kind_of, name_of

At = Callable[..., Json]


def _setting(plan: Plan) -> Setting:
    return Setting(plan, plan.regions[0], 30)


def _objects(setting: Setting) -> dict[str, Mapping[str, Json]]:
    return {f"{kind_of(each)}/{name_of(each)}": each for each in nodes.render(setting).manifests}


def test_a_cluster_that_has_its_accelerators_is_left_alone(setting: Setting) -> None:
    layer = nodes.render(setting)
    assert layer.manifests == ()
    assert set(layer.files) == {f"kubelet-{pool.name}.yaml" for pool in setting.region.pools}
    assert any("cpu_manager_state" in note for note in layer.notes)


def test_each_vendor_has_its_operator(adjusted: Callable[..., Plan], plan: Plan) -> None:
    setting = _setting(adjusted(plan, nodes={"gpu_operator": True}))
    kinds = {key.partition("/")[0] for key in _objects(setting)}
    assert kinds == ({"DeviceConfig"} if setting.vendor == "AMD" else {"ClusterPolicy", "ConfigMap"})
    assert nodes.render(setting).apart


def test_the_policy_names_what_the_operators_schema_asks_for(
    adjusted: Callable[..., Plan], named: Callable[..., Setting], at: At
) -> None:
    found = _objects(_setting(adjusted(named("one-l40s").plan, nodes={"gpu_operator": True})))
    spec = at(found["ClusterPolicy/cluster-policy"], "spec")
    assert isinstance(spec, Mapping)
    assert {
        "daemonsets",
        "dcgm",
        "dcgmExporter",
        "devicePlugin",
        "driver",
        "gfd",
        "nodeStatusExporter",
        "operator",
        "toolkit",
    } <= set(spec)


def test_the_policy_pins_no_image_of_the_chart(adjusted: Callable[..., Plan], named: Callable[..., Setting]) -> None:
    setting = _setting(adjusted(named("one-l40s").plan, nodes={"gpu_operator": True}))
    text = str(_objects(setting)["ClusterPolicy/cluster-policy"])
    assert not {"image", "repository", "version"} & {word.strip("'") for word in text.replace(":", " ").split()}


def test_the_chart_gets_the_same_choices_as_the_policy(
    adjusted: Callable[..., Plan], named: Callable[..., Setting], at: At
) -> None:
    setting = _setting(adjusted(named("one-l40s").plan, nodes={"gpu_operator": True, "time_slicing": 3}))
    values = yaml.safe_load(nodes.render(setting).files["gpu-operator-values.yaml"])
    spec = at(_objects(setting)["ClusterPolicy/cluster-policy"], "spec")
    assert isinstance(spec, Mapping)
    assert values.items() <= dict(spec).items()


def test_metrics_of_a_pod_are_told_under_the_pods_name(
    adjusted: Callable[..., Plan], named: Callable[..., Setting], at: At
) -> None:
    nvidia = _objects(_setting(adjusted(named("one-l40s").plan, nodes={"gpu_operator": True})))
    amd = _objects(_setting(adjusted(named("amd").plan, nodes={"gpu_operator": True})))
    path = ("spec", "dcgmExporter", "serviceMonitor", "honorLabels")
    assert at(nvidia["ClusterPolicy/cluster-policy"], *path) is True
    path = ("spec", "metricsExporter", "prometheus", "serviceMonitor")
    assert at(amd["DeviceConfig/beaufort"], *path, "honorLabels") is True


def test_the_counters_are_three_columns_with_those_of_profiling(
    adjusted: Callable[..., Plan], named: Callable[..., Setting], at: At
) -> None:
    setting = _setting(adjusted(named("one-l40s").plan, nodes={"gpu_operator": True}))
    text = at(_objects(setting)["ConfigMap/beaufort-dcgm-counters"], "data", "dcgm-metrics.csv")
    lines = [line for line in str(text).splitlines() if not line.startswith("#")]
    rows = list(csv.reader(lines))
    assert {len(row) for row in rows} == {3}
    assert {row[1].strip() for row in rows} <= {"gauge", "counter", "histogram", "label"}
    names = [row[0] for row in rows]
    assert len(names) == len(set(names))
    assert {"DCGM_FI_PROF_GR_ENGINE_ACTIVE", "DCGM_FI_DEV_GPU_UTIL", "DCGM_FI_DEV_FB_USED"} <= set(names)


def test_time_slicing_comes_only_when_it_is_asked_for_and_with_a_warning(
    adjusted: Callable[..., Plan], named: Callable[..., Setting], at: At
) -> None:
    plan = named("one-l40s").plan
    whole = _setting(adjusted(plan, nodes={"gpu_operator": True}))
    assert "ConfigMap/beaufort-time-slicing" not in _objects(whole)
    sliced = _setting(adjusted(plan, nodes={"gpu_operator": True, "time_slicing": 4}))
    found = _objects(sliced)
    config = yaml.safe_load(str(at(found["ConfigMap/beaufort-time-slicing"], "data", "shared")))
    assert config["sharing"]["timeSlicing"]["resources"] == [{"name": "nvidia.com/gpu", "replicas": 4}]
    policy = found["ClusterPolicy/cluster-policy"]
    assert at(policy, "spec", "devicePlugin", "config", "name") == "beaufort-time-slicing"
    assert any("more than its part" in note for note in nodes.render(sliced).notes)
    amd = _setting(adjusted(named("amd").plan, nodes={"gpu_operator": True, "time_slicing": 4}))
    assert any("no effect" in note for note in nodes.render(amd).notes)
