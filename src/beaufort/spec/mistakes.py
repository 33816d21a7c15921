"""Mistakes that a model's own validators find, carried through pydantic with their remedies."""

from __future__ import annotations

import json
from dataclasses import dataclass

from pydantic_core import PydanticCustomError

from beaufort.spec.document import Path

_SHOWN = 60  # characters of a value in a message
KIND = "mistakes"  # pydantic's error type of what this module raises


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake.

    Attributes:
        what: One sentence, without a full stop.
        remedy: What to do next.
        at: The path below the validated value; empty when it is the value itself.
    """

    what: str
    remedy: str
    at: Path = ()


def shown(value: object) -> str:
    """Return a value as messages show it: quoted, and cut when it is long."""
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, bool) else repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def raise_mistakes(*found: Mistake) -> None:
    """Raise one pydantic error that carries every mistake in ``found``; do nothing when there is none."""
    if found:
        raise PydanticCustomError(KIND, "{mistakes}", {"mistakes": found})


def repeated(names: tuple[str, ...], kind: str) -> list[Mistake]:
    """Return a mistake for each name that an earlier entry of a list already has."""
    return [
        Mistake(f"{kind} {name!r} is listed twice", "keep one of the two", (index,))
        for index, name in enumerate(names)
        if name in names[:index]
    ]
