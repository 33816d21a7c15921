from __future__ import annotations

import re

import pytest
from tests.engines.openvino.conftest import expression

from beaufort.engines.generation import Constraint, PlacedSchema
from beaufort.engines.openvino.calls import MAX_CALLS
from beaufort.engines.openvino.compilation import BUDGET_MS
from beaufort.engines.openvino.constraint import grammar_of
from beaufort.engines.refusal import RequestError
from beaufort.engines.tools import ToolScanner, ToolSyntax

_WEATHER = PlacedSchema(
    {
        "type": "object",
        "properties": {"city": {"type": "string"}, "days": {"type": "integer", "minimum": 1, "maximum": 14}},
        "required": ["city"],
    },
    "tools[0].function.parameters",
)
_TIME = PlacedSchema({"type": "object", "properties": {}}, "tools[1].function.parameters")
_FUNCTIONS = {"get_weather": _WEATHER, "get_time": _TIME, "get": _TIME}


def _calls(syntax: ToolSyntax, *, several: bool = True) -> re.Pattern[str]:
    return expression(grammar_of(Constraint(None, _FUNCTIONS, several), syntax))


_TAKEN = {
    ToolSyntax.MISTRAL_LIST: [
        '[TOOL_CALLS] [{"name": "get_weather", "arguments": {"city": "Paris", "days": 3}}]',
        '[TOOL_CALLS][{"name": "get", "arguments": {}}, {"name": "get_time", "arguments": {}}]',
    ],
    ToolSyntax.MISTRAL_ARGS: [
        '[TOOL_CALLS]get_weather[ARGS]{"city": "Paris", "days": 3}',
        "[TOOL_CALLS]get[ARGS]{}[TOOL_CALLS]get_time[ARGS]{}",
    ],
    ToolSyntax.MISTRAL_CALL_ID: [
        '[TOOL_CALLS]get_weather[CALL_ID]AbCdEf123[ARGS]{"city": "Paris", "days": 3}',
        "[TOOL_CALLS]get[CALL_ID]123456789[ARGS]{}[TOOL_CALLS]get_time[CALL_ID]AbCdEf123[ARGS]{}",
    ],
    ToolSyntax.HERMES: [
        '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Paris", "days": 3}}\n</tool_call>',
        (
            '<tool_call>\n{"name": "get", "arguments": {}}\n</tool_call>\n'
            '<tool_call>\n{"name": "get_time", "arguments": {}}\n</tool_call>'
        ),
    ],
}


@pytest.mark.parametrize("syntax", ToolSyntax)
def test_a_grammar_takes_calls_as_the_model_writes_them_and_they_are_found_again(syntax: ToolSyntax) -> None:
    one, two = _TAKEN[syntax]
    assert _calls(syntax).fullmatch(one)
    assert _calls(syntax).fullmatch(two)
    for text, names in ((one, ["get_weather"]), (two, ["get", "get_time"])):
        scanner = ToolScanner(syntax, lambda: "abcdefghi")
        assert scanner.feed(text) == ""
        content, calls = scanner.finish()
        assert content == ""
        assert [call.name for call in calls] == names


@pytest.mark.parametrize("syntax", ToolSyntax)
def test_a_grammar_takes_nothing_else(syntax: ToolSyntax) -> None:
    one, _ = _TAKEN[syntax]
    wrong = [
        "",
        "It is sunny.",
        f"Well: {one}",
        f"{one} ",
        one[:-1],
        one.replace("get_weather", "get_whether"),
        one.replace("get_weather", "get_"),
        one.replace('"city": "Paris", ', ""),
        one.replace("3", "15"),
        one.replace("3", '"3"'),
        one.replace("days", "hours"),
    ]
    assert [text for text in wrong if _calls(syntax).fullmatch(text)] == []


@pytest.mark.parametrize("syntax", ToolSyntax)
def test_one_call_and_no_second(syntax: ToolSyntax) -> None:
    one, two = _TAKEN[syntax]
    assert _calls(syntax, several=False).fullmatch(one)
    assert not _calls(syntax, several=False).fullmatch(two)


def test_calls_come_to_an_end() -> None:
    one = "[TOOL_CALLS]get[ARGS]{}"
    assert _calls(ToolSyntax.MISTRAL_ARGS).fullmatch(one * MAX_CALLS)
    assert not _calls(ToolSyntax.MISTRAL_ARGS).fullmatch(one * (MAX_CALLS + 1))


@pytest.mark.parametrize(
    ("parameters", "taken", "refused"),
    [
        ({"type": "object", "properties": {}}, "{}", '{"a":1}'),
        ({"type": "object"}, "{}", '{"a":1}'),
        ({"properties": {"a": {"type": "integer"}}}, '{"a":1}', "1"),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, '{"a":1}', '{"a":"b"}'),
        ({"$schema": "x", "properties": {"a": {"$ref": "#/$defs/a"}}, "$defs": {"a": {"const": 1}}}, '{"a":1}', "{1}"),
    ],
)
def test_arguments_are_an_object(parameters: dict[str, object], taken: str, refused: str) -> None:
    placed = {"f": PlacedSchema(parameters, "tools[0].function.parameters")}
    calls = expression(grammar_of(Constraint(None, placed), ToolSyntax.MISTRAL_ARGS))
    assert calls.fullmatch(f"[TOOL_CALLS]f[ARGS]{taken}")
    assert not calls.fullmatch(f"[TOOL_CALLS]f[ARGS]{refused}")


_HALF = {"type": "object", "properties": {"a": {"type": "string", "maxLength": int(BUDGET_MS / 5 * 0.6)}}}


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ([{"type": "array"}], "tools[0].function.parameters is no schema of an object"),
        ([{"anyOf": [{"type": "object"}]}], "tools[0].function.parameters is no schema of an object"),
        (
            [{"type": "object"}, {"properties": {"a": {"type": "string", "pattern": "a+"}}}],
            "tools[1].function.parameters.properties.a.pattern cannot be enforced",
        ),
        (
            [{"properties": {"a": {"$ref": "#/$defs/a"}}, "$defs": {"a": {"not": {}}}}],
            "tools[0].function.parameters.$defs.a.not",
        ),
        ([_HALF, _HALF], "tools[1].function.parameters.properties.a would take too long to compile"),
    ],
)
def test_arguments_that_cannot_be_enforced_are_refused(parameters: list[dict[str, object]], said: str) -> None:
    functions = {f"f{i}": PlacedSchema(each, f"tools[{i}].function.parameters") for i, each in enumerate(parameters)}
    with pytest.raises(RequestError) as caught:
        grammar_of(Constraint(None, functions), ToolSyntax.HERMES)
    assert said in caught.value.message
    assert caught.value.param == "tools"


def test_a_call_or_a_text_that_follows_a_schema() -> None:
    schema = PlacedSchema({"type": "object", "properties": {"a": {"type": "integer"}}}, "response_format")
    for syntax, (one, two) in _TAKEN.items():
        both = expression(grammar_of(Constraint(schema, _FUNCTIONS), syntax))
        assert both.fullmatch(one)
        assert both.fullmatch(two)
        assert both.fullmatch('{"a": 1}')
        assert not both.fullmatch(one + '{"a": 1}')


def test_a_call_or_an_array_cannot_be_told_apart() -> None:
    schema = PlacedSchema({"type": "array"}, "response_format.json_schema.schema")
    with pytest.raises(RequestError, match="beside 'tools'") as caught:
        grammar_of(Constraint(schema, _FUNCTIONS), ToolSyntax.MISTRAL_LIST)
    assert caught.value.param == "response_format"
