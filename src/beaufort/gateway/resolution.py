"""Endpoints by a name of DNS that stands for all of them, as a headless Service's does on Kubernetes.

Such a name has an address for each engine that is ready, and none while no engine is: then the list is empty. When the
name server itself fails, the last good list is kept.
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from beaufort.errors import BeaufortError, Problem, UnavailableError, UsageError

POLL_SECONDS = 1.0
# What glibc and musl answer for a name without an address. EAI_NODATA is not in every system's socket module.
_EMPTY = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}
_EXPRESSION = re.compile(r"(?P<host>[A-Za-z0-9_]([A-Za-z0-9._-]{0,251}[A-Za-z0-9.])?):(?P<port>[0-9]{1,5})", re.ASCII)
_LARGEST_PORT = 65535

Lookup = Callable[[str, int], Awaitable[list[str]]]


@dataclass(frozen=True, slots=True)
class EndpointsName:
    """A name that stands for every endpoint.

    Attributes:
        host: The name.
        port: The endpoints' port.
    """

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"

    def urls(self, addresses: list[str]) -> tuple[str, ...]:
        """Return the addresses as endpoints, sorted: name servers shuffle them."""
        shown = sorted({f"[{address}]" if ":" in address else address for address in addresses})
        return tuple(f"http://{address}:{self.port}" for address in shown)


def parse(text: str) -> EndpointsName:
    """Return the name that ``NAME:PORT`` stands for.

    Raises:
        UsageError: The text is no such thing.
    """
    match = _EXPRESSION.fullmatch(text)
    if match is None or not 0 < int(match["port"]) <= _LARGEST_PORT:
        remedy = "write for example mistral-7b-engine.chat.svc:8000"
        raise UsageError(Problem(f"{text[:100]!r} is not a name and a port", "--endpoints-dns", remedy))
    return EndpointsName(match["host"], int(match["port"]))


async def resolve(host: str, port: int) -> list[str]:
    """Return every address of a name; none when it has none.

    Raises:
        OSError: The name server does not answer.
    """
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        if error.errno in _EMPTY:
            return []
        raise
    return [str(address[0]) for *_, address in found]


async def follow(
    name: EndpointsName,
    update: Callable[[tuple[str, ...]], None],
    complain: Callable[[BeaufortError], None],
    lookup: Lookup = resolve,
    poll_seconds: float = POLL_SECONDS,
) -> None:
    """Call ``update`` with the endpoints whenever they are others, ``complain`` once when the name server fails."""
    last: tuple[str, ...] | None = None
    failing = False
    while True:
        try:
            urls = name.urls(await lookup(name.host, name.port))
        except OSError as error:
            if not failing:
                remedy = "the last good list is kept"
                complain(UnavailableError(Problem(f"cannot be resolved: {error.strerror or error}", str(name), remedy)))
            failing = True
        else:
            failing = False
            if urls != last:
                update(urls)
            last = urls
        await asyncio.sleep(poll_seconds)
