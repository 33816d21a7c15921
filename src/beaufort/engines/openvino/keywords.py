"""The keywords of a JSON Schema, read strictly: each value has its form, or the schema is refused."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import NoReturn

from beaufort.engines.refusal import RequestError

EXACT = 2**53  # beyond, not every JSON reader keeps an integer exactly
ANNOTATIONS = frozenset(
    ("title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly", "$comment", "$schema")
)
DEFINITIONS = ("$defs", "definitions")
TYPES: Mapping[str, frozenset[str]] = {
    "object": frozenset(("properties", "required", "additionalProperties")),
    "array": frozenset(("items", "prefixItems", "minItems", "maxItems")),
    "string": frozenset(("minLength", "maxLength", "format")),
    "integer": frozenset(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")),
    "number": frozenset(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")),
    "boolean": frozenset(),
    "null": frozenset(),
}
_PYTHON: Mapping[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "null": type(None),
}
REMEDIES: Mapping[str, str] = {
    "pattern": "describe the form in 'description', or list the values with 'enum'",
    "oneOf": "use 'anyOf'",
    "allOf": "write the schemas as one",
}


def without_annotations(schema: Mapping[str, object]) -> dict[str, object]:
    """Return what a schema demands: neither annotations nor definitions."""
    skipped = {*ANNOTATIONS, *DEFINITIONS}
    return {key: value for key, value in schema.items() if key not in skipped and not key.startswith("x-")}


def definition(target: object, at: str) -> tuple[str, str]:
    """Return the keyword and the name of a definition in the same schema."""
    found = re.fullmatch(rf"#/({'|'.join(map(re.escape, DEFINITIONS))})/([^/]+)", str(target))
    if found is None:
        refuse(f"{at}.$ref", f"refers to {str(target)[:80]!r}", "refer to '#/$defs/NAME'")
    return found[1], found[2].replace("~1", "/").replace("~0", "~")


def allowed_types(kinds: object, at: str) -> list[str]:
    """Return the types that ``type`` allows."""
    listed: list[object] = kinds if isinstance(kinds, list) and kinds else [kinds]
    for kind in listed:
        if kind not in list(TYPES):
            refuse(f"{at}.type", f"is {str(kind)[:40]!r}", f"use {', '.join(TYPES)}")
    return [str(kind) for kind in listed]


def has_type(value: object, kind: str) -> bool:
    """Return whether a JSON value is of a JSON Schema type."""
    if isinstance(value, bool):  # which Python takes for an integer
        return kind == "boolean"
    if kind == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, _PYTHON[kind])


def literal(value: object, at: str) -> str:
    """Return a value as JSON in printable ASCII."""
    if isinstance(value, int) and abs(value) > EXACT:
        refuse(at, "has an integer beyond 2^53", "write it as text")
    try:
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        refuse(at, "has a value that is not JSON", "leave it out")
    if isinstance(value, list | Mapping):
        inner = [*value.keys(), *value.values()] if isinstance(value, Mapping) else value
        for each in inner:
            literal(each, at)
    return json.dumps(value).replace("\x7f", "\\u007f")


def array(held: Mapping[str, object], keyword: str, at: str) -> list[object]:
    """Return the array that a keyword holds."""
    value = held[keyword]
    if not isinstance(value, list):
        refuse(f"{at}.{keyword}", "is no array", "write an array")
    return value


def whole(value: object, at: str) -> int:
    """Return an integer."""
    if isinstance(value, float) and math.isfinite(value) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > EXACT:
        refuse(at, "is no integer within 2^53", "write one")
    return value


def count(held: Mapping[str, object], keyword: str, at: str, limit: int) -> int | None:
    """Return the count that a keyword holds, None without it."""
    if keyword not in held:
        return None
    count = whole(held[keyword], f"{at}.{keyword}")
    if not 0 <= count <= limit:
        refuse(f"{at}.{keyword}", f"is not between 0 and {limit}", "leave it out")
    return count


def alone(held: Mapping[str, object], keyword: str, at: str) -> None:
    """Refuse whatever else stands beside ``keyword``."""
    only(held, {keyword}, at, f"'{keyword}'")


def only(held: Mapping[str, object], served: set[str], at: str, beside: str) -> None:
    """Refuse every keyword that is not ``served``."""
    for keyword in held:
        if keyword not in served:
            refuse(f"{at}.{keyword}", f"cannot be enforced with {beside}", REMEDIES.get(keyword, "leave it out"))


def refuse(at: str, what: str, remedy: str, code: str = "unsupported_schema") -> NoReturn:
    """Refuse the schema.

    Raises:
        RequestError: Always.
    """
    message = f"{at} {what}: {remedy}"
    raise RequestError(message, param=re.split(r"[.\[]", at, maxsplit=1)[0], code=code)
