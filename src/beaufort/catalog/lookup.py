"""A row of the catalog by its name, with a suggestion when the name is nearly right."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import TypeVar

from beaufort.errors import Problem, UsageError

T = TypeVar("T")


def row(rows: Mapping[str, T], name: str, kind: str) -> T:
    """Return the row called ``name``, whatever its case.

    Args:
        rows: The catalog's rows by name.
        name: The name as the user wrote it.
        kind: What the rows are, for the message: ``model``.

    Raises:
        UsageError: There is no such row; the remedy names the nearest ones, or all of them.
    """
    by_folded = {known.casefold(): known for known in rows}
    folded = name.strip().casefold()
    if folded in by_folded:
        return rows[by_folded[folded]]
    near = [by_folded[match] for match in get_close_matches(folded, by_folded)]
    remedy = f"did you mean {' or '.join(near)}?" if near else f"known are {', '.join(rows)}"
    raise UsageError(Problem(f"there is no {kind} {name!r} in the catalog", remedy=remedy))
