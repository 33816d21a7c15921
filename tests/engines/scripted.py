"""An engine that says what a test tells it, a client in memory, and OpenAI's own types as the judge of answers."""

from __future__ import annotations

import asyncio
import codecs
import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import h11
from pydantic import BaseModel

from beaufort.engines.generation import (
    Constraint,
    Delta,
    EngineStats,
    Finish,
    JsonObject,
    ModelInfo,
    Receiver,
    Sampling,
)
from beaufort.engines.refusal import RequestError
from beaufort.engines.tools import ToolSyntax
from beaufort.wire import Exchange, Request, sse

LOGPROB = -0.5
CREATED = 1_700_000_000


class Submission:
    """One request in the engine, generated as the test says. A token is a byte of the text."""

    def __init__(self, prompt: Sequence[int], choices: int, sampling: Sampling, receiver: Receiver) -> None:
        self.prompt = bytes(prompt).decode()
        self.choices = choices
        self.sampling = sampling
        self.live = set(range(choices))
        self._receiver = receiver
        self._decoders = [codecs.getincrementaldecoder("utf-8")() for _ in range(choices)]

    def say(self, text: str, choice: int = 0, finish: Finish | None = None) -> None:
        """Generate ``text`` in one step."""
        self.step((choice, text.encode(), finish))

    def spell(self, text: str, choice: int = 0, finish: Finish | None = None) -> None:
        """Generate ``text`` token by token, which are bytes: characters come with the last of theirs."""
        tokens = text.encode()
        for place in range(len(tokens)):
            self.step((choice, tokens[place : place + 1], finish if place == len(tokens) - 1 else None))

    def step(self, *said: tuple[int, bytes, Finish | None]) -> None:
        """Generate tokens of several choices in one step; nothing for those that have ended."""
        deltas = [self._delta(*each) for each in said if each[0] in self.live]
        if deltas:
            self._receiver.on_deltas(deltas)

    def _delta(self, choice: int, tokens: bytes, finish: Finish | None) -> Delta:
        if finish is not None:
            self.live.discard(choice)
        text = self._decoders[choice].decode(tokens)
        return Delta(choice, text, list(tokens), [LOGPROB] * len(tokens) if self.sampling.logprobs else (), finish)

    def fail(self, reason: str) -> None:
        """Lose the request."""
        if self.live:
            self.live.clear()
            self._receiver.on_failure(reason)

    def stop(self, choice: int) -> None:
        """End one choice."""
        self.live.discard(choice)

    def abort(self) -> None:
        """End every choice."""
        self.live.clear()


class ScriptedEngine:
    """An engine driven by a test.

    Attributes:
        submissions: What was asked, in order.
        constraints: What was to be made a grammar.
        error: Raised by the next ``submit``.
    """

    def __init__(
        self,
        *,
        tools: ToolSyntax | None = None,
        grammars: bool = True,
        logprobs: bool = True,
        max_model_len: int = 1000,
        name: str = "scripted/model",
    ) -> None:
        self._info = ModelInfo(
            name=name,
            max_model_len=max_model_len,
            vocabulary=256,
            tools=tools,
            grammars=grammars,
            logprobs=logprobs,
            created=CREATED,
        )
        self.submissions: list[Submission] = []
        self.constraints: list[Constraint] = []
        self.error: Exception | None = None
        self._failure: str | None = None
        self._failed = asyncio.Event()

    @property
    def info(self) -> ModelInfo:
        return self._info

    @property
    def failure(self) -> str | None:
        return self._failure

    @property
    def failed(self) -> asyncio.Event:
        return self._failed

    def fail(self, reason: str) -> None:
        """Fail for good."""
        self._failure = reason
        self._failed.set()
        for submission in self.submissions:
            submission.fail(reason)

    def start(self) -> None:
        """Nothing is to be done."""

    def guard(self, exchange: Exchange) -> bool:
        del exchange
        return False

    def render_chat(self, messages: Sequence[JsonObject], tools: Sequence[JsonObject] | None) -> str:
        lines = [json.dumps(tools)] if tools is not None else []
        return "\n".join([*lines, *(f"{message['role']}: {message['content']}" for message in messages)])

    def tokenize(self, text: str, *, special: bool) -> Sequence[int]:
        return [*(b"^" if special else b""), *text.encode()]

    def token_bytes(self, token: int) -> bytes:
        return bytes([token])

    def grammar(self, constraint: Constraint) -> str:
        self.constraints.append(constraint)
        if constraint.schema is not None and "pattern" in constraint.schema.schema:
            message = "'pattern' is not served"
            raise RequestError(message, param="response_format")
        return f"grammar {len(self.constraints)}"

    def submit(self, prompt: Sequence[int], choices: int, sampling: Sampling, receiver: Receiver) -> Submission:
        if self.error is not None:
            error, self.error = self.error, None
            raise error
        self.submissions.append(Submission(prompt, choices, sampling, receiver))
        return self.submissions[-1]

    def stats(self) -> EngineStats:
        running = sum(len(submission.live) for submission in self.submissions)
        return EngineStats(running=running, waiting=0, kv_usage=0.25, kv_blocks=10, kv_block_tokens=16)


class Client:
    """The client's side of one exchange: what was sent to it, read by h11."""

    draining = False

    def __init__(self, method: str = "POST", path: str = "/", body: bytes = b"") -> None:
        self.exchange = Exchange(self, Request(method, path, "", (), body), "client:1")
        self.complete = False
        self._method = method
        self._received = b""

    def write(self, data: bytes) -> None:
        self._received += data

    def finish(self, exchange: Exchange, *, keep_alive: bool) -> None:
        del exchange, keep_alive
        self.complete = True

    def cut(self) -> None:
        message = "a response was cut"
        raise AssertionError(message)

    @property
    def silent(self) -> bool:
        """Whether nothing was sent so far."""
        return not self._received

    def _read(self) -> tuple[h11.Response, bytes]:
        parser = h11.Connection(h11.CLIENT)
        parser.send(h11.Request(method=self._method, target="/", headers=[("host", "a")]))
        parser.send(h11.EndOfMessage())
        parser.receive_data(self._received)
        head = parser.next_event()
        assert isinstance(head, h11.Response)
        body = b""
        while isinstance(event := parser.next_event(), h11.Data):
            body += event.data
        assert self.complete is isinstance(event, h11.EndOfMessage)
        return head, body

    @property
    def status(self) -> int:
        return self._read()[0].status_code

    def header(self, name: bytes) -> bytes | None:
        return dict(self._read()[0].headers.raw_items()).get(name)

    @property
    def body(self) -> bytes:
        return self._read()[1]

    @property
    def json(self) -> Any:  # noqa: ANN401 - as json.loads
        return json.loads(self.body)

    @property
    def error(self) -> Mapping[str, object]:
        """The error object of OpenAI's shape, which has these four fields and no others."""
        (error,) = self.json.values()
        assert sorted(error) == ["code", "message", "param", "type"]
        assert error["message"]
        return dict(error)

    @property
    def events(self) -> list[bytes]:
        """The data of the events so far."""
        assert self.header(b"content-type") == b"text/event-stream; charset=utf-8"
        return sse.Decoder().feed(self.body)


_Type = TypeVar("_Type", bound=BaseModel)


def judged(kind: type[_Type], data: bytes) -> _Type:
    """Return what OpenAI's client makes of ``data``: every field must be there, of its type, and known."""
    read = kind.model_validate_json(data, strict=True)
    _assert_known(read, kind.__name__)
    return read


def _assert_known(value: object, place: str) -> None:
    match value:
        case BaseModel():
            assert not value.model_extra, f"{place} has {sorted(value.model_extra or ())}"
            for name in value.model_fields_set:
                _assert_known(getattr(value, name), f"{place}.{name}")
        case list():
            for each in value:
                _assert_known(each, f"{place}[]")
