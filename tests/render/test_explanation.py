from __future__ import annotations

import pytest

from beaufort.plan.plan import Plan
from beaufort.render import explain, render
from beaufort.render.explanation import value_at


def test_every_number_leads_to_the_plan(plan: Plan, minor: int) -> None:
    rows = explain(render(plan, minor=minor), plan)
    assert {"Deployment", "LeaderWorkerSet"} & {row.object.partition("/")[0] for row in rows}
    assert all(row.value is not None for row in rows)


def test_a_reason_of_the_plan_comes_along(plan: Plan) -> None:
    rows = explain(render(plan), plan)
    assert {row.why for row in rows if row.path == "engine.max_num_seqs"} == {"64 sequences fit."}


def test_paths_go_through_lists(plan: Plan) -> None:
    assert value_at(plan, "regions[0].pools[0].name") == plan.regions[0].pools[0].name
    assert value_at(plan, "scaling.up") == plan.scaling.up.model_dump()


@pytest.mark.parametrize("path", ["engine.nothing", "regions[9]", "shape.__class__"])
def test_a_path_to_nowhere_is_an_error(plan: Plan, path: str) -> None:
    with pytest.raises(LookupError):
        value_at(plan, path)
