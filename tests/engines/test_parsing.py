from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from beaufort.engines.parsing import _UNSERVED, MAX_CHOICES, MAX_STOPS, parse
from beaufort.engines.refusal import RequestError
from beaufort.engines.requests import MAX_MESSAGES, MAX_TOOLS, ChatBody, CompletionBody, GenerateBody

_MESSAGE = {"role": "user", "content": "x"}
_IMAGE = {"type": "image_url", "image_url": {"url": "data:,"}}
_TOOL = {"type": "function", "function": {"name": "f"}}


def _refusal(kind: type[GenerateBody], data: bytes) -> RequestError:
    with pytest.raises(RequestError) as caught:
        parse(kind, data)
    assert caught.value.status == 400
    return caught.value


def _chat_refusal(**fields: object) -> RequestError:
    return _refusal(ChatBody, json.dumps({"messages": [_MESSAGE], **fields}).encode())


def _completion_refusal(**fields: object) -> RequestError:
    return _refusal(CompletionBody, json.dumps({"prompt": "x", **fields}).encode())


@pytest.mark.parametrize(
    ("fields", "param", "words"),
    [
        ({"messages": []}, "messages", "at least 1"),
        ({"messages": None}, "messages", "array"),
        ({"messages": [5]}, "messages[0]", "object"),
        ({"messages": [{"content": "x"}]}, "messages[0].role", "required"),
        ({"messages": [{"role": "function", "content": "x"}]}, "messages[0].role", "'assistant'"),
        ({"messages": [_MESSAGE, {"role": "user"}]}, "messages[1].content", "required"),
        ({"messages": [{"role": "tool", "content": None}]}, "messages[0].content", "required"),
        ({"messages": [{"role": "user", "content": 5}]}, "messages[0].content", "string"),
        ({"messages": [{"role": "user", "content": [_IMAGE]}]}, "messages[0].content[0]", "no images"),
        ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "messages[0].content[0].text", "required"),
        (
            {"messages": [{**_MESSAGE, "tool_calls": [{"function": {"name": "f", "arguments": "{}"}}]}]},
            "messages[0].tool_calls",
            "assistant",
        ),
        (
            {"messages": [{"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": "?"}}]}]},
            "messages[0].tool_calls[0].function.arguments",
            "JSON object",
        ),
        ({"max_tokens": 0}, "max_tokens", "1"),
        ({"max_completion_tokens": 0}, "max_completion_tokens", "1"),
        ({"max_tokens": 1.5}, "max_tokens", "integer"),
        ({"max_tokens": "5"}, "max_tokens", "integer"),
        ({"n": True}, "n", "integer"),
        ({"n": 65}, "n", "64"),
        ({"temperature": 2.1}, "temperature", "2"),
        ({"temperature": float("nan")}, "temperature", "finite"),
        ({"temperature": "1"}, "temperature", "number"),
        ({"top_p": 0}, "top_p", "0"),
        ({"seed": 2**63}, "seed", ""),
        ({"stop": ""}, "stop", "at least 1 character"),
        ({"stop": ["a", ""]}, "stop[1]", "at least 1 character"),
        ({"stop": [None]}, "stop[0]", "string"),
        ({"stop": ["a"] * (MAX_STOPS + 1)}, "stop", str(MAX_STOPS)),
        ({"stream_options": {}}, "stream_options", "'stream': true"),
        ({"stream": True, "stream_options": {"include_usage": 1}}, "stream_options.include_usage", "boolean"),
        ({"logprobs": 1}, "logprobs", "boolean"),
        ({"top_logprobs": 1}, "top_logprobs", "'logprobs': true"),
        ({"top_logprobs": 2, "logprobs": True, "temperature": 0}, "top_logprobs", "chosen token"),
        ({"top_logprobs": 1, "logprobs": True, "temperature": 0.1}, "top_logprobs", "chosen token"),
        ({"tools": [{"type": "web_search"}]}, "tools[0].type", "'function'"),
        ({"tools": [{"type": "function", "function": {"name": "a b"}}]}, "tools[0].function.name", "pattern"),
        ({"tools": [_TOOL] * (MAX_TOOLS + 1)}, "tools", str(MAX_TOOLS)),
        ({"tool_choice": "always"}, "tool_choice", "'required'"),
        ({"tool_choice": {"type": "function"}}, "tool_choice.function", "required"),
        ({"response_format": {"type": "yaml"}}, "response_format.type", "'json_schema'"),
        ({"response_format": {"type": "json_schema", "json_schema": {}}}, "response_format.json_schema.schema", ""),
        ({"logit_bias": {"5": 1}}, "logit_bias", "leave it out"),
        ({"functions": [{}]}, "functions", "'tools'"),
        ({"audio": {"voice": "x"}}, "audio", "text"),
        ({"stop_token_ids": [1]}, "stop_token_ids", "'stop'"),
        ({"guided_json": {}, "structured_outputs": {"choice": ["a"]}}, "structured_outputs", "'response_format'"),
    ],
)
def test_a_mistake_in_a_chat_is_named(fields: dict[str, object], param: str, words: str) -> None:
    refusal = _chat_refusal(**fields)
    assert refusal.param == param
    assert words in refusal.message


@pytest.mark.parametrize(
    ("fields", "param", "words"),
    [
        ({"prompt": None}, "prompt", "string"),
        ({"prompt": []}, "prompt", "empty"),
        ({"prompt": [1, "a"]}, "prompt[0]", "'prompt[1]': should be a valid integer"),
        ({"prompt": [True]}, "prompt[0]", "integer"),
        ({"prompt": ["a", [1]]}, "prompt[1]", "string"),
        ({"prompt": ["x"] * (MAX_CHOICES // 8 + 1), "n": 8}, "prompt", str(MAX_CHOICES)),
        ({"max_tokens": 0}, "max_tokens", "1"),
        ({"logprobs": True}, "logprobs", "integer"),
        ({"logprobs": 2, "temperature": 0}, "logprobs", "chosen token"),
        ({"best_of": 2}, "best_of", "'n'"),
        ({"suffix": "x"}, "suffix", "leave it out"),
        ({"echo": True}, "echo", "prepend"),
    ],
)
def test_a_mistake_in_a_completion_is_named(fields: dict[str, object], param: str, words: str) -> None:
    refusal = _completion_refusal(**fields)
    assert refusal.param == param
    assert words in refusal.message


@pytest.mark.parametrize(
    "fields", [{"logit_bias": {}}, {"echo": False}, {"functions": None}, {"best_of": 1}, {"user": "u", "made_up": [1]}]
)
def test_what_changes_nothing_is_let_through(fields: dict[str, object]) -> None:
    parse(CompletionBody, json.dumps({"prompt": "x", **fields}).encode())


def test_every_mistake_is_named_at_once() -> None:
    refusal = _chat_refusal(temperature=3, top_p=4, n=0)
    assert all(f"'{name}':" in refusal.message for name in ("temperature", "top_p", "n"))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b'{"prompt": "\xff"}',
        b'\xef\xbb\xbf{"prompt": "x"}',
        b'{"prompt": "x"} x',
        b'{"prompt": "\\ud800"}',
        b'{"prompt": "x", "n": ' + b"9" * 5000 + b"}",
        b'{"prompt": "x", "y": ' + b"[" * 100_000,
        b'{"prompt": "x", "y": ' + b'{"a":' * 300 + b"1" + b"}" * 301,
    ],
)
def test_what_is_no_json_is_said_to_be_none(data: bytes) -> None:
    assert _refusal(CompletionBody, data).code == "invalid_json"


@pytest.mark.parametrize("data", [b"null", b"[]", b'"x"', b"5"])
def test_a_body_that_is_no_object_is_refused(data: bytes) -> None:
    refusal = _refusal(CompletionBody, data)
    assert refusal.param is None
    assert "object" in refusal.message


@pytest.mark.parametrize(
    "data",
    [
        b'{"prompt": [' + b"1.5," * 1_000_000 + b"1]}",
        b'{"prompt": "x", "stop": [' + b"1," * 1_000_000 + b"1]}",
        b'{"prompt": [' + b'"a",' * 1_000_000 + b"1]}",
    ],
)
def test_a_million_mistakes_are_not_all_told(data: bytes) -> None:
    # To tell each of them took minutes and gigabytes.
    with pytest.raises(ValidationError) as caught:
        CompletionBody.model_validate_json(data)
    assert caught.value.error_count() < 10
    assert len(_refusal(CompletionBody, data).message) < 1000


def test_many_mistakes_are_told_in_part() -> None:
    tools = [{"type": "function", "function": {"name": "f" * 65, "description": 1, "parameters": 1}}]
    wrong: dict[str, object] = {name: {} for name in ChatBody.model_fields if name not in {"messages", "tools"}}
    refusal = _chat_refusal(**wrong, tools=tools)
    assert re.search(r"; and \d+ more$", refusal.message)


def test_the_reference_names_every_parameter_and_limit() -> None:
    text = (Path(__file__).parents[2] / "docs" / "reference" / "engine-api.md").read_text()
    named = {*ChatBody.model_fields, *CompletionBody.model_fields, *_UNSERVED} - {"stream_options"}
    assert [name for name in sorted(named) if f"`{name}`" not in text] == []
    assert f"{MAX_MESSAGES} messages, {MAX_TOOLS} tools, and {MAX_CHOICES} choices" in text
    assert f"`stop` (up to {MAX_STOPS})" in text


@pytest.mark.parametrize("name", sorted(_UNSERVED))
def test_what_the_reference_calls_refused_is(name: str) -> None:
    refusal = _completion_refusal(**{name: [1]})
    assert (refusal.param, refusal.code) == (name, "unsupported_parameter")


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from([ChatBody, CompletionBody]), st.data())
def test_any_value_in_any_parameter_is_taken_or_refused(kind: type[GenerateBody], data: st.DataObject) -> None:
    names = data.draw(st.lists(st.sampled_from(sorted(kind.model_fields)), max_size=4))
    fields = {"messages": [_MESSAGE], "prompt": "x", **{name: data.draw(_JSON) for name in names}}
    refusal = None
    try:
        parse(kind, json.dumps(fields).encode())
    except RequestError as error:
        refusal = error
    assert refusal is None or json.loads(refusal.body())["error"]["message"] == refusal.message != ""
