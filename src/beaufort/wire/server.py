"""The listening socket, its connections, and their orderly end."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable

from beaufort.errors import Problem, UnavailableError
from beaufort.wire.connection import Connection
from beaufort.wire.exchange import Exchange
from beaufort.wire.limits import Limits

_SWEEP_SECONDS = 0.5


def _plain_refusal(status: int, reason: str) -> tuple[bytes, bytes]:  # noqa: ARG001 - other renderers use it
    return b"text/plain; charset=utf-8", f"{reason}\n".encode()


class Server:
    """An HTTP/1.1 server.

    Args:
        handle: Called on the event loop with each request. It must not block; it may answer later.
        limits: What a client's connection may cost.
        render_refusal: Makes the content type and body of a refusal that never reaches the handler.
    """

    def __init__(
        self,
        handle: Callable[[Exchange], None],
        limits: Limits | None = None,
        render_refusal: Callable[[int, str], tuple[bytes, bytes]] = _plain_refusal,
    ) -> None:
        self.handle = handle
        self.limits = limits or Limits()
        self.render_refusal = render_refusal
        self.draining = False
        self.port = 0
        self._connections: set[Connection] = set()
        self._listener: asyncio.Server | None = None
        self._sweep: asyncio.TimerHandle | None = None

    async def listen(self, host: str, port: int, *, reuse_port: bool = False) -> None:
        """Bind and accept connections. Port 0 takes a free one; ``port`` says which.

        Raises:
            UnavailableError: The address is taken, or is none of this machine's.
        """
        loop = asyncio.get_running_loop()
        try:
            self._listener = await loop.create_server(
                lambda: Connection(self), host, port, reuse_port=reuse_port, backlog=2048
            )
        except OSError as error:
            raise _bind_problem(error, host, port) from error
        self.port = self._listener.sockets[0].getsockname()[1]
        self._sweep = loop.call_later(_SWEEP_SECONDS, self._expire)

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        return len(self._connections)

    def opened(self, connection: Connection) -> None:
        """Take note of a connection. Called by the connection."""
        self._connections.add(connection)

    def closed(self, connection: Connection) -> None:
        """Forget a connection. Called by the connection."""
        self._connections.discard(connection)

    def _expire(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        self._sweep = loop.call_later(_SWEEP_SECONDS, self._expire)
        for connection in [each for each in self._connections if each.deadline <= now]:
            connection.expire(now)

    def leave(self) -> None:
        """Serve on, but let every answer be the last of its connection, so that clients go elsewhere by themselves."""
        self.draining = True

    def stop_listening(self) -> None:
        """Accept no further connection. Those that are open live on."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    async def close(self, drain_seconds: float = 0.0) -> int:
        """Finish what is in progress within ``drain_seconds``, cut the rest, and return how many were cut."""
        self.stop_listening()
        self.draining = True
        loop = asyncio.get_running_loop()
        end = loop.time() + drain_seconds
        while True:
            for connection in list(self._connections):
                connection.close_idle()
            if not self._connections or loop.time() >= end:
                break
            await asyncio.sleep(0.02)
        left = list(self._connections)
        cut = sum(connection.busy for connection in left)
        for connection in left:
            connection.cut()
        if self._sweep is not None:
            self._sweep.cancel()
        await asyncio.sleep(0)
        return cut


def _bind_problem(error: OSError, host: str, port: int) -> UnavailableError:
    where = f"{host}:{port}"
    if error.errno == errno.EADDRINUSE:
        return UnavailableError(Problem("the port is in use", where, "stop what uses it, or choose another --port"))
    if error.errno == errno.EACCES:
        return UnavailableError(Problem("the port may not be opened", where, "choose a --port over 1023"))
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return UnavailableError(Problem("this is no address of this machine", where, "try --host 127.0.0.1"))
    return UnavailableError(Problem(f"cannot listen: {error.strerror or error}", where))
