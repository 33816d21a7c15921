from pathlib import Path

import pytest

from beaufort.catalog.models import model as architecture
from beaufort.catalog.repositories import KnownRepository, known_repository
from beaufort.plan.plan import Plan
from beaufort.plan.planner import plan
from beaufort.spec import MistralService, parse
from beaufort.spec.traffic import Synthetic
from beaufort.traffic.demand import synthetic

EXAMPLES = Path(__file__).parents[2] / "examples"


def example(name: str) -> MistralService:
    return parse((EXAMPLES / name).read_text())


def planned(service: MistralService) -> Plan:
    model = known_repository(service.spec.model.source) or KnownRepository(architecture("smollm2-135m"), None)
    assert isinstance(service.spec.traffic, Synthetic)
    return plan(service, model, synthetic(service.spec.traffic))


@pytest.mark.parametrize("name", sorted(path.name for path in EXAMPLES.glob("*.yaml")))
def test_an_example_is_planned_and_survives_json(name: str) -> None:
    made = planned(example(name))
    assert Plan.model_validate_json(made.model_dump_json(by_alias=True)) == made
    assert made == planned(example(name))
