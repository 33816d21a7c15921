"""How long the grammar compiler takes over a schema: an estimate, so that a slow one is refused.

A schema is compiled within a step of the pipeline, while every other stream waits. The figures are milliseconds on two
cores with a vocabulary of 49,152 tokens, measured with each construct alone and in numbers; a compiled schema is kept,
so the second request with it costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

from beaufort.engines.openvino.keywords import refuse

BUDGET_MS = 300.0

_SCHEMA = 0.2
_CHARACTER = 5.0  # of a string of bounded length: each is a state in which most of the vocabulary has to be tried
_FORM = 1.0
_BOUND = 1.0
_DIGITS_SQUARED = 1 / 16  # a bound of 16 digits takes 16 ms
_FRACTION_SQUARED = 1 / 4
_COUNTED = 6.0
_LITERAL = 0.02
_LITERAL_SQUARED = 1 / 2800  # among many, a literal of 64 bytes takes 1.5 ms, one of 600 takes 100
_OPTIONAL_SQUARED = 1 / 64  # any of an object's optional properties may follow each of them


class Budget:
    """What is left of the time to compile one schema."""

    def __init__(self) -> None:
        self._left = BUDGET_MS

    def _spend(self, cost: float, at: str, remedy: str) -> None:
        self._left -= cost
        if self._left < 0:
            refuse(at, "would take too long to compile, every stream would wait", remedy, "schema_too_large")

    def schema(self, at: str) -> None:
        """One schema or subschema."""
        self._spend(_SCHEMA, at, "use fewer schemas")

    def literal(self, text: str, at: str) -> None:
        """A text that is generated as it is: a value or a name."""
        size = len(text.encode())
        self._spend(_LITERAL + size * size * _LITERAL_SQUARED, at, "use fewer and shorter values and names")

    def properties(self, count: int, optional: int, at: str) -> None:
        """An object's properties."""
        self._spend(count * _SCHEMA + optional * optional * _OPTIONAL_SQUARED, at, "make more properties required")

    def length(self, characters: int, at: str) -> None:
        """A string of bounded length."""
        self._spend(characters * _CHARACTER, at, "lower or leave out 'minLength' and 'maxLength'")

    def form(self, at: str) -> None:
        """A string of a known format."""
        self._spend(_FORM, at, "leave 'format' out")

    def bound(self, bounds: Iterable[int], at: str, *, whole: bool) -> None:
        """A number with bounds, an integer if ``whole``."""
        digits = max(len(str(abs(bound))) for bound in bounds)
        squared = _DIGITS_SQUARED if whole else _FRACTION_SQUARED
        self._spend(_BOUND + digits * digits * squared, at, "bring the bounds nearer to 0, or leave them out")

    def counted(self, at: str) -> None:
        """An array with a bounded number of items."""
        self._spend(_COUNTED, at, "leave 'minItems' and 'maxItems' out")
