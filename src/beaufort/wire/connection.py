"""One client's connection: requests answered in order, timeouts, back-pressure, an orderly end."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Protocol, cast

from beaufort.wire.exchange import Exchange
from beaufort.wire.limits import Limits
from beaufort.wire.parsing import Refusal, RequestParser
from beaufort.wire.request import Request

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
        self._current: Exchange | None = None
        self._reading = True
        self._lingering = False
        self._client = ""
        self.deadline = self._loop.time() + self._limits.idle_seconds

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=self._limits.write_buffer_bytes)
        peer = self._transport.get_extra_info("peername")
        self._client = f"{peer[0]}:{peer[1]}" if isinstance(peer, tuple) else str(peer or "")
        self._host.opened(self)

    def data_received(self, data: bytes) -> None:
        if self._lingering:
            return
        self._parser.feed(data)
        if self._current is None and not self._lingering:
            self._set_deadline()

    def eof_received(self) -> None:
        """A client that sends no more is gone: that is how a closed socket looks before we write to it."""

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - either way it is over
        self.deadline = _NEVER
        self._waiting.clear()
        self._parser.finished = True
        self._host.closed(self)
        if self._current is not None:
            exchange, self._current = self._current, None
            exchange.lose()

    def pause_writing(self) -> None:
        self.deadline = self._loop.time() + self._limits.write_seconds
        if self._current is not None:
            self._current.paused = True
            self._current.on_pause()

    def resume_writing(self) -> None:
        self._set_deadline()
        if self._current is not None:
            self._current.paused = False
            self._current.on_resume()

    # The parser's side

    def _arrived(self, request: Request | Refusal) -> None:
        if self._current is None and not self._waiting:
            self._begin(request)
            return
        self._waiting.append(request)
        if self._reading and len(self._waiting) >= self._limits.pipelined:
            self._reading = False
            self._transport.pause_reading()

    def _continue(self) -> None:
        if self._current is None:  # else the client would take it for the answer to an earlier request
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _begin(self, request: Request | Refusal) -> None:
        if isinstance(request, Refusal):
            self._refuse(request)
            return
        self.deadline = _NEVER
        self._current = Exchange(self, request, self._client)
        self._host.handle(self._current)

    def _refuse(self, refusal: Refusal) -> None:
        content_type, body = self._host.render_refusal(refusal.status, refusal.reason)
        request = Request("GET", "/", "", (), b"", keep_alive=False)
        self._current = Exchange(self, request, self._client)
        self._current.respond(refusal.status, body, content_type)

    # The exchange's side

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
        if not self._waiting:
            self._set_deadline()
            return
        # Not at once: a long pipeline must not become a deep recursion, nor keep other clients waiting.
        self._loop.call_soon(self._next)

    def _next(self) -> None:
        if self._current is not None or not self._waiting:
            return
        self._begin(self._waiting.popleft())
        if not self._reading and len(self._waiting) < self._limits.pipelined:
            self._reading = True
            self._transport.resume_reading()

    def cut(self) -> None:
        """Close at once, whatever is still to be sent."""
        self._current = None
        self._transport.abort()

    # The server's side

    @property
    def busy(self) -> bool:
        """Whether a request is in progress or has begun to arrive."""
        return self._current is not None or bool(self._waiting) or self._parser.in_head or self._parser.in_body

    def expire(self, now: float) -> None:
        """End the connection if its deadline has passed: politely if the client waits for something."""
        if now < self.deadline:
            return
        if self._current is None and not self._lingering and (self._parser.in_head or self._parser.in_body):
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
        if self._current is not None:
            self.deadline = _NEVER
        elif self._lingering:
            self.deadline = now + self._limits.linger_seconds
        elif self._parser.in_body:
            self.deadline = now + self._limits.body_seconds
        elif not self._parser.in_head:
            self.deadline = now + self._limits.idle_seconds
        elif self.deadline > now + self._limits.header_seconds:
            # Not renewed by further bytes: headers that trickle in must end too.
            self.deadline = now + self._limits.header_seconds

    def _linger(self) -> None:
        """Close, but read on for a moment: closing with unread bytes would reset away our last words."""
        self._waiting.clear()
        self._lingering = True
        self._parser.finished = True
        if self._transport.is_closing():
            return
        if self._transport.can_write_eof():
            self._transport.write_eof()
        if not self._reading:
            self._reading = True
            self._transport.resume_reading()
        self._set_deadline()
