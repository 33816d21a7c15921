from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from beaufort.engines.generation import EngineStats
from beaufort.engines.metrics import EngineMetrics
from beaufort.plan.plan import Plan
from beaufort.render import Json, Setting, monitoring
from beaufort.render.manifest import Manifest, kind_of, metadata_of, name_of
from beaufort.render.monitoring import series
from beaufort.render.monitoring.monitors import manifests, scrape_file

At = Callable[..., Json]


def _monitors(setting: Setting) -> dict[str, Manifest]:
    return {name_of(each): each for each in manifests(setting)}


def test_the_job_of_a_series_is_its_monitors_name(setting: Setting) -> None:
    # A PodMonitor's series have the job namespace/name.
    jobs = {f"{metadata_of(each)['namespace']}/{name}" for name, each in _monitors(setting).items()}
    assert {series.engine_job(setting), series.gateway_job(setting)} < jobs


def test_prometheus_itself_is_told_the_same_jobs(setting: Setting, at: At) -> None:
    found = scrape_file(setting)
    jobs = [at(found, "scrape_configs", each, "job_name") for each in (0, 1)]
    assert jobs == [series.engine_job(setting), series.gateway_job(setting)]


def test_of_a_replica_over_several_nodes_one_pod_is_asked(named: Callable[..., Setting], at: At) -> None:
    leader = "leaderworkerset.sigs.k8s.io/worker-index"
    for name, spans in (("two-nodes", True), ("one-l40s", False)):
        setting = named(name)
        labels = at(_monitors(setting)[setting.names.engines], "spec", "selector", "matchLabels")
        assert isinstance(labels, Mapping)
        assert (labels.get(leader) == "0") is spans


def test_the_operator_selects_what_has_its_labels(adjusted: Callable[..., Plan], plan: Plan) -> None:
    plan = adjusted(plan, monitoring={"labels": {"release": "prometheus"}})
    for each in monitoring.render(Setting(plan, plan.regions[0], 30)).manifests:
        labels = metadata_of(each)["labels"]
        assert isinstance(labels, Mapping)
        assert labels.get("release") == ("prometheus" if kind_of(each) != "ConfigMap" else None)


def test_accelerators_tell_of_the_services_own_pods_under_their_names(setting: Setting, at: At) -> None:
    found = {name: each for name, each in _monitors(setting).items() if "-accelerators-" in name}
    assert len(found) == (1 if setting.vendor == "AMD" else 2)
    for each in found.values():
        endpoint = at(each, "spec", "podMetricsEndpoints", 0)
        assert at(endpoint, "honorLabels") is True
        regex = str(at(endpoint, "metricRelabelings", 0, "regex"))
        assert regex.startswith(f"{setting.namespace};")
        for pool in setting.region.pools:
            assert setting.names.engine(pool.name) in regex


def test_the_emulated_engine_tells_what_is_asked_of_it(named: Callable[..., Setting]) -> None:
    plan = named("spot").plan
    emulated = plan.service.spec.model_copy(update={"engine": "emulated"})
    plan = plan.model_copy(update={"service": plan.service.model_copy(update={"spec": emulated})})
    known = series.engine_series(Setting(plan, plan.regions[0], 30))
    stats = EngineStats(running=1, waiting=0, kv_usage=0.5, kv_block_tokens=16, kv_blocks=10, preemptions=0)
    text = EngineMetrics("m", lambda: stats).exposition().decode()
    assert known.ttft is not None
    for name in (
        known.running,
        known.waiting,
        known.kv_usage,
        known.preemptions,
        known.prompt_tokens,
        known.output_tokens,
        known.finished,
        *(
            f'{each.name}_bucket{{engine="0",le="{float(bound)}"'
            for each in (known.ttft, known.tpot)
            for bound in each.bounds
        ),
    ):
        assert f"\n{name}" in text, name


def test_a_layer_without_the_operator_is_files(adjusted: Callable[..., Plan], plan: Plan) -> None:
    plan = adjusted(plan, monitoring={"prometheus": False, "dashboards": False})
    layer = monitoring.render(Setting(plan, plan.regions[0], 30))
    assert layer.manifests == ()
    assert set(layer.files) == {"prometheus-rules.yaml", "prometheus-scrape.yaml"}
    assert json.dumps(layer.notes).count(plan.service.metadata.namespace) >= 2
