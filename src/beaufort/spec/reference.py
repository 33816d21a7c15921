"""The reference page of the service file, made from its JSON Schema."""

from __future__ import annotations

from beaufort.spec.fields import Node, forms, meaning, schema

_OPENING = """\
# The service file

<!-- Made by `beaufort schema -o markdown`: change the descriptions in src/beaufort/spec instead. -->

One YAML file says what is wanted; every command reads the same one, and on a cluster it is a custom resource. `beaufort
init` writes one with comments, `beaufort validate` checks one and reports every mistake at once. Editors check and
complete it with the [JSON Schema](service-file.schema.json).

The shortest one:

```yaml
apiVersion: beaufort.dev/v1alpha1
kind: MistralService
metadata:
  name: demo
spec:
  model:
    source: demo
```

Durations are written `250ms`, `30s`, `10m`, `2h` or as a number of seconds; memory `512Mi`, `24Gi` or as a number of
bytes; shares `99.9%` or as a number from 0 to 1. Where a mapping has
several forms, each has a table of its own.

YAML is read strictly: no anchors, aliases, tags or repeated keys, one document, at most 128 KiB; words that readers of
YAML understand differently (`no`, `on`, `010`) are refused until they stand in quotes.
"""


def reference() -> str:
    """Return the reference page in Markdown."""
    parts: dict[str, list[str]] = {}
    _collect(schema(), "", parts)
    sections = (_section(_part(title), paths) for title, paths in parts.items())
    return "\n".join([_OPENING, *sections])


def _collect(part: Node, path: str, parts: dict[str, list[str]]) -> None:
    """Note under which paths each part of the file stands, in the order of the file."""
    parts.setdefault(part["title"], []).append(path)
    for name, field in part["properties"].items():
        below = f"{path}.{name}".lstrip(".")
        for form in forms(field):
            if "items" in form:
                for entry in forms(form["items"]):
                    if "properties" in entry:
                        _collect(entry, f"{below}[]", parts)
            elif "properties" in form:
                _collect(form, below, parts)


def _part(title: str) -> Node:
    part: Node = schema()["$defs"].get(title, schema())
    return part


def _section(part: Node, paths: list[str]) -> str:
    heading = ", ".join(f"`{path}`" for path in paths if path) or "The file"
    kind = part["properties"].get("kind", {}).get("const")
    if kind and paths != [""]:
        heading += f": `{kind}`"
    rows = (_row(name, field, required=name in part.get("required", ())) for name, field in part["properties"].items())
    table = "\n".join(["| Field | Written as | Default | Meaning |", "|---|---|---|---|", *rows])
    return f"## {heading}\n\n{part['description']}\n\n{table}\n"


def _row(name: str, field: Node, *, required: bool) -> str:
    default = "required" if required else _default(field.get("default"))
    return f"| `{name}` | {_written(field)} | {default} | {meaning(field)} |"


def _default(value: object) -> str:
    return "" if value in (None, []) else f"`{_flow(value)}`"


def _flow(value: object) -> str:
    if isinstance(value, dict):
        return f"{{{', '.join(f'{name}: {_flow(below)}' for name, below in value.items())}}}"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def _written(field: Node) -> str:
    return " or ".join(dict.fromkeys(_form(form) for form in forms(field)))


def _form(form: Node) -> str:
    if "enum" in form or "const" in form:
        return ", ".join(f"`{word}`" for word in form.get("enum", [form.get("const")]))
    if "items" in form:
        return f"list of {_written(form['items'])}"
    if "properties" in form:
        return "mapping"
    if form["type"] == "object":
        return "mapping of text to text"
    names = {"integer": "whole number", "string": "text"}
    kind: str = form["type"]
    return names.get(kind, kind) + _range(form)


def _range(form: Node) -> str:
    limits = {
        "minimum": "at least",
        "exclusiveMinimum": "more than",
        "maximum": "at most",
        "exclusiveMaximum": "less than",
    }
    said = [f"{word} {form[limit]:,.10g}" for limit, word in limits.items() if limit in form]
    return f", {', '.join(said)}" if said else ""
