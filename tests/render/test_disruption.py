from __future__ import annotations

from collections.abc import Callable

from beaufort.render import Json, Layer, Manifest, Setting
from beaufort.render import render as render_all
from beaufort.render.disruption import render
from beaufort.render.engine import render as render_engine
from beaufort.render.manifest import kind_of, name_of

At = Callable[..., Json]
Named = Callable[..., Setting]


def of(layer: Layer, wanted: str) -> list[Manifest]:
    return [each for each in layer.manifests if kind_of(each) == wanted]


def test_a_budget_holds_for_every_engine_and_lets_broken_ones_go(setting: Setting, at: At) -> None:
    (budget,) = of(render(setting), "PodDisruptionBudget")
    assert at(budget, "spec", "maxUnavailable") == 1
    assert at(budget, "spec", "unhealthyPodEvictionPolicy") == "AlwaysAllow"
    selector = at(budget, "spec", "selector", "matchLabels")
    assert selector == setting.selector("engine"), "of every pool, leaders and workers"


def test_headroom_gives_way_and_takes_the_room_of_a_replica(setting: Setting, at: At) -> None:
    layer = render(setting)
    (headroom,) = of(layer, "Deployment")
    assert at(headroom, "spec", "replicas") == setting.plan.shape.nodes
    pod = at(headroom, "spec", "template", "spec")
    amounts = at(pod, "containers", 0, "resources")
    for engine in of(render_engine(setting), "Deployment"):
        assert at(engine, "spec", "template", "spec", "containers", 0, "resources") == amounts
    for group in of(render_engine(setting), "LeaderWorkerSet"):
        worker = at(group, "spec", "leaderWorkerTemplate", "workerTemplate", "spec")
        assert at(worker, "containers", 0, "resources") == amounts
    values = {name_of(each): each["value"] for each in of(layer, "PriorityClass")}
    own = values[str(at(pod, "priorityClassName"))]
    assert own == -10, "lower, and the cluster autoscaler would add no node for it"
    assert all(own < value for name, value in values.items() if name != at(pod, "priorityClassName"))  # type: ignore[operator] # numbers
    assert at(pod, "terminationGracePeriodSeconds") == 0


def test_every_priority_that_a_pod_names_is_there(setting: Setting) -> None:
    text = render_all(setting.plan, minor=setting.minor).regions[0].stream()
    named = {line.split()[-1] for line in text.splitlines() if "priorityClassName:" in line}
    assert named == {name_of(each) for each in of(render(setting), "PriorityClass")}


def test_no_headroom_is_no_pod(named: Named) -> None:
    setting = named("one-l40s")
    none = setting.plan.disruption.model_copy(update={"headroom_pods": 0})
    layer = render(Setting(setting.plan.model_copy(update={"disruption": none}), setting.region, setting.minor))
    assert of(layer, "Deployment") == []
    assert len(of(layer, "PriorityClass")) == 2


def test_what_a_budget_cannot_hold_is_told(named: Named) -> None:
    assert any("does not hold them" in note for note in render(named("spot")).notes)
    assert any("Every engine is on spot" in note for note in render(named("regions", region=1)).notes)
    assert not any("spot" in note.lower() for note in render(named("one-l40s")).notes)
