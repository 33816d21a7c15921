"""Bytes to requests: llhttp's strict parser, and what it leaves to its user.

llhttp refuses by itself bare CR and LF, folded headers, a repeated or malformed ``Content-Length``, and
``Content-Length`` beside ``Transfer-Encoding``. Added here: sizes, other versions than 1.0 and 1.1, codings other
than ``chunked``, chunks in HTTP/1.0, a missing or repeated ``Host``, ``CONNECT``, and upgrades, which are declined.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

import httptools

from beaufort.wire.limits import Limits
from beaufort.wire.request import Request


@dataclass(frozen=True, slots=True)
class Refusal:
    """A request that is not answered by the handler: the status and the reason, after which the connection ends."""

    status: int
    reason: str


class _RefusedError(Exception):
    """Raised inside a parser callback to stop parsing."""

    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(reason)
        self.refusal = Refusal(status, reason)


class RequestParser:
    """Parses one connection's bytes.

    Args:
        limits: The sizes that are accepted.
        on_request: Called with each complete request, and with a Refusal as the last call of all.
        on_continue: Called when the client waits for ``100 Continue`` before it sends its body.
    """

    def __init__(
        self, limits: Limits, on_request: Callable[[Request | Refusal], None], on_continue: Callable[[], None]
    ) -> None:
        self._limits = limits
        self._on_request = on_request
        self._on_continue = on_continue
        self._parser = httptools.HttpRequestParser(self)
        self._fed = 0  # bytes since the request last got further: its headers ended, a piece of body came
        self.finished = False
        self._reset()

    @property
    def in_head(self) -> bool:
        """Whether a request has begun and its headers have not ended."""
        return not self._in_body and (self._begun or self._fed > 0)

    @property
    def in_body(self) -> bool:
        """Whether headers have ended and the body has not."""
        return self._in_body

    @property
    def body_bytes(self) -> int:
        """How much of the present request's body has arrived."""
        return len(self._body)

    def feed(self, data: bytes) -> None:
        """Parse ``data``; calls back for what it completes. After a refusal further bytes are dropped."""
        if self.finished:
            return
        self._fed += len(data)
        again = b""
        try:
            self._parser.feed_data(data)
            if self._fed > self._limits.header_bytes:  # one endless line of headers, trailers, or chunk extensions
                self._head_too_large()
        except httptools.HttpParserUpgrade as upgrade:
            again = self._without_upgrade() + data[upgrade.args[0] :]
        except httptools.HttpParserCallbackError as error:
            if not isinstance(error.__context__, _RefusedError):
                raise
            self._refuse(error.__context__.refusal)
        except _RefusedError as error:
            self._refuse(error.refusal)
        except httptools.HttpParserError as error:
            if not self.finished:  # else these are bytes after `Connection: close`
                self._refuse(Refusal(HTTPStatus.BAD_REQUEST, str(error) or "malformed request"))
        if again:
            self.feed(again)

    def _refuse(self, refusal: Refusal) -> None:
        self.finished = True
        self._on_request(refusal)

    def _without_upgrade(self) -> bytes:
        """Return the present head again, asking for no upgrade: llhttp would skip the body of one that does.

        A server may ignore ``Upgrade`` (RFC 9110, 7.8). The connection ends after this request, so that a client
        cannot make us parse the same bytes over and over.
        """
        lines = [b"%b %b HTTP/%b" % (self._parser.get_method(), self._url, self._parser.get_http_version().encode())]
        lines += [name + b": " + value for name, value in self._headers if name not in {b"upgrade", b"connection"}]
        lines.append(b"connection: close\r\n\r\n")
        self._parser = httptools.HttpRequestParser(self)
        self._reset()
        return b"\r\n".join(lines)

    def _reset(self) -> None:
        self._begun = False
        self._url = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._head_bytes = 0
        self._body = bytearray()
        self._in_body = False
        self._hosts = 0
        self._chunked = False
        self._expects = False

    # What httptools calls, in this order.

    def on_message_begin(self) -> None:
        self._begun = True

    def on_url(self, url: bytes) -> None:
        self._url += url
        self._count(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count(len(name) + len(value) + 4)
        if self._in_body:
            return  # a trailer: counted, and dropped, since nothing here gives one a meaning
        if len(self._headers) >= self._limits.headers:
            raise _RefusedError(HTTPStatus.BAD_REQUEST, f"more than {self._limits.headers} headers")
        name = name.lower()
        value = value.rstrip(b" \t")  # llhttp strips what is before the value only
        if name == b"host":
            self._hosts += 1
        elif name == b"transfer-encoding":
            if self._chunked or value.lower() != b"chunked":
                raise _RefusedError(HTTPStatus.BAD_REQUEST, "the only Transfer-Encoding spoken here is chunked")
            self._chunked = True
        elif name == b"expect":
            self._expects = value.lower() == b"100-continue"
        elif name == b"content-length" and int(value) > self._limits.body_bytes:
            self._body_too_large()
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        version = self._parser.get_http_version()
        if version not in {"1.1", "1.0"}:
            raise _RefusedError(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, "only HTTP/1.1 and HTTP/1.0 are spoken here")
        self._http_10 = version == "1.0"
        if self._http_10 and self._chunked:
            raise _RefusedError(HTTPStatus.BAD_REQUEST, "HTTP/1.0 has no Transfer-Encoding")
        if self._hosts > 1 or (not self._http_10 and not self._hosts):
            raise _RefusedError(HTTPStatus.BAD_REQUEST, "exactly one Host header is needed")
        if self._parser.get_method() == b"CONNECT":
            raise _RefusedError(HTTPStatus.NOT_IMPLEMENTED, "CONNECT is not supported")
        self._fed = 0
        if self._parser.should_upgrade():
            return
        self._in_body = True
        if self._expects and not self._http_10:
            self._on_continue()

    def on_body(self, data: bytes) -> None:
        self._fed = 0
        self._body += data
        if len(self._body) > self._limits.body_bytes:
            self._body_too_large()

    def on_message_complete(self) -> None:
        if self._parser.should_upgrade():
            return
        keep_alive = self._parser.should_keep_alive()
        path, query = _split_target(self._url)
        request = Request(
            self._parser.get_method().decode("ascii"),
            path,
            query,
            tuple(self._headers),
            bytes(self._body),
            self._http_10,
            keep_alive,
        )
        self._reset()
        self.finished = not keep_alive
        self._on_request(request)

    def _count(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > self._limits.header_bytes:
            self._head_too_large()

    def _head_too_large(self) -> None:
        raise _RefusedError(HTTPStatus.BAD_REQUEST, f"headers are over {self._limits.header_bytes} bytes")

    def _body_too_large(self) -> None:
        limit = self._limits.body_bytes
        raise _RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body is over {limit} bytes")


def _split_target(url: bytes) -> tuple[str, str]:
    """Return path and query of a request target in origin or absolute form (RFC 9112, 3.2)."""
    text = url.decode("latin-1")
    path, _, query = text.partition("?")
    if not path.startswith("/") and "://" in path:
        path = "/" + path.split("://", 1)[1].partition("/")[2]
    return path, query
