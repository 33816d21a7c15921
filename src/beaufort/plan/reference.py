"""The reference page of the plan, made from its JSON Schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from pydantic.json_schema import JsonSchemaValue

from beaufort.plan.plan import Plan

_Parts: TypeAlias = Mapping[str, JsonSchemaValue]
_OPENING = """\
# The plan

<!-- Made by scripts/plan_reference.py: change the descriptions in src/beaufort/plan instead. -->

`beaufort plan SERVICE -o json` writes it, `beaufort render` reads it, and `beaufort plan SERVICE --explain` says of
every number why it is what it is. The same service file and the same catalog give the same bytes. Figures have at most
six digits, which is more than is known; how wrong they may be stands in `expectation.knownError` and in the `notes`.
The [plans of the examples](../../examples/planned) show all of it. [Plan a service](../how-to/plan-a-service.md) tells
what to do with a plan, [how a plan is made](../explanation/planning.md) what is computed.

Fields that have no value are left out.
"""
_ELSEWHERE = {"MistralService": "[the service file](service-file.md), with its defaults"}
_KINDS = {"integer": "whole number", "string": "text", "boolean": "true or false"}
_LIMITS = {"minimum": "at least", "exclusiveMinimum": "more than", "maximum": "at most"}


def reference() -> str:
    """Return the reference page in Markdown."""
    whole = Plan.model_json_schema(by_alias=True, mode="serialization")
    known = {**whole["$defs"], "Plan": whole}
    parts: dict[str, list[str]] = {}
    _collect("Plan", known, "", parts)
    sections = (_section(known[name], paths, known) for name, paths in parts.items())
    return "\n".join([_OPENING, *sections])


def _collect(name: str, known: _Parts, path: str, parts: dict[str, list[str]]) -> None:
    """Note under which paths each part of the plan stands, in the order of the plan."""
    parts.setdefault(name, []).append(path)
    for field, form in known[name]["properties"].items():
        below = _part(form.get("items", form))
        if below and below not in _ELSEWHERE:
            _collect(below, known, f"{path}.{field}".lstrip(".") + "[]" * ("items" in form), parts)


def _part(field: JsonSchemaValue) -> str:
    """Return the part that a field refers to; empty when it is a plain value."""
    return next((form["$ref"].rpartition("/")[2] for form in _forms(field) if "$ref" in form), "")


def _forms(field: JsonSchemaValue) -> Iterator[JsonSchemaValue]:
    for form in field.get("anyOf", [field]):
        if form.get("type") != "null":
            yield form


def _section(part: JsonSchemaValue, paths: list[str], known: _Parts) -> str:
    heading = ", ".join(f"`{path}`" for path in paths if path) or "All of it"
    rows = (_row(name, field, known) for name, field in part["properties"].items())
    table = "\n".join(["| Field | Is | Meaning |", "|---|---|---|", *rows])
    return f"## {heading}\n\n{_plain(part['description'])}\n\n{table}\n"


def _row(name: str, field: JsonSchemaValue, known: _Parts) -> str:
    return f"| `{name}` | {_written(field)} | {_meaning(field, known)} |"


def _meaning(field: JsonSchemaValue, known: _Parts) -> str:
    """Return the description of a field, or that of the part that it holds."""
    part = _part(field.get("items", field))
    text: str = field.get("description") or (known[part]["description"] if part else "")
    return _plain(text.partition("\n\n")[0])


def _plain(text: str) -> str:
    return " ".join(text.split()).replace("``", "`")


def _written(field: JsonSchemaValue) -> str:
    if "items" in field:
        return f"list of {_written(field['items'])}" if not _part(field["items"]) else "list, see below"
    part = _part(field)
    if part:
        return _ELSEWHERE.get(part, "see below")
    return " or ".join(map(_form, _forms(field)))


def _form(form: JsonSchemaValue) -> str:
    if "enum" in form or "const" in form:
        return ", ".join(f"`{word}`" for word in form.get("enum", [form.get("const")]))
    kind = str(_KINDS.get(form["type"], form["type"]))
    limits = [f"{word} {form[limit]:g}" for limit, word in _LIMITS.items() if limit in form]
    return ", ".join([kind, *limits])
