"""One request on its way: wait for an endpoint, choose one, try, try again, answer, and account for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from beaufort.gateway import headers
from beaufort.gateway.access_log import AccessLog, Entry
from beaufort.gateway.attempt import Attempt, Trouble
from beaufort.gateway.endpoints import Endpoints, Route
from beaufort.gateway.metrics import Metrics
from beaufort.gateway.responses import Failure, no_endpoint
from beaufort.gateway.settings import Patience
from beaufort.routing import Prompt, prompt
from beaufort.wire import Exchange

_EVENT_STREAM = b"text/event-stream"


def _nothing() -> None:
    pass


@dataclass(frozen=True, slots=True)
class Crew:
    """What every request needs.

    Attributes:
        endpoints: Where requests can go.
        patience: How long and how often.
        metrics: What is counted.
        log: Where each request is written down.
        clock: A monotonic time, in seconds.
        new_id: Makes a request id.
        running: The requests that are not answered yet.
    """

    endpoints: Endpoints
    patience: Patience
    metrics: Metrics
    log: AccessLog
    clock: Callable[[], float]
    new_id: Callable[[], bytes]
    running: set[Relay] = field(default_factory=set)


class Relay:
    """A request from its arrival to its entry in the log."""

    __slots__ = (
        "_attempt",
        "_attempts",
        "_begun",
        "_crew",
        "_first_byte",
        "_prompt",
        "_sent",
        "_stale",
        "_tried",
        "endpoints",
        "exchange",
        "patience",
        "request_head",
        "request_id",
        "request_rest",
    )

    def __init__(self, crew: Crew, exchange: Exchange) -> None:
        self._crew = crew
        self.endpoints = crew.endpoints
        self.patience = crew.patience
        self.exchange = exchange
        request = exchange.request
        self.request_id = headers.request_id(request) or crew.new_id()
        self.request_head = headers.request_line(request)
        self.request_rest = headers.request_rest(request, self.request_id)
        self._begun = crew.clock()
        self._first_byte = 0.0
        self._prompt: Prompt | None = None
        self._attempt: Attempt | None = None
        self._attempts = 0  # every try, for the log
        self._sent = 0  # those that count against the limit
        self._stale = False
        self._tried: set[str] = set()

    def start(self) -> None:
        """Begin."""
        exchange = self.exchange
        exchange.on_abort = self._aborted
        exchange.on_pause = self._paused
        exchange.on_resume = self._resumed
        self._crew.running.add(self)
        self._try()

    def _try(self) -> None:
        if self._prompt is None:
            # Where there is no choice, nothing has to be known of the prompt.
            self._prompt = prompt.read(self.exchange.request.body) if len(self.endpoints) > 1 else prompt.NOTHING
        route = self.endpoints.choose(self._prompt, self._tried)
        if route is None:
            self._wait()
        else:
            self._send(route)

    def _wait(self) -> None:
        self._attempt = None
        patience = self.patience
        if self._overdue:
            self._answer(no_endpoint(f"no endpoint became ready within {patience.ready:g} s"), "unavailable")
        elif not self.endpoints.wait(self._try):
            self._answer(no_endpoint(f"no endpoint is ready, and {patience.waiters} requests wait"), "unavailable")

    @property
    def _overdue(self) -> bool:
        return self._crew.clock() - self._begun >= self.patience.ready

    def _send(self, route: Route, *, fresh: bool = False) -> None:
        self._attempts += 1
        self._sent += 1
        self._attempt = Attempt(self, route, self._crew.clock())
        self._attempt.start(fresh=fresh)

    # The attempt's side

    @property
    def last_try(self) -> bool:
        """Whether an answer of any status has to be relayed."""
        return self._sent >= self.patience.attempts

    def began(self) -> None:
        """The first byte is on its way to the client."""
        self._first_byte = self._crew.clock()

    def ended(self) -> None:
        """The response is complete."""
        self._crew.metrics.attempted("answered")
        self._account("ok")

    def failed(self, trouble: Trouble) -> None:
        """Try again if the client has seen nothing; otherwise tell it what can still be told."""
        attempt = self._attempt
        if attempt is None:
            return
        self._crew.metrics.attempted(trouble.reason)
        if attempt.relayed is not None:
            self._break(trouble)
        elif trouble.blame is None and not self._stale:
            # The server had closed an idle connection before the request came: no try at all.
            self._stale = True
            self._sent -= 1
            self._crew.metrics.retried(trouble.reason)
            self._send(attempt.route, fresh=True)
        elif trouble.reason == "timeout":
            self._answer(trouble.failure, "timeout")
        else:
            self._tried.add(attempt.upstream.url)
            self._again(trouble)

    def _again(self, trouble: Trouble) -> None:
        if trouble.reason == "refused" and not self._overdue:
            # Nothing was sent, and the endpoint is out at once: as many as refuse are passed over.
            self._sent -= 1
        if self.last_try:
            self._answer(trouble.failure, "failed")
        else:
            self._crew.metrics.retried(trouble.reason)
            self._try()

    def _break(self, trouble: Trouble) -> None:
        """End a response that has begun and cannot be completed. Never as if it were complete."""
        attempt, exchange = self._attempt, self.exchange
        head = attempt.relayed if attempt is not None else None
        kind = (head.header(b"content-type") or b"") if head is not None else b""
        sized = head is not None and head.header(b"content-length") is not None
        if kind.lower().startswith(_EVENT_STREAM) and not sized:
            exchange.write(trouble.failure.event)
            exchange.end()
        else:
            exchange.cut()
        self._crew.metrics.broken += 1
        self._account("broken")

    # The client's side

    def _aborted(self) -> None:
        self.endpoints.leave(self._try)
        if self._attempt is not None:
            self._attempt.abandon()
            self._crew.metrics.attempted("aborted")
        self._crew.metrics.aborted += 1
        self._account("aborted")

    def _paused(self) -> None:
        if self._attempt is not None:
            self._attempt.pause()

    def _resumed(self) -> None:
        if self._attempt is not None:
            self._attempt.resume()

    # Now and then

    def sweep(self, now: float) -> None:
        """Give up what has taken too long."""
        if self._attempt is not None:
            self._attempt.sweep(now)
        elif self._overdue:
            self.endpoints.leave(self._try)
            self._wait()

    # The end

    def _answer(self, failure: Failure, outcome: str) -> None:
        self.began()
        fields = [*failure.headers, (headers.REQUEST_ID, self.request_id)]
        self.exchange.respond(failure.status, failure.body, headers=fields)
        self._account(outcome)

    def _account(self, outcome: str) -> None:
        crew, exchange, attempt = self._crew, self.exchange, self._attempt
        crew.running.discard(self)
        entry = Entry(
            self.request_id.decode("ascii"),
            exchange.request.method,
            exchange.request.path,
            exchange.status,
            attempt.upstream.url if attempt is not None else "",
            self._attempts,
            exchange.sent_bytes,
            self._first_byte - self._begun if self._first_byte else None,
            crew.clock() - self._begun,
            outcome,
        )
        crew.metrics.finished(entry, len(exchange.request.body))
        crew.log.write(entry)
        # What points here in a circle would keep the request, body and all, until the garbage collector comes.
        self._attempt = None
        exchange.on_abort = exchange.on_pause = exchange.on_resume = _nothing
