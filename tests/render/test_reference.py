"""The reference page names what is rendered, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.render.conftest import CHOICES, NEWEST, OLDEST, PLANS, choose

from beaufort.render import Layer, explain, render

_PROVISION = "{cluster: {provider: other, zones: [eu-west-1a], provision: {infrastructure: aws}}}"
PAGE = Path(__file__).parents[2].joinpath("docs/reference/manifests.md").read_text("utf-8")


def layers() -> Iterator[Layer]:
    for name in PLANS:
        for choices in CHOICES:
            for minor in (OLDEST, NEWEST):
                for region in render(choose(PLANS[name](), choices), minor=minor).regions:
                    yield from region.layers


@pytest.fixture(scope="module")
def rendered() -> list[Layer]:
    small = choose(PLANS["one-l40s"](), "{storage: {kind: ebs}}")
    pool = small.regions[0].pools[0].model_copy(update={"max_nodes": 1})
    region = small.regions[0].model_copy(update={"pools": (pool,)})
    one_node = render(small.model_copy(update={"regions": (region,)}), minor=NEWEST)
    made = render(choose(PLANS["spot"](), _PROVISION), minor=OLDEST)
    return [*layers(), *one_node.regions[0].layers, *made.regions[0].layers]


def test_every_kind_of_object_is_listed(rendered: list[Layer]) -> None:
    listed = set(re.findall(r"^\| `([a-z]+)` \| `([A-Za-z]+)` \|", PAGE, re.MULTILINE))
    assert {(layer.name, str(each["kind"])) for layer in rendered for each in layer.manifests} == listed


def test_every_file_is_listed(rendered: list[Layer]) -> None:
    listed = set(re.findall(r"`([a-z]+/[A-Za-z/-]+\.yaml)`", PAGE))
    found = {f"{layer.name}/{path}" for layer in rendered for path in layer.files}
    assert {re.sub("kubelet-.+", "kubelet-POOL.yaml", path) for path in found} == listed


def test_every_number_is_listed() -> None:
    section = PAGE.partition("## Numbers of the plan")[2].partition("## ")[0]
    listed = {word for word in re.findall(r"`([a-z-]+)`", section) if not word.startswith("plan")}
    numbers = set()
    for name in PLANS:
        for choices in (*CHOICES, "{storage: {kind: ebs}}"):
            plan = choose(PLANS[name](), choices)
            numbers |= {row.number for row in explain(render(plan), plan)}
    assert numbers | {"replicas"} == listed
