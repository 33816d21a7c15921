"""What an API server refuses, in words, with what to do next."""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from beaufort.errors import BeaufortError, Problem, UnavailableError, UsageError


class KubeError(BeaufortError):
    """The API server answered with an error.

    Attributes:
        status: The HTTP status.
    """

    status = 0


class NotFoundError(KubeError):
    """There is no such object."""


class ForbiddenError(KubeError):
    """The account has no right to do this."""


class ConflictError(KubeError):
    """Somebody else owns a field, or the object has changed meanwhile."""


class RefusedError(KubeError):
    """The API server, a quota or a webhook does not accept the object."""


class ExpiredError(KubeError):
    """What a watch wants to go on from is no longer known."""


class UnreachableError(UnavailableError):
    """No API server answers."""


class KubeconfigError(UsageError):
    """The kubeconfig cannot be used."""


_KINDS: dict[int, type[KubeError]] = {
    HTTPStatus.UNAUTHORIZED: ForbiddenError,
    HTTPStatus.FORBIDDEN: ForbiddenError,
    HTTPStatus.NOT_FOUND: NotFoundError,
    HTTPStatus.CONFLICT: ConflictError,
    HTTPStatus.GONE: ExpiredError,
    HTTPStatus.BAD_REQUEST: RefusedError,
    HTTPStatus.UNPROCESSABLE_ENTITY: RefusedError,
}
_REMEDIES: dict[int, str] = {
    HTTPStatus.UNAUTHORIZED: "log in again: the cluster does not know these credentials",
    HTTPStatus.FORBIDDEN: "ask for the rights that 'beaufort deploy --print-rbac' prints",
}
_QUOTA = re.compile(r"exceeded quota: ([^,]+), (.*)")
_WEBHOOK = re.compile(r'admission webhook "([^"]+)"|calling webhook "([^"]+)"')
_NO_NAMESPACE = re.compile(r'namespaces "([^"]+)" not found')
# What server-side apply says, with status 500, of a field that the schema does not know.
_UNTYPED = "failed to create typed patch object"


def error_of(code: int, status: Mapping[str, Any], where: str) -> KubeError:
    """Return the error for an API server's answer.

    Args:
        code: The HTTP status.
        status: The body, a ``Status`` object, or what could be read of it.
        where: The object, or the path that was asked for.
    """
    message = str(status.get("message") or f"the API server answered {code}")
    causes = (status.get("details") or {}).get("causes") or ()
    if code == HTTPStatus.CONFLICT and any(cause.get("reason") == "FieldManagerConflict" for cause in causes):
        problems = [_field_conflict(cause, where) for cause in causes]
        return _with_status(ConflictError(*problems), code)
    kind = _KINDS.get(code, KubeError)
    if _QUOTA.search(message) or _WEBHOOK.search(message) or _UNTYPED in message:
        kind = RefusedError
    return _with_status(kind(Problem(_short(message), where, _remedy(code, message))), code)


def _with_status(error: KubeError, code: int) -> KubeError:
    error.status = code
    return error


def _short(message: str) -> str:
    return message.strip().rstrip(".")[:1000]


def _field_conflict(cause: Mapping[str, Any], where: str) -> Problem:
    owner = re.search(r'conflict with "([^"]+)"', str(cause.get("message", "")))
    field = str(cause.get("field", "")).lstrip(".")
    what = f"{field} is kept by {owner[1] if owner else 'somebody else'}"
    return Problem(what, where, "leave it to them, or take it over with --force-conflicts")


def _remedy(code: int, message: str) -> str:
    if quota := _QUOTA.search(message):
        return f"raise the ResourceQuota {quota[1]}, or ask for less: {quota[2]}"
    if webhook := _WEBHOOK.search(message):
        name = webhook[1] or webhook[2]
        return f"the webhook {name} decides this: do what it asks for, or see whether it runs"
    if code == HTTPStatus.UNAUTHORIZED:
        return "log in again: the cluster does not know these credentials"
    if missing := _NO_NAMESPACE.search(message):
        return f"make the namespace: kubectl create namespace {missing[1]}"
    if "being terminated" in message:
        return "wait until the namespace is gone, and deploy again"
    return _REMEDIES.get(code, "")
