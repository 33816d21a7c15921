"""How values may be written: text that fits a pattern, numbers with a unit, one field in place of its mapping.

Each is an annotation that both checks and publishes itself, so the parser and the JSON Schema cannot disagree.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from beaufort.errors import UsageError
from beaufort.spec.mistakes import Mistake, raise_mistakes, shown


@dataclass(frozen=True, slots=True)
class Pattern:
    """Text that must match ``expression`` as a whole, in a form that Python and JSON Schema read alike.

    Attributes:
        expression: A regular expression between ``^`` and ``$``.
        kind: What the text is meant to be, with its article: ``a Kubernetes name``.
        remedy: How it is written.
    """

    expression: str
    kind: str
    remedy: str

    def check(self, text: str) -> str:
        """Return ``text``, or raise a mistake when it does not match."""
        if re.fullmatch(self.expression, text, re.ASCII) is None:
            raise_mistakes(Mistake(f"{shown(text)} is not {self.kind}", self.remedy))
        return text

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Check after pydantic has seen that it is text."""
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Publish the pattern."""
        return {**handler(schema), "pattern": self.expression}


@dataclass(frozen=True, slots=True)
class Written:
    """A number that may also be written as text with a unit.

    Attributes:
        parse: Returns the number; raises ``UsageError`` for other text.
        expression: What that text looks like, for JSON Schema.
    """

    parse: Callable[[str], float]
    expression: str

    def read(self, value: object) -> object:
        """Return the number that text stands for, and anything else as it is."""
        if not isinstance(value, str):
            return value
        try:
            return self.parse(value)
        except UsageError as error:
            raise_mistakes(*(Mistake(problem.what, problem.remedy) for problem in error.problems))
            raise  # pragma: no cover - an error without a problem is never made

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Read the text before pydantic looks at the number."""
        return core_schema.no_info_before_validator_function(self.read, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Publish both forms."""
        return {"anyOf": [handler(schema), {"type": "string", "pattern": self.expression}]}


@dataclass(frozen=True, slots=True, eq=False)
class Short:
    """A part of which one field alone may be written in place of the mapping: ``ttft: 2s`` for ``ttft: {within: 2s}``.

    Attributes:
        expand: Returns the mapping that the short form stands for.
        schema: The JSON Schema of the short form.
    """

    expand: Callable[[str | float], dict[str, str | float]]
    schema: JsonSchemaValue

    def read(self, value: object) -> object:
        """Return the mapping that a scalar stands for, and anything else as it is."""
        return self.expand(value) if isinstance(value, (str, int, float)) else value

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Expand before pydantic looks at the mapping."""
        return core_schema.no_info_before_validator_function(self.read, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Publish both forms."""
        return {"anyOf": [self.schema, handler(schema)]}
