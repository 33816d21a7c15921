"""The fields of the service file: their JSON Schema, and which of them belong where."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import TypeAlias

from pydantic.json_schema import JsonSchemaValue

from beaufort.spec.document import Path
from beaufort.spec.service import MistralService

Node: TypeAlias = JsonSchemaValue

_HEAD: Node = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$id": "https://beaufort.dev/schemas/v1alpha1/mistralservice.json",
    "title": "MistralService",
}


@cache
def schema() -> Node:
    """Return the JSON Schema (draft 2020-12) of a service file; every field is described, with its unit.

    What concerns several fields at once (a zone that the cluster does not have) is beyond it, and only ``parse``
    finds it. The value is shared: do not change it.
    """
    raw = MistralService.model_json_schema()
    raw["$defs"] = {name: _tidy(part) for name, part in sorted(raw["$defs"].items())}
    return {**_HEAD, **_tidy(raw)}


def forms(node: Node) -> Iterator[Node]:
    """Yield the alternatives that a field's schema allows, references followed."""
    if "$ref" in node:
        yield from forms(schema()["$defs"][node["$ref"].rpartition("/")[2]])
    elif "anyOf" in node and "properties" not in node:
        for choice in node["anyOf"]:
            yield from forms(choice)
    elif "oneOf" in node:
        for choice in node["oneOf"]:
            yield from forms(choice)
    else:
        yield node


def forms_at(loc: Path) -> tuple[Node, ...]:
    """Return the alternatives for the value at ``loc``, a path as pydantic gives it, with the tags of unions."""
    nodes = tuple(forms(schema()))
    for part in loc:
        tagged = tuple(node for node in nodes if _tag(node) == part)
        is_tag = tagged and sum("properties" in node for node in nodes) > 1
        nodes = tagged if is_tag else tuple(form for node in nodes for form in _below(node, part))
    return nodes


def names(nodes: tuple[Node, ...]) -> tuple[str, ...]:
    """Return the names of the fields that these alternatives have."""
    return tuple(dict.fromkeys(name for node in nodes for name in node.get("properties", ())))


def description(loc: Path) -> str:
    """Return what the field at ``loc`` means, or nothing."""
    *parent, name = loc
    found = (node["properties"][name] for node in forms_at(tuple(parent)) if name in node.get("properties", ()))
    return next((meaning(field) for field in found), "")


def meaning(field: Node) -> str:
    """Return the description of a field, which pydantic leaves to its class when the two say the same."""
    text: str = field.get("description") or next(forms(field)).get("description", "")
    return text


def _tag(node: Node) -> str:
    title: str = node.get("title", "")
    return title.lower()


def _below(node: Node, part: str | int) -> Iterator[Node]:
    if isinstance(part, int) and "items" in node:
        yield from forms(node["items"])
    elif part in node.get("properties", ()):
        yield from forms(node["properties"][part])


def _tidy(part: Node) -> Node:
    """Leave out what only pydantic needs, and the nulls: a field without a value is not in the file at all."""
    fields = {name: _tidy_field(field) for name, field in part.get("properties", {}).items()}
    return {**part, "properties": fields} if fields else part


def _tidy_field(field: Node) -> Node:
    tidy = {key: value for key, value in field.items() if key not in {"title", "discriminator"}}
    default = tidy.get("default")
    if default in ("", None, {}) or (isinstance(default, dict) and "anyOf" not in tidy):
        tidy.pop("default", None)  # of a whole part: its fields have their own
    choices = [choice for choice in tidy.get("anyOf", ()) if choice != {"type": "null"}]
    if len(choices) == 1:
        del tidy["anyOf"]
        return {**choices[0], **tidy}
    return {**tidy, "anyOf": choices} if choices else tidy
