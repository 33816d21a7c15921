"""Whether a plan says of each of its numbers why it is what it is."""

from __future__ import annotations

from collections.abc import Iterator

from beaufort.plan.plan import Plan

_GIVEN = {"service", "reasons", "candidates", "notes"}


def assert_every_number_has_a_reason(plan: Plan) -> None:
    """Fail unless each number has exactly one reason, with a sentence, in the order of the plan's JSON."""
    told = dict(leaves(plan.model_dump(mode="json", by_alias=True, exclude=_GIVEN)))
    numbers = {path for path, value in told.items() if isinstance(value, int | float) and not isinstance(value, bool)}
    paths = [reason.path for reason in plan.reasons]
    assert numbers <= set(paths)
    assert len(set(paths)) == len(paths)
    assert [path for path in told if path in set(paths)] == paths
    for reason in plan.reasons:
        assert len(reason.why.split()) > 1 or reason.why == "none"
        assert not {"inf", "nan", "None"} & set(reason.why.split())


def leaves(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Yield the path and the value of everything that is neither a mapping nor a list."""
    if isinstance(value, dict):
        for name, below in value.items():
            yield from leaves(below, f"{path}.{name}".lstrip("."))
    elif isinstance(value, list):
        for index, below in enumerate(value):
            yield from leaves(below, f"{path}[{index}]")
    else:
        yield path, value
