"""The engine: the simulator's replica, stepped on the real clock."""

from __future__ import annotations

import asyncio
import os
import random
import zlib
from collections.abc import Sequence
from http import HTTPStatus

from beaufort.engines.emulated.faults import Faults
from beaufort.engines.emulated.text import Words
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
from beaufort.engines.refusal import JSON, RequestError, error_body
from beaufort.simulate.config import ReplicaConfig
from beaufort.simulate.replica import Replica
from beaufort.simulate.request import Request, UnfitRequestError, hash_blocks
from beaufort.simulate.step import Step
from beaufort.wire import Exchange

_BEHIND_SECONDS = 0.25  # a schedule missed by more is not caught up with
_CRASH_CODE = 1


class _Sequence:
    """One choice of one request."""

    __slots__ = ("choice", "given", "longest", "receiver", "tokens")

    def __init__(self, choice: int, tokens: Sequence[int], longest: int, receiver: Receiver) -> None:
        self.choice = choice
        self.tokens = tokens
        self.longest = longest
        self.receiver = receiver
        self.given = 0


class EmulatedEngine:
    """Generates words with an accelerator's timing.

    Args:
        replica: Steps.
        config: Of the replica.
        words: The vocabulary.
        info: The model.
        faults: Failures on purpose.
        time_scale: Seconds of the real clock for one of the accelerator's.
        seed: Of which requests an `error` fault hits.
    """

    def __init__(
        self,
        replica: Replica,
        config: ReplicaConfig,
        words: Words,
        info: ModelInfo,
        faults: Faults,
        *,
        time_scale: float = 1.0,
        seed: int = 0,
    ) -> None:
        self._replica = replica
        self._config = config
        self._words = words
        self._info = info
        self._faults = faults
        self._time_scale = time_scale
        self._random = random.Random(seed)  # noqa: S311 - chance of a rehearsal, not a secret
        self._live: dict[int, _Sequence] = {}
        self._next_id = 0
        self._stepping = False
        self._due = 0.0
        self._began: float | None = None
        self._failed = asyncio.Event()

    @property
    def info(self) -> ModelInfo:
        """The model and what can be done with it."""
        return self._info

    @property
    def failure(self) -> str | None:
        """Never: this engine fails only by its faults."""
        return None

    @property
    def failed(self) -> asyncio.Event:
        """Never set."""
        return self._failed

    def guard(self, exchange: Exchange) -> bool:
        """Apply the faults to a request; return whether it is dealt with."""
        age = self._age()
        if self._faults.value("hang", age) is not None:
            return True
        serving = exchange.request.path.startswith("/v1/")
        if self._faults.value("loading", age) is not None and (serving or exchange.request.path == "/health"):
            _answer(exchange, HTTPStatus.SERVICE_UNAVAILABLE, "the emulated weights are still being loaded")
            return True
        rate = self._faults.value("error", age)
        if serving and exchange.request.method == "POST" and rate is not None and self._random.random() < rate:
            _answer(exchange, HTTPStatus.INTERNAL_SERVER_ERROR, "an error on purpose")
            return True
        return False

    def start(self) -> None:
        """Begin to count the engine's age, by which faults happen. Called once it listens."""
        self._age()
        crash = self._faults.next_begin("crash")
        if crash is not None:
            asyncio.get_running_loop().call_later(crash, os._exit, _CRASH_CODE)

    def render_chat(self, messages: Sequence[JsonObject], tools: Sequence[JsonObject] | None) -> str:
        """Return the prompt in the manner of Mistral's template."""
        del tools
        parts = [
            f" {message['content']}</s>" if message["role"] == "assistant" else f"[INST] {message['content']} [/INST]"
            for message in messages
        ]
        return "<s>" + "".join(parts)

    def tokenize(self, text: str, *, special: bool) -> Sequence[int]:
        """Return the tokens of ``text``; none is added."""
        del special
        return self._words.tokenize(text)

    def token_bytes(self, token: int) -> bytes:
        """Return the bytes of one token."""
        return self._words.text(token).encode()

    def grammar(self, constraint: Constraint) -> str:
        """Refuse: words at random follow no grammar."""
        del constraint
        message = "an emulated engine cannot hold its words to a form"
        raise RequestError(message, code="unsupported_parameter")

    def submit(self, prompt: Sequence[int], choices: int, sampling: Sampling, receiver: Receiver) -> EmulatedGeneration:
        """Take a request on; each choice is a sequence of its own."""
        ids: list[int] = []
        for choice in range(choices):
            tokens = self._words.answer(
                prompt,
                self._salt(sampling, choice),
                sampling.max_tokens,
                shortest=sampling.min_tokens,
                endless=sampling.ignore_eos,
            )
            identity, self._next_id = self._next_id, self._next_id + 1
            hashes = hash_blocks((*prompt, *tokens), self._config.block_size)
            try:
                self._replica.submit(Request(identity, len(prompt), len(tokens), hashes))
            except UnfitRequestError as error:
                for each in ids:
                    self.end(each)
                raise RequestError(str(error), code="context_length_exceeded") from error
            ids.append(identity)
            self._live[identity] = _Sequence(choice, tokens, sampling.max_tokens, receiver)
        if not self._stepping:
            self._stepping = True
            self._due = 0.0
            asyncio.get_running_loop().call_soon(self._step)
        return EmulatedGeneration(self, ids)

    def _salt(self, sampling: Sampling, choice: int) -> int:
        if sampling.greedy:
            return 0
        seed = self._random.getrandbits(32) if sampling.seed is None else sampling.seed
        return zlib.crc32(f"{seed}.{choice}".encode())

    def stats(self) -> EngineStats:
        """Return the state at this moment."""
        stats = self._replica.stats()
        broken = self._faults.value("nan", self._age()) is not None
        return EngineStats(
            running=float("nan") if broken else stats.running,
            waiting=float("nan") if broken else stats.waiting,
            kv_usage=float("nan") if broken else stats.kv_usage,
            kv_blocks=stats.blocks,
            kv_block_tokens=self._config.block_size,
            prefix_queries=stats.prefix_queries,
            prefix_hits=stats.prefix_hits,
            preemptions=stats.preemptions,
        )

    def end(self, identity: int) -> None:
        """Take a sequence out and free its KV at once."""
        if self._live.pop(identity, None) is not None:
            self._replica.abort(identity)

    def _age(self) -> float:
        now = asyncio.get_running_loop().time()
        if self._began is None:
            self._began = now
        return now - self._began

    def _step(self) -> None:
        loop = asyncio.get_running_loop()
        age = self._age()
        until = self._faults.next_end("hang", age)
        if until is not None:
            if until != float("inf"):
                loop.call_later(until - age, self._step)
            return
        step = self._replica.step()
        if step is None:
            self._stepping = False
            return
        slow = self._faults.value("slow", age) or 1.0
        # From the planned end of the step before, so that the loop's delays do not add up.
        now = loop.time()
        start = self._due if now - self._due < _BEHIND_SECONDS else now
        self._due = start + step.duration_seconds * self._time_scale * slow
        loop.call_at(self._due, self._deliver, step)

    def _deliver(self, step: Step) -> None:
        by_receiver: dict[Receiver, list[Delta]] = {}
        finished = set(step.finished)
        for identity in step.emitted:
            sequence = self._live.get(identity)
            if sequence is None:  # aborted while the step lasted
                continue
            token = sequence.tokens[sequence.given]
            sequence.given += 1
            finish: Finish | None = None
            if identity in finished:
                finish = "length" if sequence.given == sequence.longest else "stop"
                del self._live[identity]
            delta = Delta(sequence.choice, self._words.text(token), (token,), (), finish)
            by_receiver.setdefault(sequence.receiver, []).append(delta)
        for receiver, deltas in by_receiver.items():
            receiver.on_deltas(deltas)
        self._step()


class EmulatedGeneration:
    """One request in the engine."""

    def __init__(self, engine: EmulatedEngine, ids: Sequence[int]) -> None:
        self._engine = engine
        self._ids = ids

    def stop(self, choice: int) -> None:
        """End one choice."""
        self._engine.end(self._ids[choice])

    def abort(self) -> None:
        """End every choice."""
        for identity in self._ids:
            self._engine.end(identity)


def _answer(exchange: Exchange, status: HTTPStatus, message: str) -> None:
    exchange.respond(status, error_body(status, message), JSON)
