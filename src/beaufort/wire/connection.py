"""One client's connection: requests answered in order, timeouts, back-pressure, an orderly end."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections import deque
from collections.abc import Callable
from http import HTTPStatus
from typing import Protocol, cast

from beaufort.wire.exchange import Exchange
from beaufort.wire.limits import Limits
from beaufort.wire.parsing import Refusal, RequestParser
from beaufort.wire.request import Request

_log = logging.getLogger(__name__)
_NEVER = float("inf")


class Host(Protocol):
    """The server as its connections see it."""

    limits: Limits
    handle: Callable[[Exchange], None]
    render_refusal: Callable[[int, str], tuple[bytes, bytes]]
    draining: bool

    def opened(self, connection: Connection) -> None:
        """Take note of a connection."""

    def closed(self, connection: Connection) -> None:
        """Forget a connection."""


class Connection(asyncio.Protocol):
    """Parses what a client sends and hands each request, in its turn, to the server's handler."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._limits = host.limits
        self._loop = asyncio.get_running_loop()
        self._parser = RequestParser(host.limits, self._arrived, self._continue)
        self._waiting: deque[Request | Refusal] = deque()
        self._waiting_bytes = 0
        self._current: Exchange | None = None
        self._fresh = True  # the present read has begun no request yet
        self._reading = True
        self._writable = True
        self._unsent = 0
        self._lingering = False
        self._client = ""
        self._body_since = 0.0
        self.deadline = self._loop.time() + self._limits.idle_seconds

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=self._limits.write_buffer_bytes)
        self._client = _address(self._transport.get_extra_info("peername"))
        self._host.opened(self)

    def data_received(self, data: bytes) -> None:
        if self._lingering:
            return
        self._fresh = True
        self._parser.feed(data)
        if self._current is None and not self._lingering:
            self._set_deadline()

    def eof_received(self) -> None:
        """A client that sends no more is gone: that is how a closed socket looks before we write to it.

        With nothing in progress, what was answered is still sent before the connection closes.
        """
        if self._current is not None:
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - either way it is over
        self.deadline = _NEVER
        self._waiting.clear()
        self._parser.finished = True
        self._host.closed(self)
        if self._current is not None:
            exchange, self._current = self._current, None
            exchange.lose()

    def pause_writing(self) -> None:
        self._writable = False
        self._unsent = self._transport.get_write_buffer_size()
        self.deadline = self._loop.time() + self._limits.write_seconds
        if self._current is not None:
            self._current.paused = True
            self._current.on_pause()

    def resume_writing(self) -> None:
        self._writable = True
        self._set_deadline()
        if self._current is not None:
            self._current.paused = False
            self._current.on_resume()
        else:
            self._next()

    # The parser's side

    def _arrived(self, request: Request | Refusal) -> None:
        self._body_since = 0.0
        if self._fresh and self._free:
            self._fresh = False
            self._begin(request)
            return
        # Also when the request before it is answered already: one read may bring thousands of requests, and other
        # clients wait meanwhile. A client that does not read its answers gets no further ones.
        if self._free:
            self._loop.call_soon(self._next)
        self._waiting.append(request)
        self._waiting_bytes += _body_bytes(request)
        if self._reading and self._ahead:
            self._reading = False
            self._transport.pause_reading()

    def _continue(self) -> None:
        if self._free:  # else the client would take it for the answer to an earlier request
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    @property
    def _free(self) -> bool:
        """Whether the next request can begin."""
        return self._current is None and not self._waiting and self._writable

    @property
    def _ahead(self) -> bool:
        """Whether enough has been read for now."""
        return len(self._waiting) >= self._limits.pipelined or self._waiting_bytes >= self._limits.body_bytes

    def _begin(self, request: Request | Refusal) -> None:
        if isinstance(request, Refusal):
            self._refuse(request)
            return
        self.deadline = _NEVER
        exchange = self._current = Exchange(self, request, self._client)
        try:
            self._host.handle(exchange)
        except Exception:  # noqa: BLE001 - whatever it was, the client must not be left hanging
            _log.exception("the handler failed on %s %s", request.method, request.path)
            self._fail(exchange)

    def _fail(self, exchange: Exchange) -> None:
        if exchange.started:
            exchange.cut()
        else:
            status = HTTPStatus.INTERNAL_SERVER_ERROR
            content_type, body = self._host.render_refusal(status, "the server failed on this request")
            exchange.respond(status, body, content_type)

    def _refuse(self, refusal: Refusal) -> None:
        content_type, body = self._host.render_refusal(refusal.status, refusal.reason)
        request = Request("GET", "/", "", (), b"", keep_alive=False)
        self._current = Exchange(self, request, self._client)
        self._current.respond(refusal.status, body, content_type)

    # The exchange's side

    @property
    def draining(self) -> bool:
        """Whether the server is going away."""
        return self._host.draining

    def write(self, data: bytes) -> None:
        """Send ``data``."""
        self._transport.write(data)

    def finish(self, exchange: Exchange, *, keep_alive: bool) -> None:
        """Go on with the next request, or end the connection after ``exchange``."""
        if exchange is not self._current:
            return
        self._current = None
        if not keep_alive or self._host.draining:
            self._linger()
            return
        if self._waiting:
            # Not at once: a long pipeline must not become a deep recursion, nor keep other clients waiting.
            self._loop.call_soon(self._next)
        else:
            self._set_deadline()

    def _next(self) -> None:
        if self._current is not None or not self._waiting or not self._writable:
            return
        request = self._waiting.popleft()
        self._waiting_bytes -= _body_bytes(request)
        self._begin(request)
        if not self._reading and not self._ahead:
            self._resume_reading()

    def cut(self) -> None:
        """Close at once, whatever is still to be sent."""
        self._transport.abort()

    # The server's side

    @property
    def busy(self) -> bool:
        """Whether a request is in progress or has begun to arrive."""
        return self._current is not None or bool(self._waiting) or self._arriving

    @property
    def _arriving(self) -> bool:
        return not self._lingering and (self._parser.in_head or self._parser.in_body)

    def expire(self, now: float) -> None:
        """End the connection if its deadline has passed: politely if the client waits for something."""
        if now < self.deadline:
            return
        unsent = self._transport.get_write_buffer_size()
        if 0 < unsent < self._unsent:  # the client reads, however slowly
            self._unsent = unsent
            self.deadline = now + self._limits.write_seconds
        elif self._arriving and self._free:
            self._parser.finished = True
            self._refuse(Refusal(408, "the request did not arrive in time"))
        else:
            self._transport.abort()

    def close_idle(self) -> None:
        """Close if nothing is in progress. Used while draining."""
        if not self.busy and not self._lingering:
            self._transport.close()

    def _set_deadline(self) -> None:
        now = self._loop.time()
        if not self._writable:
            return  # the one for writing holds
        if self._current is not None or self._waiting:
            self.deadline = _NEVER
        elif self._lingering:
            self.deadline = now + self._limits.linger_seconds
        elif self._parser.in_body:
            self._body_since = self._body_since or now
            earned = self._parser.body_bytes / self._limits.body_bytes_per_second
            self.deadline = min(now, self._body_since + earned) + self._limits.body_seconds
        elif not self._parser.in_head:
            self.deadline = now + self._limits.idle_seconds
        elif self.deadline > now + self._limits.header_seconds:
            # Not renewed by further bytes: headers that trickle in must end too.
            self.deadline = now + self._limits.header_seconds

    def _linger(self) -> None:
        """Close, but read on for a moment: closing with unread bytes would reset away our last words."""
        self._waiting.clear()
        self._lingering = True
        self._unsent = sys.maxsize
        self._parser.finished = True
        if self._transport.is_closing():
            return
        if self._transport.can_write_eof():
            self._transport.write_eof()
        if not self._reading:
            self._resume_reading()
        self._set_deadline()

    def _resume_reading(self) -> None:
        self._reading = True
        if not self._transport.is_closing():
            self._transport.resume_reading()


def _body_bytes(request: Request | Refusal) -> int:
    return len(request.body) if isinstance(request, Request) else 0


def _address(peer: object) -> str:
    """Return the peer of a socket as an address of a URL has it: ``127.0.0.1:80``, ``[::1]:80``."""
    if not isinstance(peer, tuple):
        return str(peer or "")
    host, port = peer[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
