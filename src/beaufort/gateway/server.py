"""The gateway: its routes, its start and its orderly end."""

from __future__ import annotations

import asyncio
import itertools
import json
import secrets
import time
from collections.abc import Callable
from http import HTTPStatus

from beaufort.errors import BeaufortError
from beaufort.gateway import discovery, resolution, responses, slices
from beaufort.gateway.access_log import AccessLog, Entry
from beaufort.gateway.discovery import EndpointsFile
from beaufort.gateway.endpoints import Endpoints
from beaufort.gateway.headers import REQUEST_ID
from beaufort.gateway.headers import request_id as id_of
from beaufort.gateway.metrics import CONTENT_TYPE, Metrics, Page
from beaufort.gateway.probes import Prober
from beaufort.gateway.relay import Crew, Relay
from beaufort.gateway.responses import Failure
from beaufort.gateway.settings import Settings
from beaufort.gateway.slices import Neighbourhood
from beaufort.gateway.upstream import Address, normalise
from beaufort.kube.connection import Connection
from beaufort.kube.kubeconfig import connect
from beaufort.routing import State
from beaufort.wire import Exchange, Server

_SWEEP_SECONDS = 0.2
_READING = {"GET", "HEAD"}
_OWN = {"/health", "/ready", "/metrics"}


class Gateway:
    """Everything between the clients' socket and the engines'.

    Args:
        settings: What was asked for.
        log: Where to write what happens.

    Raises:
        UsageError: An endpoint's address, the endpoints file, or the kubeconfig cannot be used.

    Attributes:
        server: The clients' side.
    """

    def __init__(self, settings: Settings, log: AccessLog) -> None:
        self._settings = settings
        self._log = log
        clock = time.monotonic  # the loop's own stands still while callbacks run, and counts whole milliseconds
        self._metrics = Metrics()
        self._fixed = tuple(normalise(url) for url in settings.endpoints)
        self._file = EndpointsFile(settings.endpoints_file) if settings.endpoints_file is not None else None
        self._endpoints = Endpoints(clock, settings.health, settings.patience, log.event)
        self._prober = Prober(self._endpoints, settings.probe_seconds, clock)
        self._crew = Crew(self._endpoints, settings.patience, self._metrics, log, clock, _ids())
        self.server = Server(self._handle, settings.limits, responses.render_refusal)
        self._page = Page(
            self._metrics,
            self._endpoints,
            (
                ("in_flight", "Requests that are not answered yet", lambda: len(self._crew.running)),
                ("waiting", "Requests that wait for an endpoint to be ready", lambda: self._endpoints.waiting),
                ("connections", "Clients' connections", lambda: self.server.connections),
                ("access_log_dropped_lines", "Lines lost, nobody took them", lambda: log.dropped),
            ),
        )
        named = self._file.changed() if self._file is not None else ()
        if named is None:
            log.event("warning", f"{settings.endpoints_file}: not there yet, its endpoints come when it is")
        self._listed = named or ()
        self._resolved: tuple[str, ...] = ()
        self._sliced: tuple[Address, ...] = ()
        self._endpoints.zone = settings.zone
        self._unknown = _unknown(settings, named)
        self._cluster: Connection | None = None
        if settings.endpoints_service is not None:
            self._cluster = connect(patience=slices.PATIENCE)
        self._apply()

    async def run(self, stop: asyncio.Event, ready: Callable[[int], None] | None = None) -> None:
        """Serve until ``stop`` is set, then drain.

        Args:
            stop: Ends it.
            ready: Called with the port once connections are accepted.

        Raises:
            UnavailableError: The address cannot be listened on.
        """
        await self.server.listen(self._settings.host, self._settings.port)
        async with asyncio.TaskGroup() as group:
            work = [group.create_task(self._prober.run()), group.create_task(self._sweep())]
            if self._file is not None:
                work.append(group.create_task(discovery.follow(self._file, self._update, self._complain)))
            if self._settings.endpoints_name is not None:
                name = self._settings.endpoints_name
                work.append(group.create_task(resolution.follow(name, self._resolve, self._keep)))
            if self._settings.endpoints_service is not None and self._cluster is not None:
                service = self._settings.endpoints_service
                work.append(group.create_task(slices.follow(service, self._cluster, self._neighbours, self._keep)))
            self._log.event("info", "listening", url=f"http://{_shown(self._settings.host)}:{self.server.port}")
            if ready is not None:
                ready(self.server.port)
            await stop.wait()
            if self._settings.leave_seconds:
                self._log.event("info", f"leaving, requests are taken for {self._settings.leave_seconds:g} s more")
                self.server.leave()
                await self._forgotten()
            self._log.event("info", f"draining, {len(self._crew.running)} requests in flight")
            cut = await self.server.close(self._settings.drain_seconds)
            for task in work:
                task.cancel()
        self._endpoints.close()
        self._log.event("warning" if cut else "info", f"stopped, {cut} requests cut")

    async def _forgotten(self) -> None:
        """Wait until clients can be expected to have gone elsewhere."""
        await asyncio.sleep(self._settings.leave_seconds)

    async def _sweep(self) -> None:
        """Look after what waits. One timer for all requests, so that none has a timer of its own."""
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            now = self._crew.clock()
            for relay in list(self._crew.running):
                relay.sweep(now)
            self._log.flush()

    # The endpoints

    def _apply(self) -> None:
        plain = (*self._fixed, *self._listed, *self._resolved)
        self._endpoints.update((*(Address(url) for url in plain), *self._sliced))

    def _update(self, urls: tuple[str, ...]) -> None:
        self._listed = urls
        self._unknown.discard("--endpoints-file")
        self._apply()

    def _resolve(self, urls: tuple[str, ...]) -> None:
        self._resolved = urls
        self._unknown.discard("--endpoints-dns")
        self._apply()

    def _neighbours(self, found: Neighbourhood) -> None:
        zone = self._settings.zone or found.zone
        if zone != self._endpoints.zone:
            self._endpoints.zone = zone
            self._log.event("info", f"engines in zone {zone} are preferred" if zone else "no zone is preferred")
        self._sliced = found.addresses
        self._unknown.discard("--endpoints-service")
        self._apply()

    def _complain(self, error: BeaufortError) -> None:
        self._metrics.bad_files += 1
        self._keep(error)

    def _keep(self, error: BeaufortError) -> None:
        self._log.event("warning", f"the last good list of endpoints is kept: {error}")

    # The routes

    def _handle(self, exchange: Exchange) -> None:
        path = exchange.request.path
        if path.startswith("/v1/"):
            Relay(self._crew, exchange).start()
        elif path not in _OWN:
            self._refuse(exchange, responses.not_found(path))
        elif exchange.request.method not in _READING:
            self._refuse(exchange, responses.not_allowed(exchange.request.method))
        elif path == "/health":
            self._health(exchange)
        elif path == "/ready":
            self._ready(exchange)
        else:
            exchange.respond(HTTPStatus.OK, self._page.text(), CONTENT_TYPE)

    def _health(self, exchange: Exchange) -> None:
        healthy = sum(upstream.health.state is State.HEALTHY for upstream in self._endpoints)
        known = len(self._endpoints)
        if self.server.draining:
            reason = "the gateway is shutting down"
        elif healthy:
            reason = ""
        else:
            reason = f"none of {known} endpoints is healthy" if known else "there is no endpoint"
        answer = {"status": "unavailable", "reason": reason} if reason else {"status": "ok"}
        body = json.dumps({**answer, "healthy_endpoints": healthy, "endpoints": known}).encode()
        exchange.respond(HTTPStatus.SERVICE_UNAVAILABLE if reason else HTTPStatus.OK, body)

    def _ready(self, exchange: Exchange) -> None:
        """Tell whether clients should come here: every list of engines has been read, be there engines or not."""
        if self.server.draining:
            reason = "the gateway is shutting down"
        elif self._unknown:
            reason = f"the engines of {' and '.join(sorted(self._unknown))} are not known yet"
        else:
            reason = ""
        body = json.dumps({"status": "unavailable", "reason": reason} if reason else {"status": "ok"}).encode()
        exchange.respond(HTTPStatus.SERVICE_UNAVAILABLE if reason else HTTPStatus.OK, body)

    def _refuse(self, exchange: Exchange, failure: Failure) -> None:
        request = exchange.request
        identity = id_of(request) or self._crew.new_id()
        exchange.respond(failure.status, failure.body, headers=[*failure.headers, (REQUEST_ID, identity)])
        entry = Entry(
            identity.decode("ascii"),
            request.method,
            request.path,
            failure.status,
            "",
            0,
            exchange.sent_bytes,
            0.0,
            0.0,
            "refused",
        )
        self._metrics.finished(entry, len(request.body))
        self._log.write(entry)


async def serve(settings: Settings, stop: asyncio.Event, ready: Callable[[int], None] | None = None) -> None:
    """Run a gateway until ``stop`` is set, then let requests in flight finish.

    Args:
        settings: What was asked for.
        stop: Ends it.
        ready: Called with the port once connections are accepted.

    Raises:
        UsageError: An endpoint's address, the endpoints file, the kubeconfig or the log cannot be used.
        UnavailableError: The address cannot be listened on.
    """
    log = AccessLog(settings.access_log)
    try:
        await Gateway(settings, log).run(stop, ready)
    finally:
        log.close()


def _unknown(settings: Settings, named: tuple[str, ...] | None) -> set[str]:
    """Return the options that stand for engines of which nothing is known when the gateway starts."""
    return {
        *(("--endpoints-file",) if named is None else ()),
        *(("--endpoints-dns",) if settings.endpoints_name is not None else ()),
        *(("--endpoints-service",) if settings.endpoints_service is not None else ()),
    }


def _ids() -> Callable[[], bytes]:
    """Return a maker of request ids: random per process, counted within it. Unique, and a tenth of a UUID's cost."""
    prefix = secrets.token_hex(8).encode("ascii")
    numbers = itertools.count(1)
    return lambda: b"%b-%x" % (prefix, next(numbers))


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host
