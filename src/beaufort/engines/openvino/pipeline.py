"""The engine: OpenVINO GenAI's continuous batching pipeline, stepped on the event loop.

`step()` holds Python's interpreter lock for as long as it computes, so a thread of its own would stop the event loop
just as long, and add the hand-over. The loop therefore steps itself: one step, its tokens delivered, one turn of
the loop for the network, the next step. Nothing needs a lock.

The pipeline takes any number of sequences into one batch, so those over `max_sequences` wait here, in order.
An exception inside a step leaves the pipeline useless: the engine then fails for good, and its process with it.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import openvino
import openvino_genai as genai

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
from beaufort.engines.openvino.constraint import grammar_of
from beaufort.engines.openvino.detokenizer import Detokenizer, Tail, by_length
from beaufort.engines.openvino.sampling import generation_config
from beaufort.engines.refusal import RequestError
from beaufort.wire import Exchange

_log = logging.getLogger(__name__)
_FINISH: dict[genai.GenerationFinishReason, Finish] = {
    genai.GenerationFinishReason.STOP: "stop",
    genai.GenerationFinishReason.LENGTH: "length",
}
_ALIVE = genai.GenerationStatus.RUNNING


@dataclass(frozen=True, slots=True)
class Capacity:
    """What one pipeline holds at once.

    Attributes:
        sequences: In one batch; more wait.
        kv_blocks: Blocks of the KV cache.
        kv_block_tokens: Tokens of one block.
    """

    sequences: int
    kv_blocks: int
    kv_block_tokens: int


class _Sequence:
    """One choice of one request."""

    __slots__ = ("choice", "config", "handle", "over", "prompt", "receiver", "special_text", "tail")

    def __init__(
        self,
        prompt: openvino.Tensor,
        config: genai.GenerationConfig,
        choice: int,
        receiver: Receiver,
        *,
        special_text: bool,
    ) -> None:
        self.special_text = special_text
        self.prompt = prompt
        self.config = config
        self.choice = choice
        self.receiver = receiver
        self.handle: genai.GenerationHandle | None = None
        self.tail = Tail()
        self.over = False


class OpenVINOEngine:
    """Generates with a pipeline.

    Args:
        pipeline: Loaded and idle.
        info: The model.
        capacity: What the pipeline was made to hold.
    """

    def __init__(self, pipeline: genai.ContinuousBatchingPipeline, info: ModelInfo, capacity: Capacity) -> None:
        self._pipeline = pipeline
        self._tokenizer = pipeline.get_tokenizer()
        self._vocabulary: dict[int, bytes] = {token: raw for raw, token in self._tokenizer.get_vocab().items()}
        self._defaults = pipeline.get_config()
        self._info = info
        self._capacity = capacity
        self._plain = Detokenizer(partial(self._tokenizer.decode, skip_special_tokens=True))
        self._special = Detokenizer(by_length(partial(self._tokenizer.decode, skip_special_tokens=False)))
        self._waiting: deque[_Sequence] = deque()
        self._running: dict[int, _Sequence] = {}
        self._next_id = 0
        self._stepping = False
        self._failure: str | None = None
        self._failed = asyncio.Event()

    @property
    def info(self) -> ModelInfo:
        """The model and what can be done with it."""
        return self._info

    @property
    def failure(self) -> str | None:
        """Why the engine cannot serve at all any more, or None."""
        return self._failure

    @property
    def failed(self) -> asyncio.Event:
        """Set together with ``failure``."""
        return self._failed

    def start(self) -> None:
        """Nothing is to be done: the pipeline is ready."""

    def guard(self, exchange: Exchange) -> bool:
        """Let every request take its route."""
        del exchange
        return False

    def render_chat(self, messages: Sequence[JsonObject], tools: Sequence[JsonObject] | None) -> str:
        """Return the prompt that the model's chat template makes of ``messages``."""
        history = [dict(message) for message in messages]
        listed = None if tools is None else [dict(tool) for tool in tools]
        try:
            prompt: str = self._tokenizer.apply_chat_template(history, add_generation_prompt=True, tools=listed)
        except RuntimeError as error:
            message = "the model's chat template refuses these messages"
            raise RequestError(message, param="messages") from error
        return prompt

    def tokenize(self, text: str, *, special: bool) -> Sequence[int]:
        """Return the tokens of ``text``, cut at the model's context: a prompt that long is refused in any case."""
        encoded = self._tokenizer.encode(text, add_special_tokens=special)
        return [int(token) for token in encoded.input_ids.data[0]]

    def token_bytes(self, token: int) -> bytes:
        """Return the bytes of one token, special tokens included.

        A byte-level vocabulary has them; another one, such as SentencePiece's, writes a space as a sign of its own.
        """
        text: str = self._tokenizer.decode([token], skip_special_tokens=False)
        raw = self._vocabulary.get(token, b"")
        return raw if raw.decode(errors="ignore") == text else text.encode()

    def grammar(self, constraint: Constraint) -> str:
        """Return a constraint as the text that ``Sampling.grammar`` takes."""
        return grammar_of(constraint, self._info.tools)

    def submit(self, prompt: Sequence[int], choices: int, sampling: Sampling, receiver: Receiver) -> OpenVINOGeneration:
        """Take a request on; each choice is a sequence of its own, which share the prompt's KV by prefix caching."""
        room = self._capacity.kv_blocks * self._capacity.kv_block_tokens
        if len(prompt) + 1 > room:
            message = f"the prompt has {len(prompt)} tokens, and the KV cache holds {room}"
            raise RequestError(message, param="prompt", code="context_length_exceeded")
        tensor = openvino.Tensor(np.array([prompt], dtype=np.int64))
        sequences = []
        for choice in range(choices):
            config = generation_config(self._defaults, sampling, choice)
            sequences.append(_Sequence(tensor, config, choice, receiver, special_text=sampling.special_text))
        self._waiting.extend(sequences)
        self._wake()
        return OpenVINOGeneration(self, sequences)

    def stats(self) -> EngineStats:
        """Return the state at this moment."""
        metrics = self._pipeline.get_metrics()
        # The pipeline's figures are those of its last step: without a living sequence they are of the past.
        batch = min(metrics.scheduled_requests, len(self._running))
        return EngineStats(
            running=batch,
            waiting=len(self._waiting) + len(self._running) - batch,
            kv_usage=min(metrics.cache_usage / 100, 1.0) if self._running else 0.0,
            kv_blocks=self._capacity.kv_blocks,
            kv_block_tokens=self._capacity.kv_block_tokens,
        )

    def end(self, sequence: _Sequence) -> None:
        """Take a sequence out at once. Its KV is free with the next step, which is made in any case."""
        if sequence.over:
            return
        sequence.over = True
        if sequence.handle is None:
            self._waiting.remove(sequence)
            return
        sequence.handle.cancel()
        self._running = {key: each for key, each in self._running.items() if each is not sequence}
        self._wake()

    def _wake(self) -> None:
        if not self._stepping and self._failure is None:
            self._stepping = True
            asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        """Let one more turn of the event loop read and write sockets, so that new requests join the next step."""
        asyncio.get_running_loop().call_soon(self._step)

    def _step(self) -> None:
        try:
            self._admit()
            if self._pipeline.has_non_finished_requests():
                self._pipeline.step()
                self._collect()
        except Exception as error:  # noqa: BLE001 - whatever it is, every client has to hear of it
            self._fail(error)
            return
        if self._waiting or self._running or self._pipeline.has_non_finished_requests():
            asyncio.get_running_loop().call_soon(self._turn)
        else:
            self._stepping = False

    def _admit(self) -> None:
        while self._waiting and len(self._running) < self._capacity.sequences:
            sequence = self._waiting.popleft()
            sequence.handle = self._pipeline.add_request(self._next_id, sequence.prompt, sequence.config)
            self._running[self._next_id] = sequence
            self._next_id += 1

    def _collect(self) -> None:
        """Read what the step brought, turn it into text in one go, and deliver it request by request."""
        read: list[tuple[_Sequence, genai.GenerationOutput]] = []
        ended: list[int] = []
        lost: list[_Sequence] = []
        for key, sequence in self._running.items():
            handle = sequence.handle
            if handle is None:
                continue
            if handle.can_read():
                output = next(iter(handle.read().values()))
                read.append((sequence, output))
                if output.finish_reason in _FINISH:
                    ended.append(key)
            elif handle.get_status() != _ALIVE:
                ended.append(key)
                lost.append(sequence)
        for key in ended:
            del self._running[key]
        self._deliver(read)
        for sequence in lost:
            sequence.over = True
            sequence.receiver.on_failure("the KV cache has no room for this request")

    def _deliver(self, read: Sequence[tuple[_Sequence, genai.GenerationOutput]]) -> None:
        by_receiver: dict[Receiver, list[Delta]] = {}
        for detokenizer, special in ((self._plain, False), (self._special, True)):
            rows = [row for row in read if row[0].special_text is special]
            if not rows:
                continue
            shown = [self._shown(sequence, output) for sequence, output in rows]
            texts = detokenizer.extend([sequence.tail for sequence, _ in rows], shown)
            for (sequence, output), text in zip(rows, texts, strict=True):
                finish = _FINISH.get(output.finish_reason)
                sequence.over = finish is not None
                logprobs = output.generated_log_probs if sequence.config.logprobs else ()
                delta = Delta(sequence.choice, text, output.generated_ids, logprobs, finish)
                by_receiver.setdefault(sequence.receiver, []).append(delta)
        for receiver, deltas in by_receiver.items():
            receiver.on_deltas(deltas)

    def _shown(self, sequence: _Sequence, output: genai.GenerationOutput) -> Sequence[int]:
        """Return the tokens that have a text: all but the end of text, where special tokens are shown."""
        tokens: Sequence[int] = output.generated_ids
        if not sequence.special_text:
            return tokens
        return [token for token in tokens if token not in self._defaults.stop_token_ids]

    def _fail(self, error: Exception) -> None:
        _log.exception("the pipeline failed")
        self._failure = f"the pipeline failed: {str(error).strip().splitlines()[-1][:300]}"
        self._stepping = False
        self._failed.set()
        sequences = [*self._running.values(), *self._waiting]
        self._running.clear()
        self._waiting.clear()
        for sequence in sequences:
            sequence.over = True
            sequence.receiver.on_failure(self._failure)


class OpenVINOGeneration:
    """One request in the pipeline."""

    def __init__(self, engine: OpenVINOEngine, sequences: Sequence[_Sequence]) -> None:
        self._engine = engine
        self._sequences = sequences

    def stop(self, choice: int) -> None:
        """End one choice."""
        self._engine.end(self._sequences[choice])

    def abort(self) -> None:
        """End every choice."""
        for sequence in self._sequences:
            self._engine.end(sequence)
