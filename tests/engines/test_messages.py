from __future__ import annotations

import json

import pytest

from beaufort.engines.messages import Message, Tool


def _template_input(**message: object) -> dict[str, object]:
    return Message.model_validate_json(json.dumps(message)).as_template_input()


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("a", "a"),
        (None, ""),
        ([], ""),
        ([{"type": "text", "text": "a"}, {"type": "input_text", "text": "b"}], "a\nb"),
        ([{"type": "refusal", "refusal": "no"}], "no"),
    ],
)
def test_content_is_one_text(content: object, text: str) -> None:
    assert _template_input(role="assistant", content=content) == {"role": "assistant", "content": text}


def test_a_developer_speaks_as_the_system() -> None:
    assert _template_input(role="developer", content="x", name="n") == {"role": "system", "content": "x", "name": "n"}


@pytest.mark.parametrize(
    ("arguments", "read"),
    [('{"a": [1, "é"]}', {"a": [1, "é"]}), ("", {}), (" ", {}), ({"a": 1}, {"a": 1}), ("{}", {})],
)
def test_arguments_reach_the_template_as_an_object(arguments: object, read: object) -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": arguments}, "index": 0}
    made = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": read}}
    assert _template_input(role="assistant", content=None, tool_calls=[call])["tool_calls"] == [made]


def test_a_call_without_an_id_has_none_for_the_template() -> None:
    call = {"id": None, "function": {"name": "f"}}
    made = {"type": "function", "function": {"name": "f", "arguments": {}}}
    assert _template_input(role="assistant", tool_calls=[call])["tool_calls"] == [made]


@pytest.mark.parametrize("arguments", ["x", "[1]", '"a"', "[" * 9999, '{"a": NaN}', '{"a": "\\ud800"}', 3, None, []])
def test_arguments_that_are_no_object_are_refused(arguments: object) -> None:
    with pytest.raises(ValueError, match=r"function\.arguments"):
        _template_input(role="assistant", tool_calls=[{"function": {"name": "f", "arguments": arguments}}])


def test_an_answer_of_a_tool_keeps_what_it_refers_to() -> None:
    assert _template_input(role="tool", content="3", tool_call_id="c1") == {
        "role": "tool",
        "content": "3",
        "tool_call_id": "c1",
    }


def test_a_tool_reaches_the_template_without_what_is_not_said() -> None:
    tool = Tool.model_validate_json(
        '{"type": "function", "function": {"name": "f", "description": null, "strict": true}}'
    )
    assert tool.as_template_input() == {"type": "function", "function": {"name": "f"}}
