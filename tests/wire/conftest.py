"""What the tests of the wire share: a server that ends with the test, and a raw client without any help."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Protocol

import pytest
import uvloop

from beaufort.wire import Exchange, Limits, Server, server

Handler = Callable[[Exchange], None]
PATIENCE = 10.0  # seconds that a test waits for what should come at once


def pytest_asyncio_loop_factories(
    config: pytest.Config,  # noqa: ARG001 - pytest matches a hook's arguments by their names
    item: pytest.Item,  # noqa: ARG001 - as above
) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Run every test of the wire on the event loop that production runs on."""
    return {"uvloop": uvloop.new_event_loop}


def echo(exchange: Exchange) -> None:
    """Answer with the request line and body."""
    request = exchange.request
    line = f"{request.method} {request.path}?{request.query} ".encode()
    exchange.respond(200, line + request.body, b"text/plain")


class Listen(Protocol):
    """Start a server on a free port."""

    async def __call__(
        self, handle: Handler = echo, limits: Limits | None = None, host: str = "127.0.0.1"
    ) -> Server: ...


class Connect(Protocol):
    """Open a raw client."""

    async def __call__(self, port: int, host: str = "127.0.0.1") -> Raw: ...


@pytest.fixture
async def listen(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Listen]:
    """Start servers on a free port; each is closed after the test, and must then have no connection left."""
    monkeypatch.setattr(server, "_SWEEP_SECONDS", 0.02)
    servers: list[Server] = []

    async def start(handle: Handler = echo, limits: Limits | None = None, host: str = "127.0.0.1") -> Server:
        started = Server(handle, limits)
        servers.append(started)
        await started.listen(host, 0)
        return started

    yield start
    for each in servers:
        await each.close()
    await until(lambda: not any(each.connections for each in servers))


async def until(condition: Callable[[], object]) -> None:
    """Wait until ``condition`` holds."""
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.005)


class Raw:
    """A client that sends what it is told, byte for byte."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def connect(cls, port: int, host: str = "127.0.0.1") -> Raw:
        return cls(*await asyncio.open_connection(host, port))

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def rest(self) -> bytes:
        """Return all that comes until the server ends the connection."""
        async with asyncio.timeout(PATIENCE):
            return await self.reader.read()

    async def head(self) -> bytes:
        """Return the next head, with its blank line."""
        async with asyncio.timeout(PATIENCE):
            return await self.reader.readuntil(b"\r\n\r\n")

    async def response(self) -> tuple[int, bytes]:
        """Return the status and body of the next response, which has a Content-Length."""
        head = await self.head()
        length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.startswith(b"content-length:"))
        async with asyncio.timeout(PATIENCE):
            return int(head.split(b" ")[1]), await self.reader.readexactly(length)

    def close(self) -> None:
        self.writer.transport.abort()


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """Open raw clients; each is closed after the test."""
    clients: list[Raw] = []

    async def open_client(port: int, host: str = "127.0.0.1") -> Raw:
        client = await Raw.connect(port, host)
        clients.append(client)
        return client

    yield open_client
    for client in clients:
        client.close()
    await asyncio.sleep(0)
