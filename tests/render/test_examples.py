"""The examples, rendered, as they stand beside them: what a reader sees is what the code makes."""

from __future__ import annotations

from pathlib import Path

import pytest

from beaufort.cli.plan_file import load_plan
from beaufort.cli.tree import RECORD
from beaufort.render import render

EXAMPLES = Path(__file__).parents[2] / "examples"
RENDERED = sorted(path for path in (EXAMPLES / "rendered").iterdir() if path.is_dir())


@pytest.mark.parametrize("folder", RENDERED, ids=lambda folder: folder.name)
def test_the_rendered_examples_are_up_to_date(folder: Path) -> None:
    made = render(load_plan(str(EXAMPLES / f"{folder.name}.yaml"))).tree()
    kept = {
        path.relative_to(folder).as_posix(): path.read_text("utf-8")
        for path in folder.rglob("*")
        if path.is_file() and path.name != RECORD
    }
    assert sorted(made) == sorted(kept), "run: make golden"
    differing = [path for path, text in made.items() if kept[path] != text]
    assert differing == [], "run: make golden"


def test_every_example_is_rendered() -> None:
    assert {folder.name for folder in RENDERED} == {path.stem for path in EXAMPLES.glob("*.yaml")}
