"""One try of one request on one endpoint: the sink of its response, and so the hot path.

The head is held back until the first byte of the body or the end. An engine that dies in prefill, after an early
head and before the first token, has cost its client nothing yet, and the request can go elsewhere.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol

from beaufort.gateway import headers
from beaufort.gateway.endpoints import Endpoints, Route
from beaufort.gateway.responses import Failure, timed_out, upstream_failed
from beaufort.gateway.settings import Patience
from beaufort.routing import AttemptOutcome
from beaufort.wire import ClientConnection, Exchange, ResponseHead, WireError

_ANOTHER_MIGHT = {
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
}


class Stage(Protocol):
    """The request, as one try of it sees it."""

    exchange: Exchange
    request_id: bytes
    request_head: bytes
    request_rest: bytes
    endpoints: Endpoints
    patience: Patience

    @property
    def last_try(self) -> bool:
        """Whether an answer of any status has to be relayed."""

    def began(self) -> None:
        """The first byte is on its way to the client."""

    def ended(self) -> None:
        """The response is complete."""

    def failed(self, trouble: Trouble) -> None:
        """The try has failed. Nothing more comes of it."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a try failed.

    Attributes:
        reason: A word for metrics.
        failure: What the client is told if nothing else can be done.
        blame: What the endpoint's health makes of it. None: nothing, the connection was merely stale.
    """

    reason: str
    failure: Failure
    blame: AttemptOutcome | None


class Attempt:
    """One try. It begins with ``start`` and ends with one call to its stage's ``ended`` or ``failed``."""

    __slots__ = (
        "_computed",
        "_connecting",
        "_connection",
        "_head",
        "_quiet",
        "_relayed",
        "_since",
        "_stage",
        "over",
        "route",
        "upstream",
    )

    def __init__(self, stage: Stage, route: Route, now: float) -> None:
        self.route = route
        self.upstream = route.upstream
        self._computed = False
        self.over = False
        self._stage = stage
        self._connection: ClientConnection | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._head: ResponseHead | None = None
        self._relayed = False
        self._quiet = True
        self._since = now

    def start(self, *, fresh: bool = False) -> None:
        """Send the request on a free connection, or on a new one if there is none or it must be ``fresh``."""
        self._stage.endpoints.begun(self.route)
        connection = None if fresh else self.upstream.take()
        if connection is None:
            self._connecting = asyncio.get_running_loop().create_task(self._connect())
        else:
            self._send(connection)

    async def _connect(self) -> None:
        try:
            connection = await self.upstream.connect()
        except WireError as error:
            if not self.over:
                self._fail(_not_connected(error))
            return
        if self.over:
            self.upstream.release(connection)
        else:
            self._send(connection)

    def _send(self, connection: ClientConnection) -> None:
        self._connection = connection
        stage = self._stage
        data = b"".join((stage.request_head, self.upstream.host_line, stage.request_rest))
        connection.send(data, self, bodiless=stage.exchange.request.method == "HEAD")

    def abandon(self) -> None:
        """Drop it: the client is gone, or has been answered otherwise."""
        self._finish()
        if self._connection is not None:
            self._connection.close()

    # The sink

    def on_head(self, head: ResponseHead) -> None:
        """Hold the head back, or try again where another endpoint might do better."""
        if head.status in _ANOTHER_MIGHT and not self._stage.last_try:
            self._fail(_refused_by_status(head.status))
        else:
            self._head = head

    def on_body(self, data: bytes) -> None:
        """Pass on bytes of the body, unread."""
        self._quiet = False
        if self._relayed:
            self._stage.exchange.write(data)
        else:
            self._relay_head(data)

    def on_end(self) -> None:
        """Complete the response and free the connection."""
        stage, head, connection = self._stage, self._head, self._connection
        if connection is None or head is None:  # it was dropped
            return
        if not self._relayed:
            self._relay_head(b"")
        self._finish()
        self._connection = None  # ending may still pause the sender, and this connection is the next request's now
        stage.exchange.end()
        self.upstream.release(connection)
        stage.endpoints.attempted(self.upstream, _verdict(head.status))
        stage.ended()

    def on_lost(self, error: WireError) -> None:
        """Try again if the client has seen nothing."""
        what = error.problems[0].what
        used = self._connection is not None and self._connection.used > 1
        # A machine that answers no more has not closed an idle connection: it is gone, and another connection to it
        # would only take longer to fail.
        stale = self._head is None and used and not isinstance(error.__cause__, TimeoutError)
        self._fail(
            Trouble(
                "stale" if stale else "lost",
                upstream_failed(f"the engine broke off: {what}"),
                None if stale else AttemptOutcome.BROKEN,
            )
        )

    # Pace

    def pause(self) -> None:
        """Let the engine wait for a slow client."""
        if self._connection is not None:
            self._connection.pause()

    def resume(self) -> None:
        """Read on."""
        if self._connection is not None:
            self._connection.resume()

    def sweep(self, now: float) -> None:
        """Give up if nothing has come for too long. Called now and then, so that no chunk needs a timer."""
        patience = self._stage.patience
        if not self._quiet or self._stage.exchange.paused:
            self._quiet = True
            self._since = now
            return
        limit = patience.silence if self._relayed else patience.answer
        if now - self._since >= limit:
            reason = f"the engine sent nothing for {limit:g} s"
            self._fail(Trouble("timeout", timed_out(reason), AttemptOutcome.TIMED_OUT))

    def _relay_head(self, first: bytes) -> None:
        head, stage = self._head, self._stage
        if head is None:
            return
        self._relayed = True
        self._note_computed()
        stage.began()
        length = None if head.header(b"transfer-encoding") else head.header(b"content-length")
        stage.exchange.start(
            head.status,
            headers.returned(head.headers, stage.request_id),
            None if length is None else int(length),
            first=first,
        )
        if stage.exchange.paused:
            self.pause()

    # The end

    @property
    def relayed(self) -> ResponseHead | None:
        """The head that the client has seen, or None."""
        return self._head if self._relayed else None

    def _fail(self, trouble: Trouble) -> None:
        self.abandon()
        if trouble.blame is not None:
            self._stage.endpoints.attempted(self.upstream, trouble.blame)
        self._stage.failed(trouble)

    def _finish(self) -> None:
        if not self.over:
            self.over = True
            self._note_computed()
            self._stage.endpoints.ended(self.route)

    def _note_computed(self) -> None:
        if not self._computed:
            self._computed = True
            self._stage.endpoints.computed(self.route)


def _not_connected(error: WireError) -> Trouble:
    failure = upstream_failed(f"the engine cannot be reached: {error.problems[0].what}")
    if isinstance(error.__cause__, ConnectionRefusedError):
        return Trouble("refused", failure, AttemptOutcome.REFUSED)
    return Trouble("unreachable", failure, AttemptOutcome.UNREACHABLE)


def _refused_by_status(status: int) -> Trouble:
    return Trouble(f"http_{status}", upstream_failed(f"the engine answered {status}"), _verdict(status))


def _verdict(status: int) -> AttemptOutcome:
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        return AttemptOutcome.NOT_READY
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return AttemptOutcome.SERVER_ERROR
    return AttemptOutcome.SERVED
