"""What one connection may cost, in bytes and seconds."""

from __future__ import annotations

from dataclasses import dataclass

from beaufort.units import KIB, MIB


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on one client's connection. Every one of them has an end: nothing waits for ever.

    Attributes:
        header_bytes: The request line and headers together, and the trailers of a chunked body.
        headers: How many header fields.
        body_bytes: A request's body, once decoded.
        header_seconds: From the first byte of a request to the end of its headers.
        body_seconds: Without a further byte of the body; for the whole body this much, and a second more for every
            ``body_bytes_per_second`` of it.
        body_bytes_per_second: How slowly a body may trickle in.
        idle_seconds: Between two requests of one connection.
        write_seconds: A client that reads nothing while its response waits.
        linger_seconds: How long a refused client's further bytes are read and dropped, so that it can read why.
        pipelined: Requests parsed ahead of the one in progress; beyond, or when their bodies together reach
            ``body_bytes``, reading pauses.
        write_buffer_bytes: Bytes waiting for a slow client before the writer is asked to pause.
    """

    header_bytes: int = 32 * KIB
    headers: int = 128
    body_bytes: int = 32 * MIB
    header_seconds: float = 10.0
    body_seconds: float = 30.0
    body_bytes_per_second: int = KIB
    idle_seconds: float = 90.0
    write_seconds: float = 60.0
    linger_seconds: float = 2.0
    pipelined: int = 8
    write_buffer_bytes: int = 64 * KIB
