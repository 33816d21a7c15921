"""One awaited request: for health probes, metrics and tools, not for the hot path."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from beaufort.errors import Problem, UsageError
from beaufort.units import MIB
from beaufort.wire.client import ClientConnection, Pool, ResponseHead, WireError
from beaufort.wire.exchange import Headers

_TARGET = re.compile(r"[!-~]*")  # what is to be sent as it is: no spaces, nothing beyond ASCII


@dataclass(frozen=True, slots=True)
class Response:
    """A whole response."""

    head: ResponseHead
    body: bytes

    @property
    def status(self) -> int:
        """The status code."""
        return self.head.status


class _Whole:
    """A sink that waits for the whole response."""

    def __init__(self, connection: ClientConnection, limit: int) -> None:
        self._connection = connection
        self._limit = limit
        self._head: ResponseHead | None = None
        self._body = bytearray()
        self.done: asyncio.Future[Response] = asyncio.get_running_loop().create_future()

    def on_head(self, head: ResponseHead) -> None:
        self._head = head

    def on_body(self, data: bytes) -> None:
        self._body += data
        if len(self._body) > self._limit:
            self._connection.close()
            self.on_lost(WireError(Problem(f"the response is over {self._limit} bytes", self._connection.where)))

    def on_end(self) -> None:
        if self._head is not None and not self.done.done():
            self.done.set_result(Response(self._head, bytes(self._body)))

    def on_lost(self, error: WireError) -> None:
        if not self.done.done():
            self.done.set_exception(error)


def encode(method: str, target: str, host: str, headers: Headers = (), body: bytes = b"") -> bytes:
    """Return the bytes of a request."""
    lines = [f"{method} {target} HTTP/1.1\r\nhost: {host}".encode("latin-1")]
    lines += [name + b": " + value for name, value in headers]
    if body or method in {"POST", "PUT", "PATCH"}:
        lines.append(b"content-length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


async def fetch(
    url: str,
    *,
    method: str = "GET",
    headers: Headers = (),
    body: bytes = b"",
    seconds: float = 10.0,
    limit: int = 64 * MIB,
) -> Response:
    """Request ``url`` (``http://host:port/path``) on a connection of its own and return the whole response.

    Raises:
        WireError: No response, or not all of it, within ``seconds``, or a body over ``limit`` bytes.
        UsageError: The address is not one of HTTP.
    """
    pool, target = _locate(url, seconds)
    connection: ClientConnection | None = None
    try:
        async with asyncio.timeout(seconds):
            connection = await pool.connect()
            whole = _Whole(connection, limit)
            data = encode(method, target, pool.where, [*headers, (b"connection", b"close")], body)
            connection.send(data, whole, bodiless=method == "HEAD")
            return await whole.done
    except TimeoutError as error:
        raise WireError(Problem(f"no whole response in {seconds:g} s", url)) from error
    finally:
        if connection is not None:
            connection.close()


def _locate(url: str, seconds: float) -> tuple[Pool, str]:
    """Return where to connect, and the request's target."""
    problem = Problem("not an http:// address", url, "write for example http://127.0.0.1:8080/health")
    try:
        parts = urlsplit(url)
        port = parts.port or 80
    except ValueError as error:  # a port that is no number, a bracket that does not close
        raise UsageError(problem) from error
    if parts.scheme != "http" or not parts.hostname or not _TARGET.fullmatch(parts.path + parts.query):
        raise UsageError(problem)
    pool = Pool(parts.hostname, port, connect_seconds=seconds)
    return pool, (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
