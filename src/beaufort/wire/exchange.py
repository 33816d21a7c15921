"""One request and its response: what a handler is given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Protocol

from beaufort.wire.request import Request

Headers = Sequence[tuple[bytes, bytes]]

_REASONS = {status.value: status.phrase.encode() for status in HTTPStatus}
_BODILESS = {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}


class Wire(Protocol):
    """The connection as an exchange sees it.

    Attributes:
        draining: The server is going away, and takes no further request on this connection.
    """

    @property
    def draining(self) -> bool:  # noqa: D102 - described above
        ...

    def write(self, data: bytes) -> None:
        """Send ``data`` to the client."""

    def finish(self, exchange: Exchange, *, keep_alive: bool) -> None:
        """Take note that the response is complete."""

    def cut(self) -> None:
        """Close the connection at once, so that the client sees an incomplete response."""


def _nothing() -> None:
    pass


class Exchange:
    """A request, and the way to answer it once: ``respond``, or ``start``, ``write`` ..., ``end``.

    A handler may set three callbacks while it works. They are called on the event loop:
    ``on_abort`` when the client is gone before the end (nothing can be written any more),
    ``on_pause`` when the client reads slower than the handler writes (possibly from within ``write``),
    ``on_resume`` when it has caught up.
    Writing after the end, or after the client is gone, is allowed and does nothing.

    Headers are sent as they are given: whoever takes them from elsewhere answers for their having no line breaks.
    """

    __slots__ = (
        "_chunked",
        "_keep_alive",
        "_length",
        "_silent",
        "_wire",
        "aborted",
        "client",
        "ended",
        "on_abort",
        "on_pause",
        "on_resume",
        "paused",
        "request",
        "sent_bytes",
        "status",
    )

    def __init__(self, wire: Wire, request: Request, client: str) -> None:
        self._wire = wire
        self.request = request
        self.client = client
        self.status = 0
        self.sent_bytes = 0
        self.ended = False
        self.aborted = False
        self.paused = False
        self.on_abort: Callable[[], None] = _nothing
        self.on_pause: Callable[[], None] = _nothing
        self.on_resume: Callable[[], None] = _nothing
        self._keep_alive = request.keep_alive
        self._chunked = False
        self._length: int | None = None
        self._silent = True  # no byte of a body is to be sent: not yet, not any more, or not at all

    @property
    def started(self) -> bool:
        """Whether the response's head has been sent, so that the status cannot be changed any more."""
        return self.status != 0

    def respond(
        self, status: int, body: bytes = b"", content_type: bytes = b"application/json", headers: Headers = ()
    ) -> None:
        """Send a whole response."""
        fields = [*headers, (b"content-type", content_type)] if body else headers
        self._open(status, fields, len(body), body)
        self.end()

    def start(
        self, status: int, headers: Headers, length: int | None = None, *, first: bytes = b"", close: bool = False
    ) -> None:
        """Send the head of a response.

        Args:
            status: The status code.
            headers: Without those about framing (``content-length``, ``transfer-encoding``, ``connection``).
            length: The body's bytes if they are known; otherwise the body is sent in chunks.
            first: The first bytes of the body, if they are there already: one write to the socket instead of two.
            close: Let the connection end with this response.
        """
        self._keep_alive = self._keep_alive and not close
        self._open(status, headers, length, first)

    def _open(self, status: int, headers: Headers, length: int | None, body: bytes) -> None:
        if self.started:
            message = "this response has begun already"
            raise RuntimeError(message)
        self.status = status
        if self.aborted:
            return
        self._silent = self.request.method == "HEAD" or status in _BODILESS
        self._keep_alive = self._keep_alive and not self._wire.draining
        lines = [b"HTTP/1.1 %d %s" % (status, _REASONS.get(status, b""))]
        lines += [name + b": " + value for name, value in headers]
        if status in _BODILESS:
            pass
        elif length is not None:
            self._length = length
            lines.append(b"content-length: %d" % length)
        elif self.request.http_10:
            self._keep_alive = False
        else:
            self._chunked = True
            lines.append(b"transfer-encoding: chunked")
        if not self._keep_alive:
            lines.append(b"connection: close")
        elif self.request.http_10:
            lines.append(b"connection: keep-alive")
        if self._silent:
            body = b""
        self.sent_bytes = len(body)
        if body and self._chunked:
            body = b"%x\r\n%b\r\n" % (len(body), body)
        lines.append(b"\r\n" + body)
        self._wire.write(b"\r\n".join(lines))

    def write(self, data: bytes) -> None:
        """Send the next bytes of the body."""
        if self._silent or not data:
            return
        self.sent_bytes += len(data)
        self._wire.write(b"%x\r\n%b\r\n" % (len(data), data) if self._chunked else data)

    def end(self) -> None:
        """Complete the response; break it off if it is not as long as its head has said."""
        if self.ended or self.aborted:
            self.ended = True
            return
        if not self.started:
            message = "a response ends after it has begun"
            raise RuntimeError(message)
        if not self._silent and self._length not in {None, self.sent_bytes}:
            self.cut()
            return
        if self._chunked and not self._silent:
            self._wire.write(b"0\r\n\r\n")
        self.ended = self._silent = True
        self._wire.finish(self, keep_alive=self._keep_alive)

    def cut(self) -> None:
        """Break off: the client sees that the response is incomplete."""
        if not self.aborted and not self.ended:
            self.ended = self._silent = True
            self._wire.cut()

    def lose(self) -> None:
        """Take note that the client is gone. Called by the connection."""
        if not self.aborted and not self.ended:
            self.aborted = self._silent = True
            self.on_abort()
