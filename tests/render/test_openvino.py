"""A model on the processors of a cluster's nodes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from beaufort.cli.engine_openvino import openvino as openvino_command
from beaufort.cli.plan_file import load_plan
from beaufort.plan.plan import Plan
from beaufort.render import Json, Setting, render
from beaufort.render.engine_pod import pod
from beaufort.render.manifest import kind_of
from beaufort.render.openvino import server

At = Callable[..., Json]
DEMO = Path(__file__).parents[2] / "examples" / "demo.yaml"


@pytest.fixture(scope="module")
def plan() -> Plan:
    """The demo's plan."""
    return load_plan(str(DEMO))


def sourced(plan: Plan, source: str, **spec: object) -> Setting:
    """Return the setting of the plan with another source."""
    changed = plan.service.spec.model_copy(update=spec)
    model = plan.model.model_copy(update={"repository": source})
    service = plan.service.model_copy(update={"spec": changed})
    made = plan.model_copy(update={"model": model, "service": service})
    return Setting(made, made.regions[0], 30)


def engine_pod(setting: Setting) -> dict[str, Json]:
    return pod(setting, setting.region.pools[0], server(setting), revision="pod-template-hash")


@pytest.mark.parametrize(
    ("source", "model"),
    [
        ("demo", "demo"),
        ("/srv/models/m.gguf", "/srv/models/m.gguf"),
        ("hf://a/b", "/models/a--b@main--openvino"),
        ("hf://a/b@r/c/d.gguf", "/models/a--b@r--c--d.gguf/c/d.gguf"),
    ],
)
def test_the_engine_takes_what_it_is_given(plan: Plan, source: str, model: str) -> None:
    given = server(sourced(plan, source)).args
    params = openvino_command.make_context("openvino", list(given)).params
    assert params["model"] == model
    assert params["name"] == "demo"
    assert 0 < params["threads"] < plan.host.cpus, "one core is the server's"
    assert params["max_model_len"] <= params["kv_cache_tokens"]
    assert params["drain_seconds"] + plan.lifecycle.pre_stop_seconds < plan.lifecycle.grace_seconds


def test_it_asks_for_processors_alone(plan: Plan, at: At) -> None:
    made = engine_pod(sourced(plan, "demo"))
    amounts = at(made, "containers", 0, "resources", "requests")
    assert isinstance(amounts, Mapping)
    assert set(amounts) == {"cpu", "memory"}
    assert "tolerations" not in made
    objects = render(plan).regions[0].objects
    assert not [each for each in objects if "nvidia.com/gpu" in str(each) or "amd.com/gpu" in str(each)]


def test_the_demo_is_in_the_image_and_nothing_is_mounted_or_downloaded(plan: Plan, at: At) -> None:
    made = engine_pod(sourced(plan, "demo"))
    assert made["initContainers"] == []
    mounts = at(made, "containers", 0, "volumeMounts")
    assert isinstance(mounts, list)
    assert {each["name"] for each in mounts} == {"home", "tmp"}
    assert not {"Job", "DaemonSet", "PersistentVolumeClaim"} & {
        kind_of(each) for each in render(plan).regions[0].objects
    }


@pytest.mark.parametrize(("source", "form"), [("hf://a/b", "--openvino"), ("hf://a/b/c.gguf", "--gguf=c.gguf")])
def test_the_loader_downloads_the_form_that_is_read(plan: Plan, at: At, source: str, form: str) -> None:
    setting = sourced(plan, source)
    made = engine_pod(setting)
    command = at(made, "initContainers", 0, "command")
    assert isinstance(command, list)
    assert command[2:] == ["a/b", "main", str(command[4]), form, "--wait"]
    (loader,) = (
        each for each in render(setting.plan, only=["storage"]).regions[0].objects if kind_of(each) == "DaemonSet"
    )
    assert at(loader, "spec", "template", "spec", "initContainers", 0, "command") == command[:-1]
    assert at(made, "containers", 0, "volumeMounts", 0) == {"name": "model", "mountPath": "/models", "readOnly": True}


@pytest.mark.parametrize(("path", "kind"), [("/srv/m.gguf", "File"), ("/srv/m", "Directory")])
def test_a_path_of_the_nodes_is_mounted(plan: Plan, at: At, path: str, kind: str) -> None:
    made = engine_pod(sourced(plan, path))
    assert at(made, "volumes", 0, "hostPath") == {"path": path, "type": kind}
    assert at(made, "containers", 0, "volumeMounts", 0, "mountPath") == path


def test_auto_is_openvino_where_there_are_only_processors(plan: Plan) -> None:
    assert sourced(plan, "demo", engine="auto").engine == "openvino"


def test_a_start_on_a_busy_node_is_given_a_minute(plan: Plan, at: At) -> None:
    probe = at(engine_pod(sourced(plan, "demo")), "containers", 0, "startupProbe")
    assert int(str(at(probe, "periodSeconds"))) * int(str(at(probe, "failureThreshold"))) >= 60
