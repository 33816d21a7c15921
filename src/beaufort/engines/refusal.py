"""Why a request is not served, in the shape of OpenAI's API."""

from __future__ import annotations

import json
from http import HTTPStatus

JSON = b"application/json"
_SERVER_ERRORS = 500

_TYPES = {
    HTTPStatus.BAD_REQUEST: "invalid_request_error",
    HTTPStatus.NOT_FOUND: "invalid_request_error",
    HTTPStatus.METHOD_NOT_ALLOWED: "invalid_request_error",
    HTTPStatus.TOO_MANY_REQUESTS: "rate_limit_error",
    HTTPStatus.SERVICE_UNAVAILABLE: "service_unavailable_error",
}


class RequestError(Exception):
    """A request that is refused.

    Attributes:
        status: The HTTP status.
        message: What is wrong and what would be right, one or two sentences.
        param: The parameter at fault, or None.
        code: A short word for programs, or None.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = HTTPStatus.BAD_REQUEST,
        param: str | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.param = param
        self.code = code

    def body(self) -> bytes:
        """Return the JSON body."""
        return error_body(self.status, self.message, self.param, self.code)


def unknown_model(asked: str, served: str, *, status: int = HTTPStatus.BAD_REQUEST) -> RequestError:
    """Return the refusal of a model that is not served: 400 where it is a parameter, 404 where it is looked up."""
    message = f"the model {asked[:100]!r} is not served here; {served!r} is"
    return RequestError(message, status=status, param="model", code="model_not_found")


def error_body(status: int, message: str, param: str | None = None, code: str | None = None) -> bytes:
    """Return OpenAI's error object as JSON."""
    kind = _TYPES.get(HTTPStatus(status), "invalid_request_error" if status < _SERVER_ERRORS else "server_error")
    return json.dumps({"error": {"message": message, "type": kind, "param": param, "code": code}}).encode()


def render_refusal(status: int, reason: str) -> tuple[bytes, bytes]:
    """Return content type and body for what the HTTP layer refuses by itself."""
    return JSON, error_body(status, reason, code="malformed_http" if status < _SERVER_ERRORS else None)
