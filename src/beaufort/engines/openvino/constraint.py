"""What output is held to, as one grammar."""

from __future__ import annotations

from beaufort.engines.generation import Constraint
from beaufort.engines.openvino.calls import Calls
from beaufort.engines.openvino.compilation import Budget
from beaufort.engines.openvino.grammar import Grammar
from beaufort.engines.openvino.keywords import refuse
from beaufort.engines.openvino.schema import Schemas
from beaufort.engines.tools import ToolSyntax


def grammar_of(constraint: Constraint, syntax: ToolSyntax | None) -> str:
    """Return the grammar of the texts that ``constraint`` allows.

    Args:
        constraint: With a schema, functions, or both.
        syntax: How the model writes calls; None if it makes none.

    Raises:
        RequestError: A schema is wrong, cannot be met, cannot be enforced, or would take too long to compile.
    """
    grammar, budget = Grammar(), Budget()
    cases = []
    placed = constraint.schema
    if placed is not None:
        # A call may begin like an array, never like an object: no two alternatives of a rule may begin alike.
        if constraint.functions and placed.schema.get("type") != "object":
            refuse(placed.at, "is no schema of an object", "beside 'tools', write 'type': 'object'")
        cases.append(Schemas(grammar, budget).rule(placed.schema, placed.at))
    if constraint.functions and syntax is not None:
        cases.append(Calls(grammar, budget, syntax).rule(constraint.functions, several=constraint.several))
    return grammar.text(grammar.either(cases))
