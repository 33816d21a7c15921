"""A small load generator: streamed completions over persistent connections, timed at the client."""

from __future__ import annotations

import asyncio
import json
import resource
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from beaufort.wire import Pool, sse
from beaufort.wire.fetch import encode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from beaufort.wire import ResponseHead, WireError


@dataclass(frozen=True, slots=True)
class Sample:
    """One streamed completion.

    Attributes:
        first_token_seconds: From sending to the first event.
        tokens: Generated, as the server's usage says.
        prompt_tokens: As the server's usage says.
    """

    first_token_seconds: float
    tokens: int
    prompt_tokens: int


@dataclass(frozen=True, slots=True)
class Load:
    """What a number of completions in flight at once came to.

    Attributes:
        samples: One for each completion.
        wall_seconds: From the first request to the last token.
        client_cpu_seconds: Processor time that this load generator took meanwhile.
    """

    samples: tuple[Sample, ...]
    wall_seconds: float
    client_cpu_seconds: float

    @property
    def tokens_per_second(self) -> float:
        """Generated tokens of all completions by the wall's clock."""
        return sum(sample.tokens for sample in self.samples) / self.wall_seconds


class _Stream:
    """The sink of one streamed completion."""

    def __init__(self) -> None:
        self._decoder = sse.Decoder()
        self._status = 0
        self.first = 0.0
        self.last = b""
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def on_head(self, head: ResponseHead) -> None:
        self._status = head.status

    def on_body(self, data: bytes) -> None:
        if not self.first:
            self.first = time.perf_counter()
        for event in self._decoder.feed(data):
            if event != b"[DONE]":
                self.last = event

    def on_end(self) -> None:
        if self._status == 200:  # noqa: PLR2004 - OK
            self.done.set_result(None)
        else:
            self.done.set_exception(RuntimeError(f"status {self._status}: {self.last!r}"))

    def on_lost(self, error: WireError) -> None:
        self.done.set_exception(error)


async def _one(pool: Pool, prompt: str, max_tokens: int) -> Sample:
    body = {
        "prompt": prompt,
        "max_tokens": max_tokens,
        "ignore_eos": True,
        "temperature": 0,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    connection = pool.take() or await pool.connect()
    stream = _Stream()
    began = time.perf_counter()
    connection.send(encode("POST", "/v1/completions", pool.host, (), json.dumps(body).encode()), stream)
    await stream.done
    pool.give_back(connection)
    usage = json.loads(stream.last)["usage"]
    return Sample(stream.first - began, usage["completion_tokens"], usage["prompt_tokens"])


async def run(pool: Pool, prompts: Sequence[str], max_tokens: int) -> Load:
    """Send every prompt at once and wait for all of them."""
    before = resource.getrusage(resource.RUSAGE_SELF)
    began = time.perf_counter()
    samples = await asyncio.gather(*(_one(pool, prompt, max_tokens) for prompt in prompts))
    wall = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Load(tuple(samples), wall, cpu)
