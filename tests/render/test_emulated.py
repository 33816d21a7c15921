"""A plan that is rehearsed: the same objects, with nothing that a cluster without accelerators would lack."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping

import click
import pytest
from tests.render.conftest import CHOICES, OLDEST, PLANS, choose

from beaufort.cli.engine_emulated import emulated as emulated_command
from beaufort.engines.emulated.load import Settings, load
from beaufort.plan.plan import Plan
from beaufort.render import Json, Manifest, Setting, emulate, render
from beaufort.render.emulated import server
from beaufort.render.manifest import kind_of

At = Callable[..., Json]
_REQUIRING = ("affinity", "tolerations", "nodeSelector", "schedulingGates", "schedulerName")


def pods(at: At, manifests: tuple[Manifest, ...], component: str) -> Iterator[Mapping[str, Json]]:
    for each in manifests:
        if kind_of(each) in {"Deployment", "DaemonSet", "LeaderWorkerSet"}:
            template = at(each, "spec", "template")
            if at(template, "metadata", "labels", "app.kubernetes.io/component") == component:
                spec = at(template, "spec")
                assert isinstance(spec, Mapping)
                yield spec


@pytest.fixture(params=CHOICES)
def rehearsed(request: pytest.FixtureRequest, plan: Plan) -> Plan:
    """Every plan with every choice, emulated."""
    return emulate(choose(plan, request.param))


def test_it_asks_for_nothing_that_other_nodes_lack(rehearsed: Plan, at: At) -> None:
    for region in render(rehearsed).regions:
        objects = region.objects
        assert not [each for each in objects if kind_of(each) in {"LeaderWorkerSet", "Job", "PersistentVolumeClaim"}]
        text = json.dumps(objects)
        assert "nvidia.com/gpu" not in text
        assert "amd.com/gpu" not in text
        engines = list(pods(at, objects, "engine"))
        assert engines
        for pod in engines:
            assert not set(_REQUIRING) & set(pod)
            for constraint in pod["topologySpreadConstraints"]:  # type: ignore[union-attr] # a list
                assert at(constraint, "whenUnsatisfiable") == "ScheduleAnyway"
        assert not list(pods(at, objects, "headroom"))
        assert not list(pods(at, objects, "model-loader"))


def test_twenty_of_them_fit_a_laptop(rehearsed: Plan, at: At) -> None:
    for region in render(rehearsed).regions:
        (engine, *_), (gateway, *_) = (list(pods(at, region.objects, each)) for each in ("engine", "gateway"))
        engine_cpu, gateway_cpu = (
            str(at(pod, "containers", 0, "resources", "requests", "cpu")) for pod in (engine, gateway)
        )
        assert 20 * int(engine_cpu.removesuffix("m")) + 2 * int(gateway_cpu.removesuffix("m")) <= 1000


def test_the_engine_takes_what_it_is_given_and_acts_the_plan(plan: Plan) -> None:
    given = server(Setting(emulate(plan), plan.regions[0], OLDEST)).args
    params = emulated_command.make_context("emulated", list(given)).params
    known = {name: value for name, value in params.items() if name in Settings.__slots__}
    info = load(Settings(**known)).info
    assert (info.name, info.max_model_len) == (plan.model.name, plan.model.max_model_len)
    assert known["accelerator"] == plan.shape.accelerator
    assert params["drain_seconds"] + plan.lifecycle.pre_stop_seconds < plan.lifecycle.grace_seconds


def test_all_but_the_engine_is_as_planned(plan: Plan) -> None:
    rehearsed = emulate(plan)
    assert rehearsed.service.spec.engine == "emulated"
    spec = rehearsed.service.spec.model_copy(update={"engine": plan.service.spec.engine})
    service = rehearsed.service.model_copy(update={"spec": spec})
    assert rehearsed.model_copy(update={"service": service}) == plan


def test_a_rehearsal_is_told_to_be_one() -> None:
    notes = render(emulate(PLANS["one-l40s"]())).notes
    assert any(note.startswith("A rehearsal: ") and "L40S" in note for note in notes)
    assert not any("accelerators' operator" in note or "spot" in note for note in notes)


def test_the_option_that_is_refused_would_be_found() -> None:
    with pytest.raises(click.UsageError, match="No such option"):
        emulated_command.make_context("emulated", ["--no-such-option"])
