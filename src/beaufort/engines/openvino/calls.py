"""Calls of functions as grammars: each model's own way to write them, with the arguments held to their schemas.

What stands around the arguments is as the models' chat templates have it, so that a model goes on as it was trained to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from beaufort.engines.generation import JsonObject, PlacedSchema
from beaufort.engines.openvino.compilation import Budget
from beaufort.engines.openvino.grammar import Grammar, quoted, tree
from beaufort.engines.openvino.keywords import refuse
from beaufort.engines.openvino.schema import Schemas
from beaufort.engines.tools import HERMES_MARKER, MISTRAL_MARKER, ToolSyntax

MAX_CALLS = 16  # a small model that may make another call makes it, again and again


@dataclass(frozen=True, slots=True)
class _Form:
    """How calls are written: expressions of a grammar, but for ``name``.

    Attributes:
        name: The text of a function's name, at ``{}``, with what marks its end.
        before: Before each name.
        between: Between name and arguments.
        after: After each call's arguments.
        separator: Between two calls.
        first: Before all calls.
        last: After all calls.
    """

    name: str
    before: str = ""
    between: str = ""
    after: str = ""
    separator: str = ""
    first: str = ""
    last: str = ""


_NAME = quoted('{"name": ')
_ARGUMENTS = quoted(', "arguments":')
_MARKER = quoted(MISTRAL_MARKER)
_FORMS: Mapping[ToolSyntax, _Form] = {
    ToolSyntax.HERMES: _Form(
        name='"{}"',
        before=rf'"{HERMES_MARKER}\n" {_NAME}',
        between=_ARGUMENTS,
        after=r'"}\n</tool_call>"',
        separator=r'"\n"',
    ),
    ToolSyntax.MISTRAL_LIST: _Form(
        name='"{}"',
        before=_NAME,
        between=_ARGUMENTS,
        after='"}"',
        separator='"," sp',
        first=f'{_MARKER} sp "["',
        last='"]"',
    ),
    ToolSyntax.MISTRAL_ARGS: _Form(name="{}[ARGS]", before=_MARKER),
    ToolSyntax.MISTRAL_CALL_ID: _Form(name="{}[CALL_ID]", before=_MARKER, between='[A-Za-z0-9]{9} "[ARGS]"'),
}


class Calls:
    """Translates calls into rules of a grammar.

    Args:
        grammar: Takes the rules.
        budget: Bounds the time to compile them.
        syntax: How the model writes a call.
    """

    def __init__(self, grammar: Grammar, budget: Budget, syntax: ToolSyntax) -> None:
        self._grammar = grammar
        self._budget = budget
        self._schemas = Schemas(grammar, budget)
        self._form = _FORMS[syntax]

    def rule(self, functions: Mapping[str, PlacedSchema], *, several: bool) -> str:
        """Return the name of the rule of one call or, with ``several``, of up to ``MAX_CALLS``.

        Raises:
            RequestError: The schema of a function's arguments is none of an object, or is not served.
        """
        form = self._form
        branches = [self._branch(name, arguments) for name, arguments in functions.items()]
        call = self._grammar.rule(f"{form.before} {tree(branches)} {form.after}".strip())
        more = f"({form.separator} {call}){{0,{MAX_CALLS - 1}}}" if several else ""
        return self._grammar.rule(" ".join(part for part in (form.first, call, more, form.last) if part))

    def _branch(self, name: str, arguments: PlacedSchema) -> tuple[str, str]:
        """Return a function's name as it is written, and what follows it."""
        self._budget.literal(name, arguments.at)
        rule = self._schemas.rule(_object(arguments), arguments.at)
        between = self._grammar.rule(self._form.between) if self._form.between else ""
        return self._form.name.format(name), f"{between} {rule}".strip()


def _object(arguments: PlacedSchema) -> JsonObject:
    """Return the schema of arguments as one of an object: where it says nothing of properties, of the empty one."""
    schema = arguments.schema
    if schema.get("type", "object") != "object" or {"$ref", "anyOf", "allOf", "enum", "const"} & schema.keys():
        refuse(arguments.at, "is no schema of an object", "write 'type': 'object' with 'properties'")
    empty = not schema.get("properties") and "additionalProperties" not in schema
    return {**schema, "type": "object", **({"additionalProperties": False} if empty else {})}
