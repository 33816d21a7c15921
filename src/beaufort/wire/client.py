"""One connection to a server, and a pool of them: the sending side of a relay."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Protocol, cast

import httptools

from beaufort.errors import BeaufortError, Problem
from beaufort.units import KIB
from beaufort.wire.request import Headers

_FIRST_FINAL_STATUS = 200
_NO_CONTENT = 204
_NOT_MODIFIED = 304


class WireError(BeaufortError):
    """The server could not be reached, broke off, or did not speak HTTP/1.1."""


@dataclass(frozen=True, slots=True)
class ResponseHead:
    """The head of a response: status, and headers with names in lower case."""

    status: int
    headers: Headers

    def header(self, name: bytes) -> bytes | None:
        """Return the first value of the header ``name`` (in lower case), or None."""
        for key, value in self.headers:
            if key == name:
                return value
        return None


class Sink(Protocol):
    """Who receives a response. Calls come in this order; ``on_lost`` instead of ``on_end`` when it breaks off."""

    def on_head(self, head: ResponseHead) -> None:
        """The status and headers."""

    def on_body(self, data: bytes) -> None:
        """Bytes of the decoded body, all that one read brought."""

    def on_end(self) -> None:
        """The response is complete, and the connection is free for another request if it is ``reusable``."""

    def on_lost(self, error: WireError) -> None:
        """There will be no more, and the response is not complete."""


class ClientConnection(asyncio.Protocol):
    """One connection, one request at a time.

    Attributes:
        reusable: Whether another request may be sent, once the present response has ended.
        used: How many requests were sent. A connection used before may turn out to be closed by the server:
            a request lost on it before any byte came back was most likely never seen.
    """

    header_bytes = 64 * KIB

    def __init__(self, where: str) -> None:
        self._where = where
        self._sink: Sink | None = None
        self._transport: asyncio.Transport | None = None
        self.reusable = True
        self.used = 0
        self._parser = httptools.HttpResponseParser(self)
        self._reset()

    def _reset(self) -> None:
        self._headers: list[tuple[bytes, bytes]] = []
        self._head_bytes = 0
        self._headed = False
        self._framed = False
        self._body: list[bytes] = []
        self._complete = False

    def send(self, data: bytes, sink: Sink, *, bodiless: bool = False) -> None:
        """Send a whole request; the response goes to ``sink``.

        Args:
            data: The request, head and body.
            sink: Who receives the response.
            bodiless: The response to this request has a head only (``HEAD``).
        """
        if self._transport is None or self._sink is not None:
            message = "this connection is not free"
            raise RuntimeError(message)
        self._sink = sink
        self._bodiless = bodiless
        self.used += 1
        self._transport.write(data)

    def pause(self) -> None:
        """Read no further for now, so that the server has to wait."""
        if self._transport is not None and self._transport.is_reading():
            self._transport.pause_reading()

    def resume(self) -> None:
        """Read on."""
        if self._transport is not None and not self._transport.is_closing() and not self._transport.is_reading():
            self._transport.resume_reading()

    def close(self) -> None:
        """Close at once; a response in progress is dropped without a call to its sink."""
        self._sink = None
        self.reusable = False
        if self._transport is not None:
            self._transport.abort()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        if self._sink is None:  # nothing was asked: a server that speaks now is no use to us
            self.close()
            return
        try:
            self._parser.feed_data(data)
            if not self._headed:
                self._count(len(data))
        except (httptools.HttpParserError, WireError) as error:
            self._deliver_body()
            self._lose(f"it does not speak HTTP/1.1: {error}")
            return
        self._deliver_body()
        if self._complete:
            self._finish()

    def eof_received(self) -> None:
        if self._sink is not None and self._headed and not self._framed:
            self.reusable = False
            self._finish()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self.reusable = False
        if self._sink is not None:
            self._lose("the connection was lost" if exc is None else f"the connection was lost: {exc}")

    # What httptools calls

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count(len(name) + len(value))
        if not self._headed:
            self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if status < _FIRST_FINAL_STATUS:
            return
        head = ResponseHead(status, tuple(self._headers))
        self._headed = True
        self._framed = (
            status in {_NO_CONTENT, _NOT_MODIFIED}
            or head.header(b"content-length") is not None
            or head.header(b"transfer-encoding") is not None
        )
        if self._sink is not None:
            self._sink.on_head(head)
        if self._bodiless:
            # llhttp does not know that no body follows, so neither it nor the connection can be used again.
            self.reusable = False
            self._complete = True

    def on_body(self, data: bytes) -> None:
        self._body.append(data)

    def on_message_complete(self) -> None:
        if not self._headed:  # an interim response (1xx): the real one follows
            self._headers = []
            return
        self._complete = True
        self.reusable = self.reusable and self._parser.should_keep_alive()

    def _count(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > self.header_bytes:
            raise WireError(Problem(f"its headers are over {self.header_bytes} bytes", self._where))

    def _deliver_body(self) -> None:
        if self._body and self._sink is not None:
            pieces, self._body = self._body, []
            self._sink.on_body(pieces[0] if len(pieces) == 1 else b"".join(pieces))

    def _finish(self) -> None:
        sink, self._sink = self._sink, None
        self._reset()
        if not self.reusable and self._transport is not None:
            self._transport.abort()
        if sink is not None:
            sink.on_end()

    def _lose(self, reason: str) -> None:
        sink, self._sink = self._sink, None
        self.close()
        if sink is not None:
            sink.on_lost(WireError(Problem(reason, self._where)))


class Pool:
    """The connections to one server that wait for another request.

    Args:
        host: Address of the server.
        port: Its port.
        connect_seconds: How long connecting may take.
        idle: How many free connections are kept at most.
    """

    def __init__(self, host: str, port: int, *, connect_seconds: float = 2.0, idle: int = 512) -> None:
        self.host = host
        self.port = port
        self._where = f"{host}:{port}"
        self._connect_seconds = connect_seconds
        self._idle = idle
        self._free: deque[ClientConnection] = deque()

    def take(self) -> ClientConnection | None:
        """Return a free connection, the one used last, or None when a new one is needed."""
        while self._free:
            connection = self._free.pop()
            if connection.reusable:
                return connection
        return None

    async def connect(self) -> ClientConnection:
        """Open a new connection.

        Raises:
            WireError: The server cannot be reached in time.
        """
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._connect_seconds):
                _, connection = await loop.create_connection(
                    lambda: ClientConnection(self._where), self.host, self.port
                )
        except TimeoutError as error:
            raise WireError(Problem(f"no connection in {self._connect_seconds:g} s", self._where)) from error
        except OSError as error:
            raise WireError(Problem(f"no connection: {error.strerror or error}", self._where)) from error
        return connection

    def give_back(self, connection: ClientConnection) -> None:
        """Keep a connection whose response has ended for another request, if it can take one."""
        if not connection.reusable:
            return
        if len(self._free) >= self._idle:
            connection.close()
        else:
            self._free.append(connection)

    def close(self) -> None:
        """Close the free connections. Those in use are not touched."""
        while self._free:
            self._free.pop().close()
