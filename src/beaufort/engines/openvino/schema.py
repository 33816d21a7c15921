"""The JSON Schemas that output can be held to, as grammars for the pipeline.

The pipeline has a converter of its own, inside its step: a schema that it does not take kills the pipeline for good,
one that is slow to compile holds up every stream, and what it does take it does not always hold to (ranges let wrong
numbers through, the length of a string allows raw control characters, keywords beside ``$ref``, ``enum`` or ``anyOf``
are dropped silently). So a schema is read strictly and translated here, and what cannot be enforced is refused.

A grammar may be narrower than its schema, never wider: whatever follows it follows the schema.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from beaufort.engines.generation import JsonObject
from beaufort.engines.openvino.compilation import Budget
from beaufort.engines.openvino.formats import FORMATS
from beaufort.engines.openvino.grammar import Grammar, plain, tree
from beaufort.engines.openvino.keywords import (
    EXACT,
    TYPES,
    allowed_types,
    alone,
    array,
    count,
    definition,
    has_type,
    literal,
    only,
    refuse,
    whole,
    without_annotations,
)
from beaufort.engines.openvino.numbers import bounded

MAX_DEPTH = 16
MAX_NAME = 128
MAX_ITEMS = 1024
_COMMA = ' "," '


class Schemas:
    """Translates schemas into rules of one grammar; places are named as in ``tools[0].function.parameters.type``.

    Args:
        grammar: Takes the rules.
        budget: Bounds the time to compile all of them together.
    """

    def __init__(self, grammar: Grammar, budget: Budget) -> None:
        self._grammar = grammar
        self._budget = budget

    def rule(self, schema: JsonObject, at: str) -> str:
        """Return the name of the rule of the JSON texts that follow ``schema``.

        Raises:
            RequestError: The schema is wrong, cannot be met, cannot be enforced, or would take too long to compile.
        """
        return _Translator(self._grammar, self._budget, schema, at).root()


class _Translator:
    """One schema on its way to a grammar. Each method returns the name of a rule."""

    def __init__(self, grammar: Grammar, budget: Budget, root: JsonObject, at: str) -> None:
        self._grammar = grammar
        self._budget = budget
        self._root = root
        self._at = at
        self._definitions: dict[tuple[str, str], str] = {}
        self._open: list[tuple[str, str]] = []

    def root(self) -> str:
        return self._schema(self._root, self._at, 0)

    def _schema(self, schema: object, at: str, depth: int) -> str:
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
            cases = array(held, "anyOf", at)
            if not cases:
                refuse(f"{at}.anyOf", "is empty", "list at least one schema")
            return self._grammar.either(
                [self._schema(case, f"{at}.anyOf[{i}]", depth + 1) for i, case in enumerate(cases)]
            )
        if "const" in held or "enum" in held:
            return self._listed(held, at)
        return self._typed(held, at, depth)

    def _reference(self, target: object, at: str, depth: int) -> str:
        kind, name = definition(target, at)
        known = self._root.get(kind)
        if not isinstance(known, Mapping) or name not in known:
            refuse(f"{at}.$ref", f"refers to {target!r}, which is not there", f"define it in '{kind}'")
        key = (kind, name)
        if key in self._open:
            refuse(f"{at}.$ref", "makes the schema contain itself", "write the levels that are needed")
        if key not in self._definitions:
            self._open.append(key)
            self._definitions[key] = self._schema(known[name], f"{self._at}.{kind}.{name}", depth + 1)
            self._open.pop()
        return self._definitions[key]

    def _listed(self, held: Mapping[str, object], at: str) -> str:
        keyword = "const" if "const" in held else "enum"
        only(held, {keyword, "type"}, at, f"'{keyword}'")
        values = [held["const"]] if keyword == "const" else array(held, "enum", at)
        if not values:
            refuse(f"{at}.enum", "is empty", "list at least one value")
        types = allowed_types(held["type"], at) if "type" in held else list(TYPES)
        for value in values:
            if not any(has_type(value, kind) for kind in types):
                refuse(f"{at}.{keyword}", f"has a value that is not of type {', '.join(types)}", "leave 'type' out")
        texts = dict.fromkeys(literal(value, f"{at}.{keyword}") for value in values)
        for text in texts:
            self._budget.literal(text, f"{at}.{keyword}")
        return self._grammar.rule(f"sp {tree((text, '') for text in texts)}")

    def _typed(self, held: Mapping[str, object], at: str, depth: int) -> str:
        if "type" in held:
            types = allowed_types(held["type"], at)
        else:
            types = [kind for kind in ("object", "array") if TYPES[kind] & held.keys()]
        if not types:
            only(held, set(), at, "a schema without 'type'")
            return "any"
        only(held, {"type"}.union(*(TYPES[kind] for kind in types)), at, f"type {', '.join(types)}")
        return self._grammar.either([self._of_type(kind, held, at, depth) for kind in types])

    def _of_type(self, kind: str, schema: Mapping[str, object], at: str, depth: int) -> str:
        held = {key: schema[key] for key in TYPES[kind] & schema.keys()}
        match kind:
            case "object" if held:
                return self._object(held, at, depth)
            case "array" if held:
                return self._array(held, at, depth)
            case "string" if held:
                return self._string(held, at)
            case "integer" | "number" if held:
                return self._number(held, at, whole_only=kind == "integer")
        return kind  # the grammar has a rule of that name

    def _object(self, held: Mapping[str, object], at: str, depth: int) -> str:
        properties = held.get("properties", {})
        if not isinstance(properties, Mapping):
            refuse(f"{at}.properties", "is no object", "name each property with its schema")
        required = array(held, "required", at) if "required" in held else []
        for name in required:
            if not isinstance(name, str) or name not in properties:
                refuse(f"{at}.required", f"names {name!r}, which is not in 'properties'", "add it there")
        more = held.get("additionalProperties", True)
        if not isinstance(more, bool | Mapping):
            refuse(f"{at}.additionalProperties", "is no schema", "write true, false or a schema")
        if not properties and more is not False:
            value = self._schema(more, f"{at}.additionalProperties", depth + 1)
            member = self._grammar.rule(f'string ":" {value}')
            return self._grammar.rule(f'sp "{{" ("}}" | {member} ("," {member})* "}}")')
        # Beside named properties no others are generated: one might repeat a name with another type.
        self._budget.properties(len(properties), len(properties.keys() - set(required)), at)
        members = [
            (self._name(name, at), self._schema(schema, f"{at}.properties.{name}", depth + 1), name in required)
            for name, schema in properties.items()
        ]
        return self._grammar.rule(f'sp "{{" {self._members(members)}')

    def _name(self, name: object, at: str) -> str:
        if not isinstance(name, str) or not name.isprintable() or len(name) > MAX_NAME:
            what = f"has the name {str(name)[:40]!r}, which cannot be served"
            refuse(f"{at}.properties", what, f"use at most {MAX_NAME} printable characters")
        self._budget.literal(name, f"{at}.properties")
        return literal(name, at)

    def _members(self, members: Sequence[tuple[str, str, bool]]) -> str:
        """Return the rule for an object's members, in their order, and its end."""
        tails = [self._grammar.rule('"}"')]  # what may stand after the last member, the last but one, ...
        for start in range(len(members) - 1, -1, -1):
            opening = "sp" if start == 0 else '"," sp'
            tails.append(self._tail(members[start:], tails, opening))
        return tails[-1]

    def _tail(self, members: Sequence[tuple[str, str, bool]], tails: Sequence[str], opening: str) -> str:
        """Return the rule for ``members`` or, of the optional ones among them, any part."""
        branches = []
        for i, (name, value, required) in enumerate(members):
            branches.append((name, f'":" {value} {tails[len(members) - 1 - i]}'))
            if required:
                break
        end = "" if any(required for _, _, required in members) else ' | "}"'
        return self._grammar.rule(f"{opening} {tree(branches)}{end}")

    def _array(self, held: Mapping[str, object], at: str, depth: int) -> str:
        prefix = array(held, "prefixItems", at) if "prefixItems" in held else []
        least = count(held, "minItems", at, MAX_ITEMS) or 0
        most = count(held, "maxItems", at, MAX_ITEMS)
        # A tuple ends after its items unless more are described.
        more = held.get("items", not prefix)
        if most is not None and (most < least or most < len(prefix)):
            refuse(f"{at}.maxItems", "is less than 'minItems' or than the number of 'prefixItems'", "raise it")
        if most == len(prefix):
            more = False
        if more is False and least > len(prefix):
            refuse(f"{at}.minItems", "asks for items that nothing describes", "describe them with 'items'")
        firsts = [self._schema(each, f"{at}.prefixItems[{i}]", depth + 1) for i, each in enumerate(prefix)]
        if more is False:
            return self._grammar.rule(f'sp "[" {_COMMA.join(firsts)} "]"')
        item = self._schema(more, f"{at}.items", depth + 1)
        if least or most is not None:
            self._budget.counted(at)
        optional = not firsts and not least
        firsts = firsts or [item]
        rest = f'("," {item}){{{max(0, least - len(firsts))},{"" if most is None else most - len(firsts)}}}'
        items = f'{_COMMA.join(firsts)} {rest} "]"'
        return self._grammar.rule(f'sp "[" ("]" | {items})' if optional else f'sp "[" {items}')

    def _string(self, held: Mapping[str, object], at: str) -> str:
        least = count(held, "minLength", at, EXACT) or 0
        most = count(held, "maxLength", at, EXACT)
        form = held.get("format")
        if most is not None and most < least:
            refuse(f"{at}.maxLength", "is less than 'minLength'", "raise it")
        if isinstance(form, str) and form in FORMATS:
            if least or most is not None:
                refuse(f"{at}.format", "cannot be combined with a length", "leave the length out")
            self._budget.form(at)
            return self._grammar.rule(rf'sp "\"" {FORMATS[form]} "\""')
        if not least and most is None:
            return "string"
        self._budget.length(least if most is None else most, at)
        return self._grammar.rule(plain(least, most))

    def _number(self, held: Mapping[str, object], at: str, *, whole_only: bool) -> str:
        bounds = {key: whole(held[key], f"{at}.{key}") for key in held}
        for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
            if exclusive in bounds and (bound in bounds or not whole_only):
                refuse(f"{at}.{exclusive}", "is served alone and with integers", f"use '{bound}'")
        least = bounds["exclusiveMinimum"] + 1 if "exclusiveMinimum" in bounds else bounds.get("minimum")
        most = bounds["exclusiveMaximum"] - 1 if "exclusiveMaximum" in bounds else bounds.get("maximum")
        if least is not None and most is not None and least > most:
            refuse(at, f"has no number from {least} to {most}", "mend 'minimum' and 'maximum'")
        self._budget.bound(bounds.values(), at, whole=whole_only)
        return self._grammar.rule(bounded(self._grammar, least, most, whole=whole_only))
