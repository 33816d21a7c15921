from __future__ import annotations

from collections.abc import Callable

import pytest
import yaml

from beaufort.plan.plan import Plan
from beaufort.render import LAYERS, Setting, render
from beaufort.render.manifest import application_order, namespace_of


def test_the_same_plan_gives_the_same_text(plan: Plan) -> None:
    again = Plan.model_validate_json(plan.model_dump_json(by_alias=True))
    assert render(plan).tree() == render(again).tree()


def test_the_tree_names_every_file_that_it_has(plan: Plan, minor: int) -> None:
    files = render(plan, minor=minor).tree()
    for path, text in files.items():
        folder, _, name = path.rpartition("/")
        if name != "kustomization.yaml":
            continue
        for resource in yaml.safe_load(text)["resources"]:
            below = f"{folder}/{resource}".lstrip("/")
            assert below in files or f"{below}/kustomization.yaml" in files


def test_a_stream_is_in_the_order_of_application(plan: Plan) -> None:
    for region in render(plan).regions:
        objects = list(yaml.safe_load_all(region.stream()))
        assert objects
        assert objects == sorted(objects, key=application_order)


def test_every_region_has_a_folder_of_its_own(named: Callable[..., Setting]) -> None:
    files = render(named("regions").plan).tree()
    assert {path.partition("/")[0] for path in files} == {"eu", "us"}
    assert [each.region for each in render(named("regions").plan, regions=["us"]).regions] == ["us"]


def test_a_layer_can_be_had_alone(plan: Plan) -> None:
    layers = render(plan, only=["namespace"]).regions[0].layers
    assert [layer.name for layer in layers] == ["namespace"]


def test_layers_are_numbered_in_their_order_and_called_like_their_modules() -> None:
    assert [number for number, _, _ in LAYERS] == sorted({number for number, _, _ in LAYERS})
    for _, name, make in LAYERS:
        assert make.__module__ == f"beaufort.render.{name}"


def test_every_object_is_in_the_namespace_or_of_the_whole_cluster(setting: Setting) -> None:
    for layer in render(setting.plan, minor=setting.minor).regions[0].layers:
        if not layer.apart:
            assert {namespace_of(each) for each in layer.manifests} <= {setting.namespace, ""}


@pytest.mark.parametrize("namespace", ["default", "kube-system"])
def test_a_namespace_that_every_cluster_has_is_left_alone(named: Callable[..., Setting], namespace: str) -> None:
    plan = named("one-l40s").plan
    metadata = plan.service.metadata.model_copy(update={"namespace": namespace})
    plan = plan.model_copy(update={"service": plan.service.model_copy(update={"metadata": metadata})})
    assert render(plan, only=["namespace"]).regions[0].objects == ()
