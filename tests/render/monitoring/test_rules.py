from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
import yaml

from beaufort.plan.plan import Plan
from beaufort.render import Json, Setting, monitoring
from beaufort.render.manifest import yaml_text

ROOT = Path(__file__).parents[3]
FIXTURES = sorted(Path(__file__).parents[1].joinpath("promtool").glob("*.yaml"))
RUNBOOKS = ROOT / "docs/how-to/runbooks"
VARIANTS = {"amd", "asleep"}


def _rules(setting: Setting) -> Iterator[Mapping[str, Json]]:
    for group in monitoring.groups(setting):
        assert isinstance(group, dict)
        rules = group["rules"]
        assert isinstance(rules, list | tuple)
        for rule in rules:
            assert isinstance(rule, dict)
            yield rule


def _alerts(setting: Setting) -> set[str]:
    return {str(rule["alert"]) for rule in _rules(setting) if "alert" in rule}


@pytest.fixture
def variants(adjusted: Callable[..., Plan], named: Callable[..., Setting]) -> Mapping[str, Setting]:
    """Return the services whose rules the fixtures test."""
    spot = named("spot")
    gated = adjusted(spot.plan, scheduling={"gates": True})
    region = spot.region.model_copy(update={"replicas": spot.region.replicas.model_copy(update={"min": 0})})
    # Only KEDA comes back from no replica at all.
    asleep = adjusted(spot.plan.model_copy(update={"regions": (region,)}), scaling={"metrics": "keda"})
    return {
        "spot": spot,
        "amd": named("amd"),
        "gated": Setting(gated, gated.regions[0], 30),
        "asleep": Setting(asleep, region, 30),
    }


@pytest.mark.parametrize("fixture", FIXTURES, ids=lambda path: path.stem)
def test_an_alert_fires_when_it_should_and_not_otherwise(
    promtool: Callable[..., str], variants: Mapping[str, Setting], fixture: Path, tmp_path: Path
) -> None:
    shutil.copy(fixture, tmp_path / "test.yaml")
    (name,) = yaml.safe_load(fixture.read_text("utf-8"))["rule_files"]
    rules = _groups_of(variants[name.removesuffix(".yaml")], fixture.stem)
    tmp_path.joinpath(name).write_text(yaml_text({"groups": rules}), "utf-8")
    assert "SUCCESS" in promtool("test", "rules", "test.yaml", folder=tmp_path)


def _groups_of(setting: Setting, alert: str) -> Json:
    """Return the groups with what one alert needs, which is quicker than all; of a variant, every alert."""
    groups = yaml.safe_load(yaml_text(monitoring.groups(setting)))
    rules = [rule for group in groups for rule in group["rules"]]
    asked = " ".join(rule["expr"] for rule in rules if rule.get("alert") == alert)
    for group in groups:
        group["rules"] = [
            rule
            for rule in group["rules"]
            if alert in VARIANTS or rule.get("alert") == alert or rule.get("record", "-") in asked
        ]
    found: Json = [group for group in groups if group["rules"]]
    return found


def test_promtool_accepts_the_rules_of_every_plan(promtool: Callable[..., str], plan: Plan, tmp_path: Path) -> None:
    for region in plan.regions:
        rules = yaml_text({"groups": monitoring.groups(Setting(plan, region, 30))})
        tmp_path.joinpath("rules.yaml").write_text(rules, "utf-8")
        assert "SUCCESS" in promtool("check", "rules", "--lint-fatal", "rules.yaml", folder=tmp_path)


def test_promtool_accepts_the_configuration_for_prometheus_itself(
    promtool: Callable[..., str], adjusted: Callable[..., Plan], plan: Plan, tmp_path: Path
) -> None:
    plan = adjusted(plan, monitoring={"prometheus": False})
    layer = monitoring.render(Setting(plan, plan.regions[0], 30))
    for name, text in layer.files.items():
        tmp_path.joinpath(name).write_text(_without_discovery(text), "utf-8")
    promtool("check", "config", "prometheus-scrape.yaml", folder=tmp_path)
    assert "SUCCESS" in promtool("check", "rules", "prometheus-rules.yaml", folder=tmp_path)


def _without_discovery(text: str) -> str:
    """Return a configuration without what Debian's promtool is built without: discovery by Kubernetes."""
    return re.sub(r"  kubernetes_sd_configs:\n(?:  - |    ).*\n(?:   .*\n)*", "", text)


def test_every_alert_is_tested_both_ways(variants: Mapping[str, Setting]) -> None:
    alerts = set().union(*map(_alerts, variants.values()))
    assert alerts == {path.stem for path in FIXTURES} - VARIANTS
    for path in FIXTURES:
        if path.stem in VARIANTS:
            continue
        checks = [
            check for test in yaml.safe_load(path.read_text("utf-8"))["tests"] for check in test["promql_expr_test"]
        ]
        assert all(f'alertname="{path.stem}"' in check["expr"] for check in checks)
        assert any(check["exp_samples"] for check in checks), f"{path.stem} never fires"
        assert any(not check["exp_samples"] for check in checks), f"{path.stem} always fires"


def test_every_alert_has_a_runbook_and_every_runbook_an_alert(variants: Mapping[str, Setting]) -> None:
    alerts = set().union(*map(_alerts, variants.values()))
    assert {path.stem for path in RUNBOOKS.glob("*.md")} - {"index"} == alerts


def test_an_alert_leads_to_its_runbook(adjusted: Callable[..., Plan], plan: Plan) -> None:
    plan = adjusted(plan, monitoring={"runbooks": "https://wiki.example.com/run/"})
    for rule in _rules(Setting(plan, plan.regions[0], 30)):
        if "alert" in rule:
            annotations = rule["annotations"]
            assert isinstance(annotations, Mapping)
            assert annotations["runbook_url"] == f"https://wiki.example.com/run/{rule['alert']}"


def test_rules_of_one_service_are_told_from_those_of_another(plan: Plan) -> None:
    setting = Setting(plan, plan.regions[0], 30)
    for rule in _rules(setting):
        labels = rule["labels"]
        assert isinstance(labels, Mapping)
        assert (labels["namespace"], labels["service"]) == (setting.namespace, setting.name)
        assert setting.name in str(rule["expr"])


def test_a_burnt_budget_can_be_seen_however_large_it_is(
    adjusted: Callable[..., Plan], named: Callable[..., Setting]
) -> None:
    # 14.4 times a budget of 50 % would be more than all requests.
    plan = adjusted(named("spot").plan, objectives={"ttft": {"percentile": 50.0, "within": 2.0}})
    limits = [
        float(re.findall(r"> ([0-9.]+)", str(rule["expr"]))[0])
        for rule in _rules(Setting(plan, plan.regions[0], 30))
        if rule.get("alert") == "BeaufortTtftBudgetBurn"
    ]
    assert limits == [0.9, 0.9, 0.9, 0.5]


def test_an_engine_that_tells_less_is_asked_for_less(named: Callable[..., Setting]) -> None:
    plan = named("one-l40s").plan
    tgi = plan.service.spec.model_copy(update={"engine": "tgi"})
    plan = plan.model_copy(update={"service": plan.service.model_copy(update={"spec": tgi})})
    setting = Setting(plan, plan.regions[0], 30)
    assert not _alerts(setting) & {"BeaufortKvCacheSaturated", "BeaufortPreemptions", "BeaufortTtftBudgetBurn"}
    assert "vllm:" not in str(monitoring.render(setting))
    assert any("time to first token" in note for note in monitoring.render(setting).notes)
