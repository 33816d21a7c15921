from __future__ import annotations

import json

import pytest
from openai.types import Completion, Model
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from pydantic import ValidationError
from tests.engines.scripted import judged

from beaufort.engines.answer import Answer, TokenLogprob, Usage
from beaufort.engines.generation import ModelInfo
from beaufort.engines.responses import ChatShape, CompletionShape, Heading, Shape, model_body, models_body
from beaufort.engines.tools import ToolCall, ToolSyntax

_HEADING = Heading("abc", 1_700_000_000, "größe/modell")
_USAGE = Usage(prompt=3, completion=4)
_CALL = ToolCall("call_1", "f", '{"a": "ß"}')
_LOGPROB = TokenLogprob(b" \xe6", -0.25, top=True, offset=2)
_NASTY = 'a"b\\c\n\r\t\x00\u2028日😀</script>'


def _data(event: bytes) -> bytes:
    """Return the data of one event, which is one line."""
    assert event.startswith(b"data: ")
    assert event.endswith(b"\n\n")
    assert event.count(b"\n") == 2
    return event[6:-2]


def test_a_whole_chat_is_what_openai_reads() -> None:
    answers = [
        Answer(_NASTY, "stop", [_LOGPROB]),
        Answer("", "tool_calls", None, [_CALL]),
        Answer("Well:", "tool_calls", None, [_CALL, _CALL]),
    ]
    read = judged(ChatCompletion, ChatShape(_HEADING).whole(answers, _USAGE))
    assert (read.id, read.created, read.model) == ("chatcmpl-abc", 1_700_000_000, "größe/modell")
    assert [choice.index for choice in read.choices] == [0, 1, 2]
    assert [choice.message.content for choice in read.choices] == [_NASTY, None, "Well:"]
    assert [len(choice.message.tool_calls or ()) for choice in read.choices] == [0, 1, 2]


def test_chunks_of_a_chat_are_what_openai_reads() -> None:
    shape = ChatShape(_HEADING)
    events = [
        shape.opening(1),
        shape.piece(1, _NASTY, None, None),
        shape.piece(1, "x", [_LOGPROB], "length"),
        shape.piece(1, "", None, "stop"),
        shape.calls(1, [_CALL, _CALL]),
        shape.usage(_USAGE),
    ]
    chunks = [judged(ChatCompletionChunk, _data(event)) for event in events]
    deltas = [chunk.choices[0].delta for chunk in chunks[:-1]]
    assert deltas[0].role == "assistant"
    assert [delta.content for delta in deltas] == ["", _NASTY, "x", None, None]
    assert [call.index for call in deltas[4].tool_calls or ()] == [0, 1]
    assert [chunk.choices[0].finish_reason for chunk in chunks[:-1]] == [None, None, "length", "stop", None]
    assert [chunk.choices[0].index for chunk in chunks[:-1]] == [1] * 5
    assert chunks[-1].choices == []


def test_a_whole_completion_is_what_openai_reads() -> None:
    answers = [Answer(_NASTY, "stop", [_LOGPROB]), Answer("", "length")]
    read = judged(Completion, CompletionShape(_HEADING).whole(answers, _USAGE))
    assert (read.id, read.object) == ("cmpl-abc", "text_completion")
    assert [choice.text for choice in read.choices] == [_NASTY, ""]
    assert read.choices[0].logprobs is not None
    assert read.choices[0].logprobs.text_offset == [2]
    assert read.choices[1].logprobs is None


def test_a_completion_opens_with_its_text_and_calls_nothing() -> None:
    shape = CompletionShape(_HEADING)
    assert shape.opening(0) == shape.calls(0, [_CALL]) == b""
    assert judged(Completion, _data(shape.piece(2, _NASTY, None, "stop"))).choices[0].text == _NASTY


@pytest.mark.parametrize("shape", [ChatShape, CompletionShape])
def test_every_event_tells_of_the_usage_where_it_is_wanted(shape: type[ChatShape | CompletionShape]) -> None:
    wanted: Shape = shape(Heading("abc", 1, "m", usage_event=True))
    assert json.loads(_data(wanted.piece(0, "x", None, None)))["usage"] is None
    assert json.loads(_data(wanted.usage(_USAGE)))["usage"] == {
        "prompt_tokens": 3,
        "completion_tokens": 4,
        "total_tokens": 7,
    }
    assert "usage" not in json.loads(_data(shape(_HEADING).piece(0, "x", None, None)))


@pytest.mark.parametrize(("raw", "text"), [("é".encode(), "é"), (b" \xe6", r" \xe6"), (b"<s>", "<s>"), (b"", "")])
def test_a_part_of_a_character_is_written_as_bytes(raw: bytes, text: str) -> None:
    assert TokenLogprob(raw, 0, top=False, offset=0).token == text


@pytest.mark.parametrize("tools", [None, ToolSyntax.HERMES])
def test_the_model_is_listed_for_openais_vllms_and_mistrals_clients(tools: ToolSyntax | None) -> None:
    info = ModelInfo("m", 100, 256, tools, grammars=True, logprobs=True, created=5)
    read = Model.model_validate_json(model_body(info), strict=True)
    assert (read.id, read.created, read.object) == ("m", 5, "model")
    row = json.loads(model_body(info))
    assert (row["max_model_len"], row["max_context_length"]) == (100, 100)
    assert row["capabilities"]["function_calling"] is (tools is not None)
    assert json.loads(models_body(info)) == {"object": "list", "data": [row]}


@pytest.mark.parametrize("gone", ["id", "object", "created", "model", "choices"])
def test_the_judge_misses_what_is_missing(gone: str) -> None:
    body = json.loads(ChatShape(_HEADING).whole([Answer("x", "stop")], _USAGE))
    del body[gone]
    with pytest.raises(ValidationError, match=gone):
        judged(ChatCompletion, json.dumps(body).encode())


def test_the_judge_sees_what_openai_does_not_know() -> None:
    body = json.loads(ChatShape(_HEADING).whole([Answer("x", "stop")], _USAGE))
    body["choices"][0]["message"]["thought"] = 1
    with pytest.raises(AssertionError, match="thought"):
        judged(ChatCompletion, json.dumps(body).encode())
