"""HTTP/1.1 and server-sent events close to the socket.

One server protocol and one client protocol, which the gateway and the engines' servers stand on. Parsing is
llhttp's (`httptools`) in its strict mode; what is added here is what llhttp leaves to its user: limits,
timeouts, order, back-pressure, and the end of a connection.

| Module | Holds |
|---|---|
| `request` | one request as a frozen value |
| `limits` | what a connection may cost |
| `parsing` | bytes to requests, and what is refused |
| `exchange` | one request and its response: the handler's side |
| `connection` | one client's connection: order, timeouts, back-pressure |
| `server` | the listening socket, every connection, draining |
| `client` | one connection to a server, and a pool of them |
| `fetch` | one awaited request, for probes and tools |
| `sse` | server-sent events, both ways |
"""

from beaufort.wire.client import ClientConnection, Pool, ResponseHead, Sink, WireError
from beaufort.wire.exchange import Exchange, Headers
from beaufort.wire.fetch import Response, fetch
from beaufort.wire.limits import Limits
from beaufort.wire.request import Request
from beaufort.wire.server import Server

__all__ = [
    "ClientConnection",
    "Exchange",
    "Headers",
    "Limits",
    "Pool",
    "Request",
    "Response",
    "ResponseHead",
    "Server",
    "Sink",
    "WireError",
    "fetch",
]
