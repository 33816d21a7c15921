"""Ports of this machine for the fleet's servers."""

from __future__ import annotations

import socket

from beaufort.wire import Server

LOOPBACK = "127.0.0.1"


class Reservation:
    """A free port, kept for one server for as long as this lives.

    The socket is bound and never listens. Linux then lets a server with SO_REUSEADDR (asyncio's and uvloop's
    default) listen on the port, and gives it to nobody who asks for any free port. So a replica's address
    stays its own while the replica is dead.
    """

    def __init__(self) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind((LOOPBACK, 0))
        self.port: int = self._socket.getsockname()[1]

    def close(self) -> None:
        """Give the port back."""
        self._socket.close()


async def check_free(host: str, port: int) -> int:
    """Return ``port``, or a free one for 0, when a server can listen there.

    Raises:
        UnavailableError: The port is taken, or the address is none of this machine's.
    """
    server = Server(lambda _: None)
    await server.listen(host, port)
    await server.close()
    return server.port
