from __future__ import annotations

import json
from typing import Any

import pytest
from tests.render.conftest import CHOICES, PLANS, choose
from tests.render.schemas import CUSTOM, mistakes

from beaufort.render import Manifest, render
from beaufort.render.manifest import kind_of, name_of


@pytest.mark.parametrize("choices", CHOICES)
def test_every_object_is_what_the_version_serves(name: str, choices: str, minor: int) -> None:
    region = render(choose(PLANS[name](), choices), minor=minor).regions[0]
    checked = [each for each in region.objects if not str(each["apiVersion"]).startswith(CUSTOM)]
    assert len(checked) > 5
    found = {f"{kind_of(each)}/{name_of(each)}": list(mistakes(each, minor)) for each in checked}
    assert {name: wrong for name, wrong in found.items() if wrong} == {}


@pytest.fixture(params=PLANS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def _changed(manifest: Manifest, path: str, value: object) -> Manifest:
    plain: Any = json.loads(json.dumps(manifest))
    node = plain
    *above, last = path.split(".")
    for part in above:
        node = node[int(part) if part.isdecimal() else part]
    node[last] = value
    changed: Manifest = plain
    return changed


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("spec.template.spec.containers.0.startupprobe", {}),
        ("spec.replica", 1),
        ("spec.replicas", "1"),
        ("spec.template.spec.schedulingGates", [{"gate": "a"}]),
        ("metadata.labels.a", 1),
    ],
)
def test_the_check_would_find_a_mistake(path: str, value: object, minor: int) -> None:
    objects = render(PLANS["spot"](), minor=minor).regions[0].objects
    deployment = next(each for each in objects if kind_of(each) == "Deployment")
    assert list(mistakes(deployment, minor)) == []
    assert list(mistakes(_changed(deployment, path, value), minor))


def test_the_check_knows_no_object_of_another_version() -> None:
    with pytest.raises(KeyError):
        list(mistakes({"apiVersion": "storage.k8s.io/v1", "kind": "VolumeAttributesClass"}, 30))
