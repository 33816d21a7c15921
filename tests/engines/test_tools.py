from __future__ import annotations

import contextlib
import itertools
import json
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beaufort.engines.tools import ToolCall, ToolScanner, ToolSyntax, tool_syntax

_MISTRAL_TEMPLATE = "{% if tools %}[AVAILABLE_TOOLS]{{ tools }}{% endif %}{{ '[TOOL_CALLS]' }}"
_HERMES_TEMPLATE = "{%- if tools %}# Tools ... <tool_call>\n{...}\n</tool_call>{% endif %}"


def _fresh() -> Callable[[], str]:
    numbers = itertools.count(1)
    return lambda: f"{next(numbers):032x}"[::-1]


def _scan(syntax: ToolSyntax, pieces: Sequence[str], *, several: bool = True) -> tuple[str, tuple[ToolCall, ...]]:
    scanner = ToolScanner(syntax, _fresh(), several=several)
    passed = "".join([scanner.feed(piece) for piece in pieces])
    content, calls = scanner.finish()
    return passed + content, calls


@pytest.mark.parametrize(
    ("template", "syntax"),
    [
        (_MISTRAL_TEMPLATE, ToolSyntax.MISTRAL_LIST),
        (_MISTRAL_TEMPLATE + "{{ '[ARGS]' }}", ToolSyntax.MISTRAL_ARGS),
        (_MISTRAL_TEMPLATE + "{{ '[CALL_ID]' + id + '[ARGS]' }}", ToolSyntax.MISTRAL_CALL_ID),
        (_HERMES_TEMPLATE, ToolSyntax.HERMES),
        ("{{ '[TOOL_CALLS]' }}", None),
        ("{% if tools %}{{ tools }}{% endif %}", None),
        ("{% for message in messages %}{{ message.content }}{% endfor %}", None),
        ("a toolsmith writes <tool_call>", None),
    ],
)
def test_syntax_is_chosen_from_the_template(template: str, syntax: ToolSyntax | None) -> None:
    assert tool_syntax(template) is syntax


@pytest.mark.parametrize(
    ("text", "calls"),
    [
        (
            '[TOOL_CALLS] [{"name": "f", "arguments": {"a": 1}}, {"name": "g", "arguments": {}, "id": "AbCdEf123"}]',
            [ToolCall("100000000", "f", '{"a": 1}'), ToolCall("AbCdEf123", "g", "{}")],
        ),
        ('[TOOL_CALLS]f[ARGS]{"a": "é"}', [ToolCall("100000000", "f", '{"a": "é"}')]),
        (
            '[TOOL_CALLS]f[CALL_ID]AbCdEf123[ARGS]{"a": 1}[TOOL_CALLS]g.h-i[ARGS]{}',
            [ToolCall("AbCdEf123", "f", '{"a": 1}'), ToolCall("100000000", "g.h-i", "{}")],
        ),
        ('[TOOL_CALLS]f[CALL_ID]short[ARGS]{"a": 1}', [ToolCall("100000000", "f", '{"a": 1}')]),
        ('[TOOL_CALLS]f{"a": 1}', [ToolCall("100000000", "f", '{"a": 1}')]),
        (
            '[TOOL_CALLS][{"name": "f", "arguments": "{\\"a\\": 1}"}]',
            [ToolCall("100000000", "f", '{"a": 1}')],
        ),
    ],
)
def test_mistral_calls(text: str, calls: list[ToolCall]) -> None:
    assert _scan(ToolSyntax.MISTRAL_LIST, [text]) == ("", tuple(calls))


def test_hermes_calls_with_content_before_between_and_after() -> None:
    text = (
        'Let me see. <tool_call>\n{"name": "f", "arguments": {"a": "</tool_call>"}}\n</tool_call>\n and '
        '<tool_call>{"arguments": {"b": [null]}, "name": "g"}</tool_call> done'
    )
    content, calls = _scan(ToolSyntax.HERMES, [text])
    assert content == "Let me see. and  done"
    assert [(call.name, json.loads(call.arguments)) for call in calls] == [
        ("f", {"a": "</tool_call>"}),
        ("g", {"b": [None]}),
    ]
    assert [call.id for call in calls] == ["call_1" + "0" * 31, "call_2" + "0" * 31]


def test_where_one_call_is_wanted_the_first_counts() -> None:
    text = "Well:[TOOL_CALLS]f[ARGS]{}[TOOL_CALLS]g[ARGS]{}"
    content, calls = _scan(ToolSyntax.MISTRAL_ARGS, [text], several=False)
    assert content == "Well:"
    assert [call.name for call in calls] == ["f"]


def test_a_hermes_call_at_the_end_needs_no_closing_tag() -> None:
    content, calls = _scan(ToolSyntax.HERMES, ['<tool_call>{"name": "f", "arguments": {}}\n'])
    assert content == ""
    assert [call.name for call in calls] == ["f"]


def test_a_line_break_within_a_string_is_taken() -> None:
    _, calls = _scan(ToolSyntax.HERMES, ['<tool_call>{"name": "f", "arguments": {"a": "x\ny"}}</tool_call>'])
    assert calls[0].arguments == '{"a": "x\\ny"}'


@pytest.mark.parametrize(
    ("syntax", "text"),
    [
        (ToolSyntax.MISTRAL_LIST, "[TOOL_CALLS]"),
        (ToolSyntax.MISTRAL_LIST, "[TOOL_CALLS][]"),
        (ToolSyntax.MISTRAL_LIST, '[TOOL_CALLS] [{"name": "f", "arguments": {"a": 1}'),
        (ToolSyntax.MISTRAL_LIST, '[TOOL_CALLS] [{"name": "f", "arguments": {}}, {"name": 1, "arguments": {}}]'),
        (ToolSyntax.MISTRAL_LIST, '[TOOL_CALLS] {"name": "f", "arguments": {}}'),
        (ToolSyntax.MISTRAL_LIST, "[TOOL_CALLS]f[ARGS][1]"),
        (ToolSyntax.HERMES, '<tool_call>{"name": "", "arguments": {}}</tool_call>'),
        (ToolSyntax.HERMES, '<tool_call>{"name": "f"}</tool_call>'),
        (ToolSyntax.HERMES, '<tool_call>{"name": "f", "arguments": "no object"}</tool_call>'),
        (ToolSyntax.HERMES, '<tool_call>{"name": "f", "arguments": {"a": NaN}}</tool_call>'),
        (ToolSyntax.HERMES, '<tool_call>{"name": "f", "arguments": {"a": 1e999}}</tool_call>'),
        (ToolSyntax.HERMES, '<tool_call>{"name": "f", "arguments": {"a": "\\ud800"}}</tool_call>'),
        (ToolSyntax.HERMES, '<tool_call>{"name": "\\ud800", "arguments": {}}</tool_call>'),
        (ToolSyntax.HERMES, '<tool_call>{"name": "f", "arguments": {}} and more</tool_call>'),
        (ToolSyntax.HERMES, "<tool_call>" + "[" * 100_000),
        (ToolSyntax.HERMES, "<tool_call>" + "9" * 10_000),
    ],
)
def test_what_is_no_call_is_content(syntax: ToolSyntax, text: str) -> None:
    assert _scan(syntax, [f"before {text}"]) == (f"before {text}", ())


def test_a_good_call_after_a_bad_one_is_found() -> None:
    text = '<tool_call>oops</tool_call><tool_call>{"name": "f", "arguments": {}}</tool_call>'
    content, calls = _scan(ToolSyntax.HERMES, [text])
    assert content == "<tool_call>oops</tool_call>"
    assert [call.name for call in calls] == ["f"]


def test_text_without_a_marker_is_passed_on_at_once() -> None:
    scanner = ToolScanner(ToolSyntax.HERMES, _fresh())
    assert scanner.feed("a < b") == "a < b"
    assert scanner.feed(" and <tool") == " and "
    assert scanner.feed("box>") == "<toolbox>"
    assert scanner.finish() == ("", ())


_PARTS = (
    "[TOOL_CALLS]",
    "[ARGS]",
    "[CALL_ID]",
    "<tool_call>",
    "</tool_call>",
    '{"name": "f", "arguments": {"a": 1}}',
    '[{"name": "f", "arguments": {"a": 1}}]',
    '{"a": "<tool_call>"}',
    "name",
    " ",
    "\n",
    "[",
    "<tool",
)


def _objects(text: str) -> list[object]:
    """Return every JSON object that stands in a text: `[TOOL_CALLS]name{...}` takes any of them for arguments."""
    found: list[object] = []
    for start in (at for at, letter in enumerate(text) if letter == "{"):
        with contextlib.suppress(ValueError):
            found.append(json.JSONDecoder(strict=False).raw_decode(text, start)[0])
    return found


@given(
    st.sampled_from(ToolSyntax),
    st.lists(st.sampled_from(_PARTS) | st.text(max_size=4), max_size=10).map("".join),
    st.data(),
)
def test_any_cutting_gives_the_same_and_nothing_is_lost(syntax: ToolSyntax, text: str, data: st.DataObject) -> None:
    whole = _scan(syntax, [text])
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    pieces = [text[start:end] for start, end in itertools.pairwise([0, *cuts, len(text)])]
    assert _scan(syntax, pieces) == whole
    assert _scan(syntax, list(text)) == whole
    content, calls = whole
    assert content == text if not calls else all(json.loads(call.arguments) in _objects(text) for call in calls)
