"""A change of a service file, as a remedy names it and as a program applies it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from pydantic import JsonValue

from beaufort.spec.document import dotted
from beaufort.spec.service import MistralService

Path: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """One value of a service file that should be another one.

    Attributes:
        path: Of the value, as in the file; an index one past the end of a list adds to it.
        value: What it should be, in JSON's terms; None to leave it out.
        verb: How a person is told: ``raise``, ``lower``, ``set``.
    """

    path: Path
    value: JsonValue
    verb: str = "set"

    def __str__(self) -> str:
        if self.verb == "add":
            return f"add {_flow(self.value)} to {dotted(self.path[:-1])}"
        if self.value is None:
            return f"remove {dotted(self.path)}"
        return f"{self.verb} {dotted(self.path)} to {_flow(self.value)}"


def changed(service: MistralService, changes: Sequence[Change]) -> MistralService:
    """Return the service with ``changes``."""
    tree: JsonValue = service.model_dump(mode="json", by_alias=True, exclude_none=True)
    for change in changes:
        tree = _with(tree, change.path, change.value)
    return MistralService.model_validate_json(json.dumps(tree))


def _with(tree: JsonValue, path: Path, value: JsonValue) -> JsonValue:
    """Return a tree in which ``value`` stands at ``path``."""
    if not path:
        return value
    name, *below = path
    if isinstance(name, int):
        entries = list(tree) if isinstance(tree, list) else []
        old = entries[name] if name < len(entries) else None
        return [*entries[:name], _with(old, tuple(below), value), *entries[name + 1 :]]
    fields = tree if isinstance(tree, dict) else {}
    if not below and value is None:
        return {field: kept for field, kept in fields.items() if field != name}
    return {**fields, name: _with(fields.get(name), tuple(below), value)}


def _flow(value: JsonValue) -> str:
    if isinstance(value, dict):
        return f"{{{', '.join(f'{name}: {_flow(below)}' for name, below in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_flow, value))}]"
    return f"{value:g}" if isinstance(value, float) else str(value)
