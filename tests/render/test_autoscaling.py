from __future__ import annotations

import json
from collections.abc import Callable

import pytest
import yaml
from tests.render.conftest import PLANS

from beaufort.render import Json, Layer, Setting
from beaufort.render.autoscaling import render
from beaufort.render.manifest import kind_of, name_of

At = Callable[..., Json]
Named = Callable[..., Setting]


def test_each_pool_grows_by_its_own_queue(named: Named, at: At) -> None:
    setting = named("spot")
    layer = render(setting)
    assert [name_of(each) for each in layer.manifests] == [setting.names.engine(p.name) for p in setting.region.pools]
    for each in layer.manifests:
        metrics = at(each, "spec", "metrics")
        assert isinstance(metrics, list)
        assert [(at(m, "pods", "metric", "name"), at(m, "pods", "target", "averageValue")) for m in metrics] == [
            ("inference_requests_waiting", "4"),
            ("inference_requests_running", "48"),
            ("accelerator_utilisation", "75"),
        ]


@pytest.mark.parametrize("name", PLANS)
@pytest.mark.parametrize("metrics", ["prometheus-adapter", "beaufort"])
def test_only_cores_have_an_average_utilisation(named: Named, name: str, metrics: str) -> None:
    text = json.dumps(render(named(name, f"{{scaling: {{metrics: {metrics}}}}}")).manifests)
    assert "HorizontalPodAutoscaler" in text
    assert "averageUtilization" not in text


def test_the_base_stands_on_nodes_that_are_kept(named: Named, at: At) -> None:
    setting = named("spot", "{scaling: {metrics: keda}}")
    count = setting.region.replicas.model_copy(update={"min": 3})
    region = setting.region.model_copy(update={"replicas": count})
    plan = setting.plan.model_copy(update={"regions": (region,)})
    kept, spot = render(Setting(plan, region, setting.minor)).manifests
    assert (at(kept, "spec", "minReplicaCount"), at(kept, "spec", "maxReplicaCount")) == (3, 4)
    assert (at(spot, "spec", "minReplicaCount"), at(spot, "spec", "maxReplicaCount")) == (0, 8)


def test_growth_and_shrinking_are_as_planned(named: Named, at: At) -> None:
    autoscaler = render(named("one-l40s")).manifests[0]
    up, down = at(autoscaler, "spec", "behavior", "scaleUp"), at(autoscaler, "spec", "behavior", "scaleDown")
    assert (at(up, "selectPolicy"), at(up, "stabilizationWindowSeconds")) == ("Max", 0)
    assert (at(down, "selectPolicy"), at(down, "stabilizationWindowSeconds")) == ("Min", 600)
    assert at(down, "policies") == [
        {"type": "Pods", "value": 1, "periodSeconds": 120},
        {"type": "Percent", "value": 10, "periodSeconds": 120},
    ]


def test_what_is_scaled_is_what_runs(named: Named, at: At) -> None:
    assert at(render(named("two-nodes")).manifests[0], "spec", "scaleTargetRef") == {
        "apiVersion": "leaderworkerset.x-k8s.io/v1",
        "kind": "LeaderWorkerSet",
        "name": "wide-engine-h100-on-demand",
    }


def rules(layer: Layer) -> dict[str, dict[str, str]]:
    values = yaml.safe_load(layer.files["prometheus-adapter-values.yaml"])
    return {rule["name"]["as"]: rule for rule in values["rules"]["custom"]}


@pytest.mark.parametrize(
    ("name", "choices", "waiting", "busy"),
    [
        ("spot", "{}", "vllm:num_requests_waiting", "DCGM_FI_DEV_GPU_UTIL"),
        ("spot", "{engine: tgi}", "tgi_queue_size", "DCGM_FI_DEV_GPU_UTIL"),
        ("amd", "{}", "vllm:num_requests_waiting", "gpu_gfx_activity"),
    ],
)
def test_the_adapter_serves_every_metric_that_is_asked_for(
    named: Named, at: At, name: str, choices: str, waiting: str, busy: str
) -> None:
    layer = render(named(name, choices))
    served = rules(layer)
    metrics = at(layer.manifests[0], "spec", "metrics")
    assert isinstance(metrics, list)
    assert {str(at(metric, "pods", "metric", "name")) for metric in metrics} == set(served)
    assert f'"{waiting}"' in served["inference_requests_waiting"]["seriesQuery"]
    assert f'"{busy}"' in served["accelerator_utilisation"]["seriesQuery"]


def test_the_adapter_is_told_where_prometheus_is(named: Named) -> None:
    layer = render(named("spot", "{scaling: {prometheus: 'https://p.example.com/x', gpuUtilisation: false}}"))
    values = yaml.safe_load(layer.files["prometheus-adapter-values.yaml"])
    assert values["prometheus"] == {"url": "https://p.example.com", "port": 443, "path": "/x"}
    assert "accelerator_utilisation" not in rules(layer)


def test_keda_takes_no_figures_for_a_fault(named: Named, at: At) -> None:
    layer = render(named("two-gpus", "{scaling: {metrics: keda}}"))
    (scaled,) = layer.manifests
    triggers = at(scaled, "spec", "triggers")
    assert isinstance(triggers, list)
    assert {at(each, "metadata", "ignoreNullValues") for each in triggers} == {"false"}
    assert {at(each, "metricType") for each in triggers} == {"AverageValue"}
    assert at(scaled, "spec", "fallback", "replicas") == 2
    queries = {at(each, "name"): at(each, "metadata", "query") for each in triggers}
    assert (
        queries["waiting"] == 'sum(vllm:num_requests_waiting{namespace="chat",pod=~"nemo-tp2-engine-l4-on-demand-.*"})'
    )
    assert str(queries["utilisation"]).endswith(" / 2"), "a replica has two accelerators"
    assert layer.files == {}


def test_keda_wakes_a_service_that_sleeps(named: Named, at: At) -> None:
    setting = named("one-l40s", "{scaling: {metrics: keda}}")
    count = setting.region.replicas.model_copy(update={"min": 0})
    region = setting.region.model_copy(update={"replicas": count})
    plan = setting.plan.model_copy(update={"regions": (region,)})
    (scaled,) = render(Setting(plan, region, setting.minor)).manifests
    assert at(scaled, "spec", "minReplicaCount") == 0
    held = at(scaled, "spec", "triggers", 3)
    assert (
        at(held, "metadata", "query") == 'sum(beaufort_gateway_waiting{namespace="chat",pod=~"mistral-7b-gateway-.*"})'
    )


def test_beauforts_own_metrics_are_external(named: Named, at: At) -> None:
    layer = render(named("spot", "{scaling: {metrics: beaufort}}"))
    metric = at(layer.manifests[1], "spec", "metrics", 0)
    assert at(metric, "external", "metric") == {
        "name": "beaufort_requests_waiting",
        "selector": {"matchLabels": {"service": "nemo-12b", "pool": "h100-spot"}},
    }
    assert any("until it runs" in note for note in layer.notes)


def test_what_cannot_scale_has_no_autoscaler(named: Named) -> None:
    setting = named("one-l40s")
    pool = setting.region.pools[0].model_copy(update={"max_replicas": 2})
    count = setting.region.replicas.model_copy(update={"min": 2, "max": 2})
    region = setting.region.model_copy(update={"pools": (pool,), "replicas": count})
    layer = render(Setting(setting.plan.model_copy(update={"regions": (region,)}), region, setting.minor))
    assert (layer.manifests, dict(layer.files), layer.notes) == ((), {}, ())


def test_every_kind_is_one_of_an_autoscaler(setting: Setting) -> None:
    assert {kind_of(each) for each in render(setting).manifests} == {"HorizontalPodAutoscaler"}
