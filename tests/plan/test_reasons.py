"""Every number of a plan has a reason."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from beaufort.cli.plan import planned
from beaufort.plan.capacity import ScalePolicy
from beaufort.plan.plan import Plan
from beaufort.spec import parse

EXAMPLES = Path(__file__).parents[2] / "examples"
PARTS = (
    "model",
    "shape",
    "engine",
    "memory",
    "host",
    "lifecycle",
    "regions",
    "scaling",
    "disruption",
    "expectation",
    "cost",
)
GIVEN = {"accelerators_per_node"}  # as the file says


def numbers(value: object, path: str) -> Iterator[str]:
    """Yield the path of every number; a policy of scaling is one thing."""
    if isinstance(value, ScalePolicy):
        yield path
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            if name not in GIVEN:
                yield from numbers(getattr(value, name), f"{path}.{name}")
    elif isinstance(value, tuple):
        for index, each in enumerate(value):
            yield from numbers(each, f"{path}[{index}]")
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield path


def plan_of(name: str) -> Plan:
    path = EXAMPLES / f"{name}.yaml"
    return planned(parse(path.read_bytes(), path.name))


@pytest.mark.parametrize("name", ["mistral-7b", "nemo-12b-spot", "demo"])
def test_every_number_has_one_reason(name: str) -> None:
    plan = plan_of(name)
    found = [path for part in PARTS for path in numbers(getattr(plan, part), part)]
    told = [reason.path for reason in plan.reasons]
    assert sorted(set(told)) == sorted(told)
    assert not set(found) - set(told)
    assert all(reason.why for reason in plan.reasons)


def test_a_plan_survives_json() -> None:
    plan = plan_of("nemo-12b-spot")
    assert Plan.model_validate_json(plan.model_dump_json(by_alias=True)) == plan
