"""An engine's process: real processes, real signals."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from beaufort.wire import Response, WireError, fetch, sse

_PATIENCE = 60.0
_SCRIPT = Path(__file__).with_name("serve_scripted.py")
_ROOT = Path(__file__).parents[2]


class Engine:
    """One process."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.told = ""
        self.url = ""

    async def listen(self) -> None:
        """Wait until it says where it serves."""
        assert self.process.stderr is not None
        while (found := re.search(r"serving scripted/model at (http://127\.0\.0\.1:\d+)/v1\n", self.told)) is None:
            line = await self.process.stderr.readline()
            assert line, self.told
            self.told += line.decode()
        self.url = found[1]

    async def ask(self, path: str, **body: object) -> Response:
        data = json.dumps(body).encode() if body else b""
        return await fetch(f"{self.url}{path}", method="POST" if body else "GET", body=data, seconds=_PATIENCE)

    async def complete(self, prompt: str, **fields: object) -> Response:
        return await self.ask("/v1/completions", prompt=prompt, **fields)

    async def until(self, condition: Callable[[], Awaitable[bool]]) -> None:
        async with asyncio.timeout(_PATIENCE):
            while not await condition():
                await asyncio.sleep(0.02)

    async def holds(self, count: int) -> None:
        """Wait until so many requests are held."""

        async def held() -> bool:
            return (
                f'vllm:generation_tokens_total{{engine="0",model_name="scripted/model"}} {4.0 * count}'
                in (await self.ask("/metrics")).body.decode()
            )

        await self.until(held)

    async def drains(self) -> None:
        """Wait until its health says that it is going away."""

        async def draining() -> bool:
            return (await self.ask("/health")).status == 503

        await self.until(draining)

    async def ended(self) -> int:
        """Return its exit code, once it has ended."""
        assert self.process.stderr is not None
        async with asyncio.timeout(_PATIENCE):
            self.told += (await self.process.stderr.read()).decode()
            return await self.process.wait()


Start = Callable[..., Awaitable[Engine]]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    engines: list[Engine] = []

    async def started(*options: str, listen: bool = True) -> Engine:
        environment = {**os.environ, "PYTHONPATH": str(_ROOT)}
        command = (sys.executable, str(_SCRIPT), *options)
        process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stderr=PIPE, env=environment)
        engines.append(Engine(process))
        if listen:
            async with asyncio.timeout(_PATIENCE):
                await engines[-1].listen()
        return engines[-1]

    yield started
    for engine in engines:
        if engine.process.returncode is None:
            engine.process.kill()
        await engine.ended()


def _events(response: Response) -> list[bytes]:
    return sse.Decoder().feed(response.body)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_an_idle_engine_ends_at_once_and_well(start: Start, number: signal.Signals) -> None:
    engine = await start("--drain-seconds", "3600")
    assert (await engine.complete("wind")).status == 200
    engine.process.send_signal(number)
    assert await engine.ended() == 0
    with pytest.raises(WireError):
        await engine.ask("/health")


async def test_what_runs_is_finished_and_new_work_refused_meanwhile(start: Start) -> None:
    engine = await start("--drain-seconds", "3600")
    stream = asyncio.ensure_future(engine.complete("hold", stream=True))
    whole = asyncio.ensure_future(engine.complete("hold"))
    await engine.holds(2)
    engine.process.terminate()
    await engine.drains()
    refused = await engine.complete("wind")
    assert (refused.status, json.loads(refused.body)["error"]["code"]) == (503, "draining")
    assert not stream.done()
    assert engine.process.returncode is None
    assert (await engine.ask("/release")).status == 200
    assert json.loads((await whole).body)["choices"][0]["text"] == "word held"
    *_, last, done = _events(await stream)
    assert json.loads(last)["choices"][0]["finish_reason"] == "stop"
    assert done == b"[DONE]"
    assert await engine.ended() == 0


async def test_what_is_left_after_the_drain_is_told_so(start: Start) -> None:
    engine = await start("--drain-seconds", "0.3")
    stream = asyncio.ensure_future(engine.complete("hold", stream=True))
    whole = asyncio.ensure_future(engine.complete("hold"))
    await engine.holds(2)
    engine.process.terminate()
    *words, last = _events(await stream)
    assert [json.loads(word)["choices"][0]["text"] for word in words] == ["word"]
    error = json.loads(last)["error"]
    assert (error["message"], error["type"]) == ("this engine is shutting down", "service_unavailable_error")
    assert (await whole).status == 503
    assert json.loads((await whole).body)["error"] == error
    assert await engine.ended() == 0


async def test_an_engine_that_fails_ends_with_the_reason(start: Start) -> None:
    engine = await start("--drain-seconds", "3600")
    stream = asyncio.ensure_future(engine.complete("hold", stream=True))
    await engine.holds(1)
    failed = await engine.complete("fail")
    assert failed.status == 500
    assert json.loads(failed.body)["error"]["message"] == "the pipeline broke"
    assert json.loads(_events(await stream)[-1])["error"]["message"] == "the pipeline broke"
    assert await engine.ended() == 1
    assert "error: scripted/model: the pipeline broke\n  try: start the engine again" in engine.told


async def test_an_engine_that_fails_while_it_drains_ends_with_the_reason(start: Start) -> None:
    engine = await start("--drain-seconds", "3600")
    whole = asyncio.ensure_future(engine.complete("hold"))
    await engine.holds(1)
    engine.process.terminate()
    await engine.drains()
    await engine.ask("/break")
    assert (await whole).status == 500
    assert await engine.ended() == 1
    assert "the pipeline broke" in engine.told


async def test_a_second_signal_ends_it_at_once(start: Start) -> None:
    engine = await start("--drain-seconds", "3600")
    stream = asyncio.ensure_future(engine.complete("hold", stream=True))
    await engine.holds(1)
    engine.process.terminate()
    await engine.drains()
    engine.process.terminate()
    assert await engine.ended() == 130
    with pytest.raises(WireError):
        await stream


async def test_a_taken_port_is_said_before_anything_is_served(start: Start) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        engine = await start("--port", str(taken.getsockname()[1]), listen=False)
        assert await engine.ended() == 3
    assert "the port is in use" in engine.told
    assert "serving" not in engine.told


async def test_an_engine_ends_with_its_parent(start: Start) -> None:
    engine = await start("--exit-with-parent")
    assert engine.process.stdin is not None
    engine.process.stdin.close()
    assert await engine.ended() == 0
