import re
from pathlib import Path

import pytest

from beaufort.catalog.accelerators import ACCELERATORS
from beaufort.catalog.instances import INSTANCES
from beaufort.catalog.kubernetes import FEATURES
from beaufort.catalog.models import MODELS
from beaufort.catalog.quantisation import METHODS
from beaufort.catalog.reference import reference

ROOT = Path(__file__).parents[2]


def test_the_reference_page_is_up_to_date() -> None:
    page = ROOT.joinpath("docs/reference/catalog.md").read_text("utf-8")
    assert page == reference(), "run: .venv/bin/python scripts/catalog_reference.py"


@pytest.mark.parametrize(
    "rows", [MODELS, METHODS, ACCELERATORS, INSTANCES], ids=["models", "methods", "chips", "machines"]
)
def test_every_row_is_on_the_page(rows: dict[str, object]) -> None:
    page = reference()
    assert [name for name in rows if f"| `{name}` |" not in page] == []


def test_every_feature_is_on_the_page() -> None:
    page = reference()
    assert [name for name in FEATURES if f"| {name} |" not in page] == []


def test_every_table_is_whole() -> None:
    tables = re.split(r"\n\n", reference())
    for table in (part for part in tables if part.startswith("| ")):
        lines = table.strip().splitlines()
        assert {line.count(" | ") for line in lines if not line.startswith("|---")} == {lines[0].count(" | ")}
        assert len(lines) > 3
