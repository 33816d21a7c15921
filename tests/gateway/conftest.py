"""What the tests of the gateway share: engines that do as they are told, a gateway before them, a raw client."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import pytest
import uvloop

from beaufort.gateway import Patience, Settings
from beaufort.gateway import server as gateway_server
from beaufort.gateway.access_log import AccessLog
from beaufort.gateway.server import Gateway
from beaufort.routing import HealthPolicy
from beaufort.wire import Exchange, Response, Server, fetch

Behaviour = Callable[[Exchange], None]
PATIENCE = 10.0  # seconds that a test waits for what should come at once
QUICK = HealthPolicy(interval=0.1, first_retry=0.02)
CHAT = "/v1/chat/completions"
EVENTS = [(b"content-type", b"text/event-stream")]


def pytest_asyncio_loop_factories(
    config: pytest.Config,  # noqa: ARG001 - pytest matches a hook's arguments by their names
    item: pytest.Item,  # noqa: ARG001 - as above
) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Run every test of the gateway on the event loop that production runs on."""
    return {"uvloop": uvloop.new_event_loop}


async def until(condition: Callable[[], object]) -> None:
    """Wait until ``condition`` holds."""
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.005)


def answer(exchange: Exchange) -> None:
    """Answer like an engine that is well."""
    exchange.respond(200, b'{"ok": true}')


def status(code: int) -> Behaviour:
    """Return a behaviour that answers every request with ``code``."""
    return lambda exchange: exchange.respond(code, b'{"engine": true}')


class Engine:
    """A server that answers ``/health`` with ``health``, ``/metrics`` with ``metrics``, all else as ``behave`` does."""

    def __init__(self, behave: Behaviour = answer) -> None:
        self.behave = behave
        self.health = 200
        self.metrics = b""
        self.exchanges: list[Exchange] = []
        self.probes = 0
        self._server = Server(self._handle)
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def connections(self) -> int:
        return self._server.connections

    async def start(self) -> None:
        self._server = Server(self._handle)
        await self._server.listen("127.0.0.1", self.port)
        self.port = self._server.port

    async def kill(self) -> None:
        await self._server.close()

    def _handle(self, exchange: Exchange) -> None:
        if exchange.request.path == "/health":
            self.probes += 1
            exchange.respond(self.health)
        elif exchange.request.path == "/metrics":
            exchange.respond(200, self.metrics, b"text/plain")
        else:
            self.exchanges.append(exchange)
            self.behave(exchange)


class Running:
    """A gateway that runs."""

    def __init__(self, settings: Settings, log: Path) -> None:
        self._log_file = log
        self.log = AccessLog(str(log))
        self.said: list[str] = []  # what happened to the gateway itself
        event = self.log.event

        def keep(level: str, message: str, **fields: str) -> None:
            self.said.append(message)
            event(level, message, **fields)

        self.log.event = keep  # type: ignore[method-assign] # it still writes
        self.gateway = Gateway(settings, self.log)
        self.stop = asyncio.Event()
        self._clients: list[Raw] = []
        self._task = asyncio.get_running_loop().create_task(self.gateway.run(self.stop))

    @property
    def port(self) -> int:
        return self.gateway.server.port

    @property
    def healthy(self) -> set[str]:
        return {each.url for each in self.gateway._endpoints if each.health.state.value == "healthy"}

    @property
    def running(self) -> int:
        return len(self.gateway._crew.running)

    @property
    def in_flight(self) -> int:
        return sum(each.in_flight for each in self.gateway._endpoints)

    async def ask(self, path: str = CHAT, *, method: str = "POST", body: bytes = b"{}") -> Response:
        return await fetch(f"http://127.0.0.1:{self.port}{path}", method=method, body=body, seconds=PATIENCE)

    async def connect(self) -> Raw:
        self._clients.append(Raw(*await asyncio.open_connection("127.0.0.1", self.port)))
        return self._clients[-1]

    async def entries(self, count: int = 1) -> list[dict[str, Any]]:
        """Return the access log once it has ``count`` entries."""
        await until(lambda: len(self._log_file.read_bytes().splitlines()) >= count)
        return [json.loads(line) for line in self._log_file.read_bytes().splitlines()]

    async def metrics(self) -> str:
        return (await self.ask("/metrics", method="GET")).body.decode()

    async def close(self) -> None:
        """Stop, while the clients are still connected, and then disconnect them."""
        self.stop.set()
        async with asyncio.timeout(PATIENCE):
            await self._task
        self.log.close()
        for client in self._clients:
            client.close()


class Raw:
    """A client that sends what it is told, byte for byte."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def post(self, path: str = CHAT, body: bytes = b"{}", *headers: bytes, version: bytes = b"1.1") -> None:
        lines = [b"POST %b HTTP/%b" % (path.encode(), version), b"host: a", *headers]
        self.writer.write(b"\r\n".join([*lines, b"content-length: %d\r\n\r\n%b" % (len(body), body)]))

    async def head(self) -> bytes:
        async with asyncio.timeout(PATIENCE):
            return await self.reader.readuntil(b"\r\n\r\n")

    async def until(self, mark: bytes) -> bytes:
        async with asyncio.timeout(PATIENCE):
            return await self.reader.readuntil(mark)

    async def exactly(self, size: int) -> bytes:
        async with asyncio.timeout(PATIENCE):
            return await self.reader.readexactly(size)

    async def rest(self) -> bytes:
        async with asyncio.timeout(PATIENCE):
            return await self.reader.read()

    def close(self) -> None:
        self.writer.transport.abort()


class StartEngine(Protocol):
    """Start an engine on a free port."""

    async def __call__(self, behave: Behaviour = answer) -> Engine: ...


class StartGateway(Protocol):
    """Start a gateway before engines, and wait until it finds them healthy unless told otherwise."""

    async def __call__(
        self, *engines: Engine, settings: Settings | None = None, patience: Patience | None = None, wait: bool = True
    ) -> Running: ...


@pytest.fixture
async def engine() -> AsyncIterator[StartEngine]:
    """Start engines; each is killed after the test."""
    engines: list[Engine] = []

    async def start(behave: Behaviour = answer) -> Engine:
        engines.append(Engine(behave))
        await engines[-1].start()
        return engines[-1]

    yield start
    for each in engines:
        await each.kill()


@pytest.fixture
async def gateway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[StartGateway]:
    """Start gateways; each must end with nothing in flight and no client connected."""
    monkeypatch.setattr(gateway_server, "_SWEEP_SECONDS", 0.02)
    started: list[Running] = []

    async def start(
        *engines: Engine, settings: Settings | None = None, patience: Patience | None = None, wait: bool = True
    ) -> Running:
        settings = replace(
            settings or Settings(),
            port=0,
            endpoints=tuple(each.url for each in engines),
            health=QUICK,
            drain_seconds=0.2,
            patience=patience or Patience(),
        )
        running = Running(settings, tmp_path / f"access-{len(started)}.log")
        started.append(running)
        await until(lambda: running.port)
        if wait:
            await until(lambda: running.healthy == {each.url for each in engines})
        return running

    yield start
    for each in started:
        await each.close()
    await until(lambda: not any(each.running or each.gateway.server.connections for each in started))
    assert not any(each.in_flight for each in started)
