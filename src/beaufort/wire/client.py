"""One connection to a server, and a pool of them: the sending side of a relay."""

from __future__ import annotations

import asyncio
import socket
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
_TOO_LARGE = "its headers are too large"
# A machine that has lost its power or its cable closes nothing: its connections would wait for ever. So the kernel asks
# a silent peer's kernel every other second whether it is there, and gives the connection up when it has not answered,
# or not taken what was sent, for six. A peer that is merely busy is not touched: its kernel answers.
_LOST_SECONDS = 6
_ALIVE = tuple(
    (level, getattr(socket, name), value)
    for level, name, value in (
        (socket.SOL_SOCKET, "SO_KEEPALIVE", 1),
        (socket.IPPROTO_TCP, "TCP_KEEPIDLE", 2),
        (socket.IPPROTO_TCP, "TCP_KEEPINTVL", 2),
        (socket.IPPROTO_TCP, "TCP_KEEPCNT", _LOST_SECONDS // 2),
        (socket.IPPROTO_TCP, "TCP_USER_TIMEOUT", _LOST_SECONDS * 1000),
    )
    if hasattr(socket, name)  # not everywhere
)


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
    """Who receives a response. Calls come in this order; ``on_lost`` instead of ``on_end`` when it breaks off.

    Any of them may call the connection's ``close``: none comes after that.
    """

    def on_head(self, head: ResponseHead) -> None:
        """The status and headers."""

    def on_body(self, data: bytes) -> None:
        """Bytes of the decoded body, all that one read brought."""

    def on_end(self) -> None:
        """The response is complete, and the connection is free for another request if it is ``reusable``."""

    def on_lost(self, error: WireError) -> None:
        """There will be no more, and the response is not complete. The cause is the ``OSError`` if there was one."""


class ClientConnection(asyncio.Protocol):
    """One connection, one request at a time.

    Attributes:
        where: The server's address.
        reusable: Whether another request may be sent, once the present response has ended.
        used: How many requests were sent. A connection used before may turn out to be closed by the server:
            a request lost on it before any byte came back was most likely never seen.
    """

    header_bytes = 64 * KIB

    def __init__(self, where: str) -> None:
        self.where = where
        self._sink: Sink | None = None
        self._transport: asyncio.Transport | None = None
        self.reusable = True
        self.used = 0
        self._parser = httptools.HttpResponseParser(self)
        self._reset()

    def _reset(self) -> None:
        self._headers: list[tuple[bytes, bytes]] = []
        self._head_bytes = 0
        self._fed = 0  # bytes since the response last got further: its headers ended, a piece of body came
        self._head: ResponseHead | None = None  # not delivered yet
        self._headed = False
        self._framed = False
        self._body: list[bytes] = []  # not delivered yet
        self._complete = False

    def send(self, data: bytes, sink: Sink, *, bodiless: bool = False) -> None:
        """Send a whole request; the response goes to ``sink``.

        On a connection that the server has closed meanwhile, ``on_lost`` is called soon, as if it had closed later.

        Args:
            data: The request, head and body.
            sink: Who receives the response.
            bodiless: The response to this request has a head only (``HEAD``).
        """
        if self._sink is not None:
            message = "this connection is not free"
            raise RuntimeError(message)
        self._sink = sink
        self._bodiless = bodiless
        self.used += 1
        if self._transport is None or not self.reusable:
            asyncio.get_running_loop().call_soon(self._lose, "the connection was closed")
        else:
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
        own = transport.get_extra_info("socket")
        for level, option, value in _ALIVE:
            own.setsockopt(level, option, value)

    def data_received(self, data: bytes) -> None:
        sink = self._sink
        if sink is None:  # nothing was asked: a server that speaks now is no use to us
            self.close()
            return
        problem = self._parse(data)
        if problem:
            self.reusable = False
        # Only now, when the parser is at rest: the sink may close the connection, or send on it again.
        head, self._head = self._head, None
        if head is not None:
            sink.on_head(head)
        if self._body and self._sink is sink:
            pieces, self._body = self._body, []
            sink.on_body(pieces[0] if len(pieces) == 1 else b"".join(pieces))
        if self._sink is not sink:
            return
        if self._complete:
            self._finish()
        elif problem:
            self._lose(f"it does not speak HTTP/1.1: {problem}")

    def eof_received(self) -> None:
        self.reusable = False
        if self._sink is None:
            return
        if self._headed and not self._framed:
            self._finish()
        else:
            self._lose("the connection was closed")

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self.reusable = False
        if self._sink is not None:
            self._lose("the connection was lost" if exc is None else f"the connection was lost: {exc}", exc)

    def _parse(self, data: bytes) -> str:
        """Parse ``data`` and return what is wrong with it, empty when nothing is."""
        self._fed += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserCallbackError as error:
            return str(error.__context__)
        except httptools.HttpParserError as error:
            return str(error)
        except httptools.HttpParserUpgrade:
            return "it switches to another protocol"
        return _TOO_LARGE if self._fed > self.header_bytes and not self._complete else ""

    # What httptools calls

    def on_message_begin(self) -> None:
        if self._complete:
            message = "it says more than was asked"
            raise ValueError(message)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._head_bytes += len(name) + len(value)
        if self._head_bytes > self.header_bytes:
            raise ValueError(_TOO_LARGE)
        if not self._headed:
            self._headers.append((name.lower(), value.rstrip(b" \t")))

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if status < _FIRST_FINAL_STATUS:
            return
        self._head = head = ResponseHead(status, tuple(self._headers))
        self._headed = True
        self._fed = 0
        self._framed = (
            status in {_NO_CONTENT, _NOT_MODIFIED}
            or head.header(b"content-length") is not None
            or (head.header(b"transfer-encoding") or b"").lower().endswith(b"chunked")
        )
        if self._bodiless:
            # llhttp does not know that no body follows, so neither it nor the connection can be used again.
            self.reusable = False
            self._complete = True

    def on_body(self, data: bytes) -> None:
        self._fed = 0
        if not self._complete:
            self._body.append(data)

    def on_message_complete(self) -> None:
        if not self._headed:  # an interim response (1xx): the real one follows
            self._headers = []
            return
        self._complete = True
        self.reusable = self.reusable and self._parser.should_keep_alive()

    def _finish(self) -> None:
        sink, self._sink = self._sink, None
        self._reset()
        if self.reusable:
            self.resume()  # a slow reader of this response must not stop the next one
        elif self._transport is not None:
            self._transport.abort()
        if sink is not None:
            sink.on_end()

    def _lose(self, reason: str, cause: Exception | None = None) -> None:
        sink, self._sink = self._sink, None
        self.close()
        if sink is not None:
            error = WireError(Problem(reason, self.where))
            error.__cause__ = cause
            sink.on_lost(error)


class Pool:
    """The connections to one server that wait for another request.

    Args:
        host: Address of the server.
        port: Its port.
        connect_seconds: How long connecting may take.
        idle: How many free connections are kept at most.

    Attributes:
        where: The server's address, as a ``Host`` header has it.
    """

    def __init__(self, host: str, port: int, *, connect_seconds: float = 2.0, idle: int = 512) -> None:
        self.host = host
        self.port = port
        self.where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
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
                _, connection = await loop.create_connection(lambda: ClientConnection(self.where), self.host, self.port)
        except TimeoutError as error:
            raise WireError(Problem(f"no connection in {self._connect_seconds:g} s", self.where)) from error
        except (OSError, UnicodeError) as error:  # the latter from a name that no host can have
            reason = getattr(error, "strerror", None) or error
            raise WireError(Problem(f"no connection: {reason}", self.where)) from error
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
        """Close the free connections. Those in use are not touched, and closed when they are given back."""
        self._idle = 0
        while self._free:
            self._free.pop().close()
