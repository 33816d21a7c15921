"""One endpoint at run time: its connections, its load, its health."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from beaufort.errors import Problem, UsageError
from beaufort.routing import Endpoint, Health, PrefixIndex
from beaufort.routing.prefix import UNKNOWN_TOKENS, blocks_of
from beaufort.wire import ClientConnection, Pool


@dataclass(frozen=True, slots=True)
class Address:
    """Where an engine is.

    Attributes:
        url: Its address, normalised.
        zone: Its zone; empty when it is not known.
    """

    url: str
    zone: str = ""


class Upstream:
    """An engine that requests can be sent to.

    Attributes:
        url: Its address, normalised: also its name in logs and metrics.
        host_line: The ``host`` header of what is sent to it.
        removed: It has left the list: running requests finish, no new ones begin.
        prefixes: The beginnings of prompts that it should still have.
    """

    __slots__ = (
        "_health",
        "_in_flight",
        "_pending",
        "_pool",
        "_snapshot",
        "_zone",
        "host_line",
        "prefixes",
        "removed",
        "url",
    )

    def __init__(self, address: Address, *, connect_seconds: float, health: Health) -> None:
        parts = urlsplit(address.url)
        self.url = address.url
        self._zone = address.zone
        self.host_line = b"host: %b\r\n" % parts.netloc.encode("ascii")
        self.removed = False
        self.prefixes = PrefixIndex(blocks_of(UNKNOWN_TOKENS))
        self._pool = Pool(parts.hostname or "", parts.port or 80, connect_seconds=connect_seconds)
        self._in_flight = 0
        self._pending = 0
        self._health = health
        self._snapshot: Endpoint | None = None

    @property
    def snapshot(self) -> Endpoint:
        """The endpoint as it stands at this moment."""
        if self._snapshot is None:
            self._snapshot = Endpoint(self.url, self._in_flight, self._health.state, self._zone, self._pending)
        return self._snapshot

    @property
    def zone(self) -> str:
        """Its zone; empty when it is not known."""
        return self._zone

    @zone.setter
    def zone(self, value: str) -> None:
        self._zone = value
        self._snapshot = None

    @property
    def in_flight(self) -> int:
        """Requests sent, or about to be, that are not complete."""
        return self._in_flight

    @in_flight.setter
    def in_flight(self, value: int) -> None:
        self._in_flight = value
        self._snapshot = None

    @property
    def pending(self) -> int:
        """Tokens of prompts that were sent to it and of which nothing has come back, about."""
        return self._pending

    @pending.setter
    def pending(self, value: int) -> None:
        self._pending = value
        self._snapshot = None

    @property
    def health(self) -> Health:
        """Whether it takes requests, and why."""
        return self._health

    @health.setter
    def health(self, value: Health) -> None:
        self._health = value
        self._snapshot = None

    def take(self) -> ClientConnection | None:
        """Return a connection that is free, or None."""
        return self._pool.take()

    async def connect(self) -> ClientConnection:
        """Open a connection.

        Raises:
            WireError: It cannot be had in time; the cause is the ``OSError``.
        """
        return await self._pool.connect()

    def release(self, connection: ClientConnection) -> None:
        """Keep a connection for the next request."""
        if self.removed:
            connection.close()
        else:
            self._pool.give_back(connection)

    def remove(self) -> None:
        """Leave the list."""
        self.removed = True
        self._pool.close()


def normalise(url: str) -> str:
    """Return an endpoint's address in its one form: scheme, host and port in lower case, nothing else.

    Raises:
        UsageError: The address is not that of an HTTP server.
    """
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError as error:
        raise _no_endpoint(url) from error
    surplus = parts.path.strip("/") or parts.query or parts.fragment or parts.username is not None
    if parts.scheme != "http" or not parts.hostname or surplus or not parts.netloc.isascii() or port == 0:
        raise _no_endpoint(url)
    if any(character <= " " for character in parts.netloc):
        raise _no_endpoint(url)
    return f"http://{parts.netloc.lower()}"


def _no_endpoint(url: str) -> UsageError:
    return UsageError(
        Problem("this is no endpoint's address", url[:200], "write for example http://127.0.0.1:9001, without a path")
    )
