"""One HTTP request as a frozen value."""

from __future__ import annotations

from dataclasses import dataclass

Headers = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class Request:
    """A request whose body has arrived.

    Attributes:
        method: As sent, for example ``POST``.
        path: The path of the target, percent-encoding untouched, never empty.
        query: What follows the question mark, empty when nothing does.
        headers: Names in lower case, in the order of arrival; values as bytes.
        body: The decoded body.
        http_10: The client speaks HTTP/1.0 and understands no chunks.
        keep_alive: The client lets the connection live on.
    """

    method: str
    path: str
    query: str
    headers: Headers
    body: bytes
    http_10: bool = False
    keep_alive: bool = True

    def header(self, name: bytes) -> bytes | None:
        """Return the first value of the header ``name`` (in lower case), or None."""
        for key, value in self.headers:
            if key == name:
                return value
        return None
