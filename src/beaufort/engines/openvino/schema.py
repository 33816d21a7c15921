r"""The JSON Schemas that output can be held to, rewritten into what the pipeline's grammar compiler does right.

The compiler is xgrammar, and it runs inside the pipeline's step: a schema that it does not take kills the pipeline
for good, and one that is slow to compile holds up every stream. So a schema is refused here before it gets there.
Nor is all that it takes done right. What was found by generating with it and by reading it (0.1.31, the version in
OpenVINO GenAI 2026.4), and what is done about it here:

- a range of numbers lets wrong ones through (99 to 559 gave 90; the point in 0.5 matches any character): a range of
  integers becomes a list of them or an open range, which are right; other bounds are refused;
- a string with a length may hold raw control characters: the length becomes a pattern of ours, without them;
- names beside ``properties`` may repeat one of them with another type: nothing is generated beside them;
- what stands beside ``$ref``, ``const``, ``enum`` or ``anyOf`` is dropped silently: it is checked or refused;
- ``pattern`` may match quotation marks and so break the JSON: it is refused.

The rewritten schema may be narrower than the client's, never wider: what follows it follows the client's too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from beaufort.engines.openvino import scalars
from beaufort.engines.openvino.compilation import Budget
from beaufort.engines.openvino.keywords import (
    TYPES,
    Rewritten,
    allowed_types,
    alone,
    array,
    count,
    definition,
    has_type,
    literal,
    only,
    refuse,
    without_annotations,
)

MAX_DEPTH = 16
MAX_NAME = 128
MAX_ITEMS = 1024


def check(schema: Mapping[str, object]) -> str:
    """Return the JSON text of a schema to hand over in place of ``schema``.

    Raises:
        RequestError: The schema is wrong, cannot be met, cannot be enforced, or would take too long to compile.
    """
    return _Rewriter(schema).text()


class _Rewriter:
    """One schema on its way; places are named as in ``schema.properties.name``."""

    def __init__(self, root: Mapping[str, object]) -> None:
        self._root = root
        self._budget = Budget()
        self._definitions: dict[str, Rewritten] = {}
        self._names: dict[str, str] = {}
        self._open: list[str] = []

    def text(self) -> str:
        rewritten = self._schema(self._root, "schema", 0)
        if self._definitions:
            rewritten["$defs"] = self._definitions
        return json.dumps(rewritten, ensure_ascii=False, allow_nan=False)

    def _schema(self, schema: object, at: str, depth: int) -> Rewritten:
        if schema is True:
            schema = {}
        if not isinstance(schema, Mapping):
            refuse(at, "is no schema that a value can meet", "write an object")
        if depth > MAX_DEPTH:
            refuse(at, f"is nested more than {MAX_DEPTH} deep", "flatten it")
        self._budget.schema(at)
        held = without_annotations(schema)
        if list(held) == ["allOf"]:  # some schema writers wrap a single reference so
            inner = array(held, "allOf", at)
            if len(inner) == 1:
                return self._schema(inner[0], f"{at}.allOf[0]", depth + 1)
        if "$ref" in held:
            alone(held, "$ref", at)
            return self._reference(held["$ref"], at, depth)
        if "anyOf" in held:
            alone(held, "anyOf", at)
            return self._any_of(array(held, "anyOf", at), at, depth)
        if "const" in held or "enum" in held:
            return self._listed(held, at)
        return self._typed(held, at, depth)

    def _reference(self, target: object, at: str, depth: int) -> Rewritten:
        kind, name = definition(target, at)
        known = self._root.get(kind)
        if not isinstance(known, Mapping) or name not in known:
            refuse(f"{at}.$ref", f"refers to {target!r}, which is not there", f"define it in '{kind}'")
        key = f"{kind}/{name}"
        if key in self._open:
            refuse(f"{at}.$ref", "makes the schema contain itself", "write the levels that are needed")
        if key not in self._names:
            self._open.append(key)
            rewritten = self._schema(known[name], f"schema.{kind}.{name}", depth + 1)
            self._open.pop()
            self._names[key] = f"d{len(self._names)}"
            self._definitions[self._names[key]] = rewritten
        return {"$ref": f"#/$defs/{self._names[key]}"}

    def _any_of(self, cases: Sequence[object], at: str, depth: int) -> Rewritten:
        if not cases:
            refuse(f"{at}.anyOf", "is empty", "list at least one schema")
        return {"anyOf": [self._schema(case, f"{at}.anyOf[{i}]", depth + 1) for i, case in enumerate(cases)]}

    def _listed(self, held: Mapping[str, object], at: str) -> Rewritten:
        keyword = "const" if "const" in held else "enum"
        only(held, {keyword, "type"}, at, f"'{keyword}'")
        values = [held["const"]] if keyword == "const" else array(held, "enum", at)
        if not values:
            refuse(f"{at}.enum", "is empty", "list at least one value")
        types = allowed_types(held["type"], at) if "type" in held else list(TYPES)
        for value in values:
            if not any(has_type(value, kind) for kind in types):
                refuse(f"{at}.{keyword}", f"has a value that is not of type {', '.join(types)}", "leave 'type' out")
            self._budget.literal(literal(value, f"{at}.{keyword}"), f"{at}.{keyword}")
        return {"enum": list(values)}

    def _typed(self, held: Mapping[str, object], at: str, depth: int) -> Rewritten:
        if "type" in held:
            types = allowed_types(held["type"], at)
        else:
            types = [kind for kind in ("object", "array") if TYPES[kind] & held.keys()]
        if not types:
            only(held, set(), at, "a schema without 'type'")
            return {}
        only(held, {"type"}.union(*(TYPES[kind] for kind in types)), at, f"type {', '.join(types)}")
        cases = [
            self._of_type(kind, {key: held[key] for key in TYPES[kind] & held.keys()}, at, depth) for kind in types
        ]
        return cases[0] if len(cases) == 1 else {"anyOf": cases}

    def _of_type(self, kind: str, held: Mapping[str, object], at: str, depth: int) -> Rewritten:
        match kind:
            case "object":
                return self._object(held, at, depth)
            case "array":
                return self._items(held, at, depth)
            case "string":
                return scalars.string(held, at, self._budget)
            case "integer":
                return scalars.integer(held, at, self._budget)
        return {"type": kind}

    def _object(self, held: Mapping[str, object], at: str, depth: int) -> Rewritten:
        properties = held.get("properties", {})
        if not isinstance(properties, Mapping):
            refuse(f"{at}.properties", "is no object", "name each property with its schema")
        required = array(held, "required", at) if "required" in held else []
        for name in required:
            if not isinstance(name, str) or name not in properties:
                refuse(f"{at}.required", f"names {name!r}, which is not in 'properties'", "add it there")
        more = held.get("additionalProperties", True)
        if not properties and more is True:
            return {"type": "object"}
        if not properties and more is not False:
            return {
                "type": "object",
                "additionalProperties": self._schema(more, f"{at}.additionalProperties", depth + 1),
            }
        if not isinstance(more, bool | Mapping):
            refuse(f"{at}.additionalProperties", "is no schema", "write true, false or a schema")
        self._budget.properties(len(properties), len(properties.keys() - set(required)), at)
        return {
            "type": "object",
            "properties": {name: self._property(name, properties[name], at, depth) for name in properties},
            "required": list(required),
            "additionalProperties": False,
        }

    def _property(self, name: object, schema: object, at: str, depth: int) -> Rewritten:
        # The compiler takes a name into its grammar as it is.
        if not isinstance(name, str) or not name.isprintable() or set('"\\') & set(name) or len(name) > MAX_NAME:
            remedy = f"use at most {MAX_NAME} printable characters, no quotation mark and no backslash"
            refuse(f"{at}.properties", f"has the name {str(name)[:40]!r}, which cannot be served", remedy)
        self._budget.literal(name, f"{at}.properties")
        return self._schema(schema, f"{at}.properties.{name}", depth + 1)

    def _items(self, held: Mapping[str, object], at: str, depth: int) -> Rewritten:
        prefix = array(held, "prefixItems", at) if "prefixItems" in held else []
        least = count(held, "minItems", at, MAX_ITEMS) or 0
        most = count(held, "maxItems", at, MAX_ITEMS)
        # A tuple ends after its items unless more are described.
        rest = held.get("items", not prefix)
        if most is not None and (most < least or most < len(prefix)):
            refuse(f"{at}.maxItems", "is less than 'minItems' or than the number of 'prefixItems'", "raise it")
        if most == len(prefix):
            rest = False
        if rest is False and least > len(prefix):
            refuse(f"{at}.minItems", "asks for items that nothing describes", "describe them with 'items'")
        rewritten: Rewritten = {"type": "array"}
        if prefix:
            rewritten["prefixItems"] = [
                self._schema(each, f"{at}.prefixItems[{i}]", depth + 1) for i, each in enumerate(prefix)
            ]
        rewritten["items"] = False if rest is False else self._schema(rest, f"{at}.items", depth + 1)
        if rest is not False and (least or most is not None):
            self._budget.counted(at)
            rewritten |= {"minItems": least} if least else {}
            rewritten |= {"maxItems": most} if most is not None else {}
        return rewritten
