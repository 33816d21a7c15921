"""The bodies and stream events that answer a request, in OpenAI's shape.

A streamed token is the engine's hottest path: what does not change during a stream is encoded once, and an event
is put together from pieces.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from beaufort.engines.tools import ToolCall
from beaufort.wire import sse

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class TokenLogprob:
    """A chosen token with its log-probability."""

    token: str
    logprob: float
    top: bool


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of a request, all choices together."""

    prompt: int
    completion: int
    cached: int | None = None

    def as_json(self) -> dict[str, object]:
        """Return OpenAI's object; `cached_tokens` only if the engine can tell."""
        usage: dict[str, object] = {
            "prompt_tokens": self.prompt,
            "completion_tokens": self.completion,
            "total_tokens": self.prompt + self.completion,
        }
        if self.cached is not None:
            usage["prompt_tokens_details"] = {"cached_tokens": self.cached}
        return usage


@dataclass(frozen=True, slots=True)
class Answer:
    """One whole choice."""

    text: str
    finish: str
    logprobs: Sequence[TokenLogprob] | None = None
    tool_calls: Sequence[ToolCall] = ()


class Shape(Protocol):
    """How one of the two kinds of answer is written."""

    def opening(self, choice: int) -> bytes:
        """The first event of a choice, or nothing."""

    def piece(
        self, choice: int, text: str, logprobs: Sequence[TokenLogprob] | None, finish: str | None, offset: int
    ) -> bytes:
        """The event of new text, or of the end of a choice."""

    def calls(self, choice: int, calls: Sequence[ToolCall]) -> bytes:
        """The event of tool calls."""

    def usage(self, usage: Usage) -> bytes:
        """The event of the usage."""

    def whole(self, answers: Sequence[Answer], usage: Usage) -> bytes:
        """The body of an answer that is not streamed."""


class _Envelope:
    """What each event and body of one answer begins with."""

    def __init__(self, identity: str, kind: str, created: int, model: str) -> None:
        self.fields: dict[str, object] = {"id": identity, "object": kind, "created": created, "model": model}
        self._opening = (_encode(self.fields)[:-1] + ',"choices":[').encode()

    def event(self, choice: str) -> bytes:
        return sse.event(self._opening + choice.encode() + b"]}")

    def usage(self, usage: Usage) -> bytes:
        return sse.event(self._opening + b'],"usage":' + _encode(usage.as_json()).encode() + b"}")


class ChatShape:
    """`/v1/chat/completions`."""

    def __init__(self, identity: str, created: int, model: str) -> None:
        self._chunk = _Envelope(identity, "chat.completion.chunk", created, model)
        self._fields = _Envelope(identity, "chat.completion", created, model).fields

    def opening(self, choice: int) -> bytes:
        """The first event names the role."""
        return self._event(choice, {"role": "assistant", "content": ""}, None)

    def _event(self, choice: int, delta: dict[str, object], finish: str | None) -> bytes:
        return self._chunk.event(_encode({"index": choice, "delta": delta, "logprobs": None, "finish_reason": finish}))

    def piece(
        self, choice: int, text: str, logprobs: Sequence[TokenLogprob] | None, finish: str | None, offset: int
    ) -> bytes:
        """The event of new text, or of the end of a choice."""
        del offset
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

    def __init__(self, identity: str, created: int, model: str) -> None:
        self._envelope = _Envelope(identity, "text_completion", created, model)

    def opening(self, choice: int) -> bytes:
        """A completion opens with its text."""
        del choice
        return b""

    def piece(
        self, choice: int, text: str, logprobs: Sequence[TokenLogprob] | None, finish: str | None, offset: int
    ) -> bytes:
        """The event of new text, or of the end of a choice."""
        detail = "null" if logprobs is None else _encode(_text_logprobs(logprobs, offset))
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
                "logprobs": None if answer.logprobs is None else _text_logprobs(answer.logprobs, 0),
                "finish_reason": answer.finish,
            }
            for index, answer in enumerate(answers)
        ]
        return _encode({**self._envelope.fields, "choices": choices, "usage": usage.as_json()}).encode()


def _call(call: ToolCall) -> dict[str, object]:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def _chat_logprobs(logprobs: Sequence[TokenLogprob]) -> dict[str, object]:
    content = []
    for each in logprobs:
        entry: dict[str, object] = {
            "token": each.token,
            "logprob": each.logprob,
            "bytes": list(each.token.encode()),
        }
        content.append({**entry, "top_logprobs": [entry] if each.top else []})
    return {"content": content, "refusal": None}


def _text_logprobs(logprobs: Sequence[TokenLogprob], offset: int) -> dict[str, object]:
    offsets = []
    for each in logprobs:
        offsets.append(offset)
        offset += len(each.token)
    return {
        "tokens": [each.token for each in logprobs],
        "token_logprobs": [each.logprob for each in logprobs],
        "top_logprobs": [{each.token: each.logprob} for each in logprobs] if logprobs and logprobs[0].top else None,
        "text_offset": offsets,
    }


def model_body(name: str, created: int, max_model_len: int, *, tools: bool = False) -> bytes:
    """Return the body of `/v1/models/{model}`."""
    return _encode(_model(name, created, max_model_len, tools=tools)).encode()


def models_body(name: str, created: int, max_model_len: int, *, tools: bool = False) -> bytes:
    """Return the body of `/v1/models`."""
    row = _model(name, created, max_model_len, tools=tools)
    return _encode({"object": "list", "data": [row]}).encode()


def _model(name: str, created: int, max_model_len: int, *, tools: bool) -> dict[str, object]:
    """Return a model as OpenAI's, vLLM's (`max_model_len`) and Mistral's clients (the rest) know it."""
    return {
        "id": name,
        "object": "model",
        "created": created,
        "owned_by": "beaufort",
        "max_model_len": max_model_len,
        "type": "base",
        "max_context_length": max_model_len,
        "capabilities": {"completion_chat": True, "function_calling": tools},
    }
