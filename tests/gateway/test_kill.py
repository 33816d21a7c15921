"""Engines in processes of their own, killed without warning under load."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.gateway.conftest import Running, StartGateway, until

from beaufort.gateway import Patience, Settings

ENGINE = """
import asyncio, sys
from beaufort.wire import Server, process

def handle(exchange):
    if exchange.request.path == "/health":
        exchange.respond(200)
    else:
        loop = asyncio.get_running_loop()
        loop.call_later(0.02, exchange.respond, 200, exchange.request.body)

async def main(stop):
    server = Server(handle)
    await server.listen("127.0.0.1", int(sys.argv[1]))
    print(server.port, flush=True)
    await stop.wait()

process.run(main, exit_with_parent=True)
"""


class Engine:
    """An engine that can be killed and started again at the same address."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.port = 0
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(self._file), str(self.port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())

    def kill(self) -> None:
        with self._process:  # closes the pipes, and waits
            self._process.send_signal(signal.SIGKILL)


@pytest.fixture
def engines(tmp_path: Path) -> Iterator[list[Engine]]:
    file = tmp_path / "engine.py"
    file.write_text(ENGINE)
    started = [Engine(file) for _ in range(2)]
    yield started
    for each in started:
        each.kill()


class Load:
    """Clients that ask one question after another, each with a body of its own."""

    def __init__(self, running: Running, clients: int) -> None:
        self._running = running
        self._going = True
        self.statuses: list[int] = []
        self._tasks = [asyncio.create_task(self._client(number)) for number in range(clients)]

    async def _client(self, number: int) -> None:
        turn = 0
        while self._going:
            turn += 1
            body = b"%d %d" % (number, turn)
            response = await self._running.ask(body=body)
            assert response.status != 200 or response.body == body, "an answer to another request"
            self.statuses.append(response.status)

    async def more(self, count: int) -> None:
        seen = len(self.statuses)
        await until(lambda: len(self.statuses) >= seen + count or any(task.done() for task in self._tasks))

    async def end(self) -> None:
        self._going = False
        await asyncio.gather(*self._tasks)


async def test_one_of_two_is_killed_and_no_request_is_lost(engines: list[Engine], gateway: StartGateway) -> None:
    one, two = engines
    running = await gateway(settings=Settings(), wait=False)
    running.gateway._fixed = (one.url, two.url)
    running.gateway._update(())
    await until(lambda: len(running.healthy) == 2)
    load = Load(running, clients=16)
    for victim in (one, two):
        await load.more(50)
        await asyncio.to_thread(victim.kill)
        await until(lambda: len(running.healthy) == 1)
        await load.more(50)
        await asyncio.to_thread(victim.start)
        await until(lambda: len(running.healthy) == 2)
    await load.more(50)
    await load.end()
    assert set(load.statuses) == {200}


async def test_the_only_one_is_killed_and_requests_cost_only_time(engines: list[Engine], gateway: StartGateway) -> None:
    one = engines[0]
    running = await gateway(settings=Settings(), patience=Patience(), wait=False)
    running.gateway._fixed = (one.url,)
    running.gateway._update(())
    await until(lambda: running.healthy)
    load = Load(running, clients=8)
    for _ in range(2):
        await load.more(30)
        await asyncio.to_thread(one.kill)
        await until(lambda: running.gateway._endpoints.waiting == 8)
        await asyncio.to_thread(one.start)
    await load.more(30)
    await load.end()
    assert set(load.statuses) == {200}
