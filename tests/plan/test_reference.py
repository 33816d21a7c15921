"""The reference page of the plan is what the code says."""

import json
import re
from pathlib import Path

import pytest
from tests.plan.reasoned import leaves

from beaufort.plan.reference import reference

ROOT = Path(__file__).parents[2]


def test_the_reference_page_is_up_to_date() -> None:
    page = ROOT.joinpath("docs/reference/plan.md").read_text("utf-8")
    assert page == reference(), "run: .venv/bin/python scripts/plan_reference.py"


def test_every_field_says_what_it_is_and_means() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.*) \| (.*) \|$", reference(), re.MULTILINE)
    assert len(rows) > 80
    assert [row for row in rows if not row[1] or len(row[2].split()) < 2] == []


@pytest.mark.parametrize("path", sorted((ROOT / "examples" / "planned").glob("*.json")), ids=lambda path: path.stem)
def test_every_field_of_an_examples_plan_is_on_the_page(path: Path) -> None:
    plan = json.loads(path.read_text("utf-8"))
    del plan["service"]
    names = {re.sub(r"\[\d+\]", "", name).rpartition(".")[2] for name, _ in leaves(plan)}
    page = reference()
    assert [name for name in sorted(names) if f"| `{name}` |" not in page] == []
