from __future__ import annotations

from collections.abc import Callable

import pytest
import yaml

from beaufort.plan.plan import Plan
from beaufort.render import Json, Layer, Setting, engine, scheduler
from beaufort.render.manifest import kind_of, name_of, namespace_of

At = Callable[..., Json]


def _setting(adjusted: Callable[..., Plan], plan: Plan, profile: str, minor: int = 30, **cluster: str) -> Setting:
    changed = adjusted(plan, scheduling={"profile": profile}, **({"cluster": cluster} if cluster else {}))
    return Setting(changed, changed.regions[0], minor)


def _configuration(setting: Setting, at: At) -> Json:
    held = next(each for each in scheduler.render(setting).manifests if kind_of(each) == "ConfigMap")
    found: Json = yaml.safe_load(str(at(held, "data", "scheduler.yaml")))
    return found


def test_the_default_profile_needs_no_scheduler(setting: Setting) -> None:
    assert scheduler.render(setting) == Layer("scheduler")
    for each in engine.render(setting).manifests:
        assert "schedulerName" not in str(each)


@pytest.mark.parametrize(
    ("profile", "kind", "disabled"),
    [("spread", "LeastAllocated", "NodeResourcesFit"), ("pack", "MostAllocated", "*")],
)
def test_nodes_are_ranked_by_the_vendors_resource(
    adjusted: Callable[..., Plan], plan: Plan, at: At, profile: str, kind: str, disabled: str
) -> None:
    setting = _setting(adjusted, plan, profile)
    found = at(_configuration(setting, at), "profiles", 0)
    assert at(found, "schedulerName") == setting.names.scheduler
    assert at(found, "plugins", "score") == {
        "disabled": [{"name": disabled}],
        "enabled": [{"name": "NodeResourcesFit", "weight": 10}],
    }
    strategy = at(found, "pluginConfig", 0, "args", "scoringStrategy")
    assert strategy == {"type": kind, "resources": [{"name": setting.resource, "weight": 1}]}


def test_the_second_scheduler_is_told_from_others(adjusted: Callable[..., Plan], plan: Plan, at: At) -> None:
    setting = _setting(adjusted, plan, "spread")
    name = setting.names.scheduler
    assert setting.namespace in name
    assert setting.name in name
    assert at(_configuration(setting, at), "leaderElection", "resourceName") == name
    role = next(each for each in scheduler.render(setting).manifests if kind_of(each) == "Role")
    assert at(role, "rules", 1, "resourceNames") == [name]


def test_engines_ask_for_the_second_scheduler(adjusted: Callable[..., Plan], plan: Plan, at: At) -> None:
    setting = _setting(adjusted, plan, "pack")
    for each in engine.render(setting).manifests:
        if kind_of(each) == "Deployment":
            assert at(each, "spec", "template", "spec", "schedulerName") == setting.names.scheduler
        if kind_of(each) == "LeaderWorkerSet":
            for template in ("leaderTemplate", "workerTemplate"):
                pod = at(each, "spec", "leaderWorkerTemplate", template, "spec")
                assert at(pod, "schedulerName") == setting.names.scheduler


def test_the_image_is_of_the_clusters_version(
    adjusted: Callable[..., Plan], named: Callable[..., Setting], at: At
) -> None:
    def image(minor: int, version: str) -> str:
        setting = _setting(adjusted, named("one-l40s").plan, "pack", minor, version=version)
        pods = next(each for each in scheduler.render(setting).manifests if kind_of(each) == "Deployment")
        return str(at(pods, "spec", "template", "spec", "containers", 0, "image")).rpartition(":")[2]

    assert image(30, "1.30") == "v1.30.14"
    assert image(31, "v1.31.2-gke.100") == "v1.31.2"
    assert image(33, "1.31.2") == "v1.33.13"  # rendered for another version than the file's


def test_every_right_belongs_to_the_schedulers_account(adjusted: Callable[..., Plan], plan: Plan, at: At) -> None:
    setting = _setting(adjusted, plan, "spread")
    objects = scheduler.render(setting).manifests
    account = next(each for each in objects if kind_of(each) == "ServiceAccount")
    bindings = [each for each in objects if kind_of(each).endswith("Binding")]
    assert len(bindings) == 4
    for each in bindings:
        subject = at(each, "subjects", 0)
        assert subject == {
            "kind": "ServiceAccount",
            "name": name_of(account),
            "namespace": namespace_of(account),
        }
    assert {str(at(each, "roleRef", "name")) for each in bindings} == {
        "system:kube-scheduler",
        "system:volume-scheduler",
        "extension-apiserver-authentication-reader",
        setting.names.scheduler,
    }
