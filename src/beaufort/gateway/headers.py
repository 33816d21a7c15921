"""Headers on their way through: what belongs to one connection only stays behind (RFC 9110, 7.6.1)."""

from __future__ import annotations

import re

from beaufort.wire import Headers, Request

_HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
REQUEST_ID = b"x-request-id"
# Written anew: the body is whole by now, whatever framing it came in, and its host is the endpoint.
_NOT_SENT = _HOP_BY_HOP | {b"content-length", b"expect", b"host", REQUEST_ID}
_NOT_RETURNED = _HOP_BY_HOP | {b"content-length", REQUEST_ID}
_NAMES_NOTHING = {b"keep-alive", b"close", b"Keep-Alive", b"Close"}
_METHODS_WITH_BODY = {"POST", "PUT", "PATCH"}
_SAFE_ID = re.compile(rb"[A-Za-z0-9._:/+=@-]{1,128}")


def _kept(headers: Headers, dropped: frozenset[bytes]) -> list[tuple[bytes, bytes]]:
    for name, value in headers:
        if name == b"connection" and value not in _NAMES_NOTHING:
            dropped |= {token.strip().lower() for token in value.split(b",")}
    return [field for field in headers if field[0] not in dropped]


def returned(headers: Headers, request_id: bytes) -> list[tuple[bytes, bytes]]:
    """Return the headers of a response as the client gets them, without those about framing."""
    fields = _kept(headers, _NOT_RETURNED)
    fields.append((REQUEST_ID, request_id))
    return fields


def request_id(request: Request) -> bytes | None:
    """Return the client's own id for the request if it is harmless in a header and in a log, or None."""
    given = request.header(REQUEST_ID)
    return given if given is not None and _SAFE_ID.fullmatch(given) else None


def request_line(request: Request) -> bytes:
    """Return the first line of the request as it is sent on."""
    query = f"?{request.query}" if request.query else ""
    return f"{request.method} {request.path}{query} HTTP/1.1\r\n".encode("latin-1")


def request_rest(request: Request, request_id: bytes) -> bytes:
    """Return what follows the ``host`` header: the other headers, the blank line, the body."""
    lines = [b"%b: %b" % field for field in _kept(request.headers, _NOT_SENT)]
    lines.append(REQUEST_ID + b": " + request_id)
    if request.body or request.method in _METHODS_WITH_BODY:
        lines.append(b"content-length: %d" % len(request.body))
    lines.append(b"\r\n" + request.body)
    return b"\r\n".join(lines)
