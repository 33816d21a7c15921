"""A row of the catalog by its name or one of its other names, with a suggestion when the name is nearly right."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import TypeVar

from beaufort.errors import Problem, UsageError

T = TypeVar("T")

_VENDORS = re.compile(r"^(nvidia|amd|instinct|tesla)-")
_LONGEST_SHOWN = 60


def row(rows: Mapping[str, T], name: str, kind: str, aliases: Mapping[str, Iterable[str]] | None = None) -> T:
    """Return the row called ``name``, whatever its case, and whether words are joined by blanks, ``_`` or ``-``.

    Args:
        rows: The catalog's rows by name.
        name: The name as the user wrote it.
        kind: What the rows are, for the message: ``model``.
        aliases: The other names of each row, without the vendor's. One that several rows have is ambiguous.

    Raises:
        UsageError: There is no such row, or there are several; the remedy names the nearest ones, or all of them.
    """
    known = _folded_names(rows, aliases or {})
    folded = _folded(name)
    found = known.get(folded) or known.get(_without_vendor(folded))
    if found is None:
        raise UsageError(_unknown(rows, known, name, kind))
    if len(found) > 1:
        what = f"{_shown(name)} is the name of several {kind}s"
        raise UsageError(Problem(what, remedy=f"write {_listed(found)}"))
    return rows[found[0]]


def _unknown(rows: Iterable[str], known: Mapping[str, tuple[str, ...]], name: str, kind: str) -> Problem:
    close = get_close_matches(_without_vendor(_folded(name)), known)
    near = dict.fromkeys(each for match in close for each in known[match])
    remedy = f"did you mean {_listed(tuple(near))}?" if near else f"known are {', '.join(rows)}"
    return Problem(f"there is no {kind} {_shown(name)} in the catalog", remedy=remedy)


def _folded_names(rows: Iterable[str], aliases: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    """Return the rows that each folded name may mean. A row's own name means that row alone."""
    known: dict[str, tuple[str, ...]] = {}
    for name, others in aliases.items():
        for other in dict.fromkeys(_without_vendor(_folded(each)) for each in others):
            known[other] = (*known.get(other, ()), name)
    return known | {_folded(name): (name,) for name in rows}


def _folded(name: str) -> str:
    return "-".join(re.split(r"[\s_-]+", name.strip().casefold()))


def _without_vendor(folded: str) -> str:
    shorter = _VENDORS.sub("", folded)
    return folded if shorter == folded else _without_vendor(shorter)


def _shown(name: str) -> str:
    return repr(name if len(name) <= _LONGEST_SHOWN else f"{name[:_LONGEST_SHOWN]}...")


def _listed(names: tuple[str, ...]) -> str:
    return " or ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
