"""The API server itself: its version, its clock, what it serves."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from beaufort.errors import Problem, UnavailableError
from beaufort.kube.connection import Connection
from beaufort.kube.discovery import Discovery, MissingKindError
from beaufort.kube.reference import Object, Reference

_DIGITS = re.compile(r"\d+")


class TooOldError(UnavailableError):
    """The cluster's Kubernetes is older than what Beaufort stands on."""


@dataclass(frozen=True, slots=True)
class Version:
    """The version of a cluster.

    Attributes:
        text: As the server says it: ``v1.30.14-eks-1a2b3c``.
        minor: 30.
    """

    text: str
    minor: int


async def version(connection: Connection) -> Version:
    """Return the cluster's version.

    Raises:
        KubeError: The server does not say it.
    """
    found = await connection.get("/version")
    digits = _DIGITS.search(str(found.get("minor", "")))  # some providers say "30+"
    return Version(str(found.get("gitVersion", "")), int(digits[0]) if digits else 0)


async def supported_version(connection: Connection, oldest: int) -> Version:
    """Return the cluster's version.

    Args:
        connection: To the cluster.
        oldest: The oldest minor version that will do.

    Raises:
        TooOldError: It is older.
        KubeError: The server does not say it.
    """
    found = await version(connection)
    if found.minor < oldest:
        what, remedy = f"Kubernetes {found.text} is too old", f"use a cluster of version 1.{oldest} or newer"
        raise TooOldError(Problem(what, connection.server, remedy))
    return found


async def clock(connection: Connection) -> datetime | None:
    """Return the server's time, of one second's precision; None if it tells none.

    Raises:
        UnreachableError: It does not answer.
    """
    reply = await connection.reply("GET", "/version")
    if reply.status != HTTPStatus.OK or "date" not in reply.headers:
        return None
    return parsedate_to_datetime(reply.headers["date"])


async def missing(discovery: Discovery, things: Iterable[Object]) -> tuple[MissingKindError, ...]:
    """Return, for each kind of the objects that the cluster does not serve, the error that says so.

    Raises:
        KubeError: The server does not say what it serves.
    """
    errors = {}
    for kind in dict.fromkeys((each.api_version, each.kind) for each in map(Reference.of, things)):
        try:
            await discovery.kind(*kind)
        except MissingKindError as error:
            errors[kind] = error
    return tuple(errors.values())
