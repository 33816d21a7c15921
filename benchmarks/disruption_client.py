"""The client of `disruption.py`. It runs in a pod, where all it has is Beaufort's image, and asks until its input ends.

    python disruption_client.py HOST PORT MODEL RATE < what is held open

Requests come at random times at a constant rate, whether or not earlier ones are answered; every second one streams.
Connections are kept, as clients keep them, for up to 50 requests: so they come to lead to near gateways again. What is
lost before a byte came back, or is answered by a server error, is sent again twice, as OpenAI's clients do, and that is
counted. One JSON line for each request.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from typing import TYPE_CHECKING

from beaufort.wire import Pool, WireError, sse
from beaufort.wire.fetch import encode

if TYPE_CHECKING:
    from beaufort.wire import ResponseHead

_TRIES = 3
_REQUESTS = 50
_SILENCE_SECONDS = 30.0
_SERVER_ERROR = 500
_OK = 200


class Answer:
    """The sink of one answer."""

    def __init__(self) -> None:
        self._decoder = sse.Decoder()
        self.status = 0
        self.first = 0.0
        self.heard = time.monotonic()
        self.events: list[bytes] = []
        self.ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def on_head(self, head: ResponseHead) -> None:
        self.status = head.status

    def on_body(self, data: bytes) -> None:
        self.heard = time.monotonic()
        self.first = self.first or self.heard
        self.events += self._decoder.feed(data)

    def on_end(self) -> None:
        self._finish("")

    def on_lost(self, error: WireError) -> None:
        self._finish(error.problems[0].what)

    def _finish(self, why: str) -> None:
        if not self.ended.done():
            self.ended.set_result(why)


class Client:
    """Asks one address."""

    def __init__(self, pool: Pool, model: str) -> None:
        self._pool = pool
        self._model = model
        self._random = random.Random(1)  # noqa: S311 - reproducible, not secret

    async def ask(self, number: int) -> None:
        """Send one request, and print what came of it."""
        streams = number % 2 == 0
        began, wall = time.monotonic(), time.time()
        why: list[str] = []
        outcome, answer = "failed", None
        while outcome == "failed" and len(why) < _TRIES:
            answer, lost = await self._try(number, stream=streams)
            outcome = _outcome(answer, lost, stream=streams)
            if outcome == "failed":
                why.append(lost or f"status {answer.status if answer else 0}")
        retries = min(len(why), _TRIES - 1)
        if outcome != "ok" and answer is not None:
            why.append(answer.events[-1].decode()[:200] if answer.events else "")
        first = answer.first - began if answer is not None and answer.first else None
        row = {"at": wall, "stream": streams, "outcome": outcome, "retries": retries, "first": first}
        print(json.dumps({**row, "total": time.monotonic() - began, "why": "; ".join(filter(None, why))}), flush=True)

    async def _try(self, number: int, *, stream: bool) -> tuple[Answer | None, str]:
        body = {
            "model": self._model,
            "messages": [{"role": "user", "content": f"request {number}"}],
            "max_tokens": self._random.randint(30, 90),
            "ignore_eos": True,
            "stream": stream,
        }
        try:
            connection = self._pool.take() or await self._pool.connect()
        except WireError as error:
            return None, error.problems[0].what
        answer = Answer()
        connection.send(encode("POST", "/v1/chat/completions", self._pool.where, (), json.dumps(body).encode()), answer)
        while not answer.ended.done():
            await asyncio.wait([answer.ended], timeout=1.0)
            if time.monotonic() - answer.heard > _SILENCE_SECONDS:
                connection.close()
                return answer, f"nothing for {_SILENCE_SECONDS:g} s"
        lost = answer.ended.result()
        if not lost and connection.used < _REQUESTS:
            self._pool.give_back(connection)
        else:
            connection.close()
        return answer, lost


def _outcome(answer: Answer | None, lost: str, *, stream: bool) -> str:
    """Return what came of a request.

    `ok`; `told`: it ended with an error event; `cut`: the connection was lost in the middle; `silent`: it ended as if
    it were whole, and is not; `failed`: nothing came.
    """
    if answer is None or not answer.first or answer.status >= _SERVER_ERROR:
        return "failed"
    if lost:
        return "cut"
    if not stream:
        return "ok" if answer.status == _OK else "failed"
    last = answer.events[-1] if answer.events else b""
    if last == b"[DONE]":
        return "ok"
    return "told" if b'"error"' in last else "silent"


async def main(host: str, port: int, model: str, rate: float) -> None:
    """Ask until standard input ends, and wait for the last answer."""
    client = Client(Pool(host, port), model)
    ended = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    times = random.Random(2)  # noqa: S311 - reproducible, not secret
    asked: set[asyncio.Task[None]] = set()
    number, due = 0, time.monotonic()
    while not ended.done():
        number += 1
        asked.add(asyncio.create_task(client.ask(number)))
        asked = {each for each in asked if not each.done()}
        due += times.expovariate(rate)
        await asyncio.sleep(max(0.0, due - time.monotonic()))
    await asyncio.gather(*asked)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3], float(sys.argv[4])))
