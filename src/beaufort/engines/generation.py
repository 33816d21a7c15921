"""What an engine is asked and what it gives: frozen values, and the protocol that every engine keeps."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol

from beaufort.engines.tools import ToolSyntax
from beaufort.wire import Exchange

Finish = Literal["stop", "length"]
JsonObject = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Sampling:
    """How tokens are chosen.

    Attributes:
        max_tokens: At most so many tokens; at least 1.
        min_tokens: No end of text before so many tokens.
        temperature: 0 is greedy.
        top_p: Smallest set of tokens whose probabilities add up to this, 0 < top_p <= 1.
        top_k: The most probable tokens only; None is all.
        min_p: Tokens at least this fraction as probable as the most probable one.
        seed: Of the random numbers; None takes a fresh one.
        presence_penalty: Subtracted from the logit of a token that has occurred.
        frequency_penalty: Subtracted as often as it has occurred.
        repetition_penalty: Divides the logit of a token that has occurred.
        ignore_eos: Go on after the end of text.
        logprobs: Give the log-probability of each chosen token.
        special_text: Show special tokens, but for the end of text: a model's tool calls may be marked by them.
        grammar: What the output has to follow, as ``Engine.grammar`` gives it; None is free text.
    """

    max_tokens: int
    min_tokens: int = 0
    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int | None = None
    min_p: float = 0.0
    seed: int | None = None
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    repetition_penalty: float = 1.0
    ignore_eos: bool = False
    logprobs: bool = False
    special_text: bool = False
    grammar: str | None = None

    @property
    def greedy(self) -> bool:
        """Whether the most probable token is always taken."""
        return self.temperature == 0


@dataclass(frozen=True, slots=True)
class PlacedSchema:
    """A JSON Schema.

    Attributes:
        schema: As the client sent it.
        at: Its place in the request's body, by which a mistake in it is named.
    """

    schema: JsonObject
    at: str


@dataclass(frozen=True, slots=True)
class Constraint:
    """What output is held to: a JSON text, calls of functions, or the one or the other as the model chooses.

    Attributes:
        schema: Of the JSON text; None when there must be a call.
        functions: The schema of each function's arguments, by its name; empty when no call may be made.
        several: Whether more than one call may be made.
    """

    schema: PlacedSchema | None = None
    functions: Mapping[str, PlacedSchema] = field(default_factory=dict)
    several: bool = True


class Delta(NamedTuple):
    """What one step added to one choice.

    Attributes:
        choice: Index of the choice, from 0.
        text: The new text; may be empty while a character is incomplete.
        tokens: The new tokens' ids.
        logprobs: Their log-probabilities if they were asked for, else empty.
        finish: Why the choice ended with this delta, or None.
    """

    choice: int
    text: str
    tokens: Sequence[int]
    logprobs: Sequence[float] = ()
    finish: Finish | None = None


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """The model that an engine serves, and what it can do with it.

    Attributes:
        name: What clients call it.
        max_model_len: Tokens of prompt and output together.
        vocabulary: How many tokens there are; each is a number below it.
        tools: How the model writes tool calls, or None when its chat template knows none.
        grammars: Whether output can be held to a JSON Schema or to calls of tools.
        logprobs: Whether log-probabilities of the chosen tokens can be had.
        created: Seconds since the epoch.
    """

    name: str
    max_model_len: int
    vocabulary: int
    tools: ToolSyntax | None
    grammars: bool
    logprobs: bool
    created: int


@dataclass(frozen=True, slots=True)
class EngineStats:
    """An engine's state at one moment. None where the engine cannot tell: a figure is never made up.

    Attributes:
        running: Sequences in the present batch.
        waiting: Sequences not yet in it.
        kv_usage: Part of the KV cache held by living sequences, 0 to 1.
        kv_blocks: How many blocks the KV cache has.
        kv_block_tokens: Tokens of one block.
        prefix_queries: Prompt tokens looked up in the prefix cache so far.
        prefix_hits: Prompt tokens found there so far.
        preemptions: Sequences put back to waiting for lack of KV room so far.
    """

    running: float
    waiting: float
    kv_usage: float
    kv_blocks: int
    kv_block_tokens: int
    prefix_queries: int | None = None
    prefix_hits: int | None = None
    preemptions: int | None = None


class Receiver(Protocol):
    """Who receives what an engine generates for one request. Called on the event loop."""

    def on_deltas(self, deltas: Sequence[Delta]) -> None:
        """What one step added."""

    def on_failure(self, reason: str) -> None:
        """The engine cannot finish this request; nothing more will come."""


class Generation(Protocol):
    """One request in an engine."""

    def stop(self, choice: int) -> None:
        """End one choice: its text is complete. No further delta of it is delivered."""

    def abort(self) -> None:
        """End every choice and free its KV at once. Nothing more is delivered. Harmless when all has ended."""


class Engine(Protocol):
    """A model that generates. All calls are made on the event loop and return at once."""

    @property
    def info(self) -> ModelInfo:
        """The model and what can be done with it."""

    def start(self) -> None:
        """Take note that the engine is listened to from now on."""

    def guard(self, exchange: Exchange) -> bool:
        """Deal with a request before its route does, if there is a reason to; return whether that was done."""

    def render_chat(self, messages: Sequence[JsonObject], tools: Sequence[JsonObject] | None) -> str:
        """Return the prompt that the model's chat template makes of ``messages``.

        Raises:
            RequestError: The template refuses them.
        """

    def tokenize(self, text: str, *, special: bool) -> Sequence[int]:
        """Return the tokens of ``text``; with ``special``, with the model's begin-of-text token where it has one."""

    def token_bytes(self, token: int) -> bytes:
        """Return the bytes of one token, which may be a part of a character."""

    def grammar(self, constraint: Constraint) -> str:
        """Return a constraint as the text that ``Sampling.grammar`` takes.

        Raises:
            RequestError: The engine cannot hold its output to it.
        """

    def submit(self, prompt: Sequence[int], choices: int, sampling: Sampling, receiver: Receiver) -> Generation:
        """Take a request on: generate ``choices`` continuations of ``prompt``.

        Raises:
            RequestError: It cannot be served, for example because it would never fit.
        """

    def stats(self) -> EngineStats:
        """Return the state at this moment."""

    @property
    def failure(self) -> str | None:
        """Why the engine cannot serve at all any more, or None."""

    @property
    def failed(self) -> asyncio.Event:
        """Set together with ``failure``; every request in the engine is told."""


Clock = Callable[[], float]
