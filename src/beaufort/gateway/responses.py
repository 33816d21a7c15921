"""What the gateway itself says when no engine does: errors in OpenAI's shape.

The shape, which every OpenAI client reads (https://platform.openai.com/docs/guides/error-codes):
``{"error": {"message": ..., "type": ..., "param": null, "code": ...}}``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from http import HTTPStatus

from beaufort.wire import Headers, sse


@dataclass(frozen=True, slots=True)
class Failure:
    """An answer of the gateway's own.

    Attributes:
        status: The HTTP status.
        code: A word for programs, stable, for example ``no_endpoint_ready``.
        message: A sentence for people.
        headers: Further headers of the response.
    """

    status: int
    code: str
    message: str
    headers: Headers = ()

    @property
    def body(self) -> bytes:
        """The JSON body."""
        kind = "invalid_request_error" if self.status < HTTPStatus.INTERNAL_SERVER_ERROR else "server_error"
        error = {"message": self.message, "type": kind, "param": None, "code": self.code}
        return json.dumps({"error": error}).encode()

    @property
    def event(self) -> bytes:
        """The error as the last event of a stream that broke.

        The blank line before it ends an event that may have been cut; an empty event means nothing to a client.
        """
        return b"\n\n" + sse.event(self.body)


def not_found(path: str) -> Failure:
    """There is nothing at ``path``."""
    return Failure(404, "not_found", f"there is nothing at {path[:200]}; the API is under /v1/")


def not_allowed(method: str) -> Failure:
    """Only GET and HEAD make sense here."""
    return Failure(405, "method_not_allowed", f"{method} is not possible here", ((b"allow", b"GET, HEAD"),))


def no_endpoint(reason: str) -> Failure:
    """No endpoint became ready while the request waited, or too many wait already."""
    return Failure(503, "no_endpoint_ready", reason, ((b"retry-after", b"5"),))


def upstream_failed(reason: str) -> Failure:
    """The engine broke off, and there is nothing left to try."""
    return Failure(502, "upstream_failed", reason)


def timed_out(reason: str) -> Failure:
    """The engine was silent for too long."""
    return Failure(504, "upstream_timeout", reason)


def render_refusal(status: int, reason: str) -> tuple[bytes, bytes]:
    """Return content type and body for a request that the parser refuses."""
    return b"application/json", Failure(status, "malformed_request", reason).body
