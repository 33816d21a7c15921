"""Which tools a chat may call, which it has to, and how the model writes that."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from beaufort.engines.generation import ModelInfo, PlacedSchema
from beaufort.engines.messages import Function, Tool
from beaufort.engines.refusal import RequestError
from beaufort.engines.requests import ChatBody, NamedTool
from beaufort.engines.tools import ToolScanner, ToolSyntax

_NO_PARAMETERS: Mapping[str, object] = {"type": "object", "properties": {}}


@dataclass(frozen=True, slots=True)
class Calling:
    """How a chat's tools may be called.

    Attributes:
        syntax: How the model writes a call.
        functions: The schema of each function's arguments, by its name: those that may be called.
        demanded: Whether a call has to be made, instead of an answer in words.
        several: Whether more than one may be made.
    """

    syntax: ToolSyntax
    functions: Mapping[str, PlacedSchema]
    demanded: bool
    several: bool

    def scanner(self) -> ToolScanner:
        """Return what finds the calls in the text of one choice."""
        return ToolScanner(self.syntax, lambda: secrets.token_hex(12), several=self.several)


def calling(body: ChatBody, info: ModelInfo) -> Calling | None:
    """Return how the tools of a chat may be called; None when there are none, or none may be.

    Raises:
        RequestError: The model knows no tools, or what is asked of them makes no sense.
    """
    demanded = body.tool_choice not in {None, "auto", "none"}
    if not body.tools or body.tool_choice == "none":
        if demanded:
            message = "'tool_choice' demands a call, and there are no 'tools'"
            raise RequestError(message, param="tool_choice")
        return None
    if info.tools is None:
        message = f"the chat template of {info.name!r} knows no tools: leave 'tools' out"
        raise RequestError(message, param="tools", code="unsupported_parameter")
    if demanded and not info.grammars:
        message = "this engine cannot make its model call a tool: leave 'tool_choice' to 'auto'"
        raise RequestError(message, param="tool_choice", code="unsupported_parameter")
    functions = _functions(body.tools)
    if isinstance(body.tool_choice, NamedTool):
        functions = _named(functions, body.tool_choice.function.name)
    return Calling(info.tools, functions, demanded, several=body.parallel_tool_calls is not False)


def _functions(tools: Sequence[Tool]) -> dict[str, PlacedSchema]:
    functions: dict[str, PlacedSchema] = {}
    for i, tool in enumerate(tools):
        if tool.function.name in functions:
            message = f"two of the 'tools' are named {tool.function.name!r}"
            raise RequestError(message, param=f"tools[{i}].function.name")
        functions[tool.function.name] = PlacedSchema(_arguments(tool.function), f"tools[{i}].function.parameters")
    return functions


def _arguments(function: Function) -> Mapping[str, object]:
    """Return the schema of a function's arguments: OpenAI lets a function without any leave it out."""
    return function.parameters or _NO_PARAMETERS


def _named(functions: Mapping[str, PlacedSchema], name: str) -> dict[str, PlacedSchema]:
    if name not in functions:
        message = f"'tool_choice' names {name[:100]!r}, which is not among the 'tools'"
        raise RequestError(message, param="tool_choice")
    return {name: functions[name]}
