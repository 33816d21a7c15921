"""The bodies and stream events that answer a request, in OpenAI's shape.

A streamed token is the engine's hottest path: what does not change during a stream is encoded once, and an event
is put together from pieces.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from beaufort.engines.answer import Answer, TokenLogprob, Usage
from beaufort.engines.generation import ModelInfo
from beaufort.engines.tools import ToolCall
from beaufort.wire import sse

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Shape(Protocol):
    """How one of the two kinds of answer is written."""

    def opening(self, choice: int) -> bytes:
        """The first event of a choice, or nothing."""

    def piece(self, choice: int, text: str, logprobs: Sequence[TokenLogprob] | None, finish: str | None) -> bytes:
        """The event of new text, or of the end of a choice."""

    def calls(self, choice: int, calls: Sequence[ToolCall]) -> bytes:
        """The event of tool calls."""

    def usage(self, usage: Usage) -> bytes:
        """The event of the usage."""

    def whole(self, answers: Sequence[Answer], usage: Usage) -> bytes:
        """The body of an answer that is not streamed."""


@dataclass(frozen=True, slots=True)
class Heading:
    """What each event and body of one answer begins with.

    Attributes:
        identity: Of the answer, without the prefix of its kind.
        created: Seconds since the epoch.
        model: Its name.
        usage_event: Whether the stream ends with the usage: all other events then say that theirs is null.
    """

    identity: str
    created: int
    model: str
    usage_event: bool = False

    def fields(self, prefix: str, kind: str) -> dict[str, object]:
        """Return the fields of an object of this kind."""
        return {"id": f"{prefix}-{self.identity}", "object": kind, "created": self.created, "model": self.model}


class _Envelope:
    """What stands around the choice of each event."""

    def __init__(self, fields: dict[str, object], *, usage_event: bool) -> None:
        self._opening = (_encode(fields)[:-1] + ',"choices":[').encode()
        self._closing = b'],"usage":null}' if usage_event else b"]}"

    def event(self, choice: str) -> bytes:
        return sse.event(self._opening + choice.encode() + self._closing)

    def usage(self, usage: Usage) -> bytes:
        return sse.event(self._opening + b'],"usage":' + _encode(usage.as_json()).encode() + b"}")


class ChatShape:
    """`/v1/chat/completions`."""

    def __init__(self, heading: Heading) -> None:
        chunk = heading.fields("chatcmpl", "chat.completion.chunk")
        self._chunk = _Envelope(chunk, usage_event=heading.usage_event)
        self._fields = heading.fields("chatcmpl", "chat.completion")

    def opening(self, choice: int) -> bytes:
        """The first event names the role."""
        return self._event(choice, {"role": "assistant", "content": ""}, None)

    def _event(self, choice: int, delta: dict[str, object], finish: str | None) -> bytes:
        return self._chunk.event(_encode({"index": choice, "delta": delta, "logprobs": None, "finish_reason": finish}))

    def piece(self, choice: int, text: str, logprobs: Sequence[TokenLogprob] | None, finish: str | None) -> bytes:
        """The event of new text, or of the end of a choice."""
        delta = '{"content":' + _encode(text) + "}" if text or not finish else "{}"
        detail = "null" if logprobs is None else _encode(_chat_logprobs(logprobs))
        reason = f'"{finish}"' if finish else "null"
        return self._chunk.event(f'{{"index":{choice},"delta":{delta},"logprobs":{detail},"finish_reason":{reason}}}')

    def calls(self, choice: int, calls: Sequence[ToolCall]) -> bytes:
        """The event of tool calls."""
        listed = [{"index": index, **_call(call)} for index, call in enumerate(calls)]
        return self._event(choice, {"tool_calls": listed}, None)

    def usage(self, usage: Usage) -> bytes:
        """The event of the usage."""
        return self._chunk.usage(usage)

    def whole(self, answers: Sequence[Answer], usage: Usage) -> bytes:
        """The body of an answer that is not streamed."""
        choices = []
        for index, answer in enumerate(answers):
            message: dict[str, object] = {"role": "assistant", "content": answer.text, "refusal": None}
            if answer.tool_calls:
                message["tool_calls"] = [_call(call) for call in answer.tool_calls]
                message["content"] = answer.text or None
            logprobs = None if answer.logprobs is None else _chat_logprobs(answer.logprobs)
            choices.append({"index": index, "message": message, "logprobs": logprobs, "finish_reason": answer.finish})
        return _encode({**self._fields, "choices": choices, "usage": usage.as_json()}).encode()


class CompletionShape:
    """`/v1/completions`."""

    def __init__(self, heading: Heading) -> None:
        self._fields = heading.fields("cmpl", "text_completion")
        self._envelope = _Envelope(self._fields, usage_event=heading.usage_event)

    def opening(self, choice: int) -> bytes:
        """A completion opens with its text."""
        del choice
        return b""

    def piece(self, choice: int, text: str, logprobs: Sequence[TokenLogprob] | None, finish: str | None) -> bytes:
        """The event of new text, or of the end of a choice."""
        detail = "null" if logprobs is None else _encode(_text_logprobs(logprobs))
        reason = f'"{finish}"' if finish else "null"
        return self._envelope.event(
            f'{{"index":{choice},"text":{_encode(text)},"logprobs":{detail},"finish_reason":{reason}}}'
        )

    def calls(self, choice: int, calls: Sequence[ToolCall]) -> bytes:
        """A completion calls no tools."""
        del choice, calls
        return b""

    def usage(self, usage: Usage) -> bytes:
        """The event of the usage."""
        return self._envelope.usage(usage)

    def whole(self, answers: Sequence[Answer], usage: Usage) -> bytes:
        """The body of an answer that is not streamed."""
        choices = [
            {
                "index": index,
                "text": answer.text,
                "logprobs": None if answer.logprobs is None else _text_logprobs(answer.logprobs),
                "finish_reason": answer.finish,
            }
            for index, answer in enumerate(answers)
        ]
        return _encode({**self._fields, "choices": choices, "usage": usage.as_json()}).encode()


def _call(call: ToolCall) -> dict[str, object]:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def _chat_logprobs(logprobs: Sequence[TokenLogprob]) -> dict[str, object]:
    content = []
    for each in logprobs:
        entry: dict[str, object] = {
            "token": each.token,
            "logprob": each.logprob,
            "bytes": list(each.raw),
        }
        content.append({**entry, "top_logprobs": [entry] if each.top else []})
    return {"content": content, "refusal": None}


def _text_logprobs(logprobs: Sequence[TokenLogprob]) -> dict[str, object]:
    return {
        "tokens": [each.token for each in logprobs],
        "token_logprobs": [each.logprob for each in logprobs],
        "top_logprobs": [{each.token: each.logprob} for each in logprobs] if logprobs and logprobs[0].top else None,
        "text_offset": [each.offset for each in logprobs],
    }


def model_body(info: ModelInfo) -> bytes:
    """Return the body of `/v1/models/NAME`, as OpenAI's, vLLM's (`max_model_len`) and Mistral's clients know it."""
    row: dict[str, object] = {
        "id": info.name,
        "object": "model",
        "created": info.created,
        "owned_by": "beaufort",
        "max_model_len": info.max_model_len,
        "type": "base",
        "max_context_length": info.max_model_len,
        "capabilities": {"completion_chat": True, "function_calling": info.tools is not None},
    }
    return _encode(row).encode()


def models_body(info: ModelInfo) -> bytes:
    """Return the body of `/v1/models`."""
    return b'{"object":"list","data":[' + model_body(info) + b"]}"
