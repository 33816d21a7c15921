"""The routes of an engine: OpenAI's API, health and metrics. The same for every engine."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import unquote

from beaufort.engines import responses
from beaufort.engines.delivery import Delivery
from beaufort.engines.generation import Clock, Engine
from beaufort.engines.intake import Intake, Job
from beaufort.engines.metrics import CONTENT_TYPE, EngineMetrics
from beaufort.engines.parsing import parse
from beaufort.engines.refusal import JSON, RequestError, error_body, unknown_model
from beaufort.engines.requests import ChatBody, CompletionBody
from beaufort.wire import Exchange

_MODEL = "/v1/models/"
_DRAINING = "this engine is shutting down and takes no new work"


class Surface:
    """Answers an engine's clients.

    Args:
        engine: Generates.
        clock: Seconds, monotonic.

    Attributes:
        draining: New work is refused.
        idle: Set while no request is being generated.
    """

    def __init__(self, engine: Engine, clock: Clock = time.monotonic) -> None:
        self._engine = engine
        self._clock = clock
        self._intake = Intake(engine)
        self.metrics = EngineMetrics(engine.info.name, engine.stats)
        self.draining = False
        self.idle = asyncio.Event()
        self.idle.set()
        self._active: set[Delivery] = set()
        self._routes: dict[str, tuple[str, Callable[[Exchange], None]]] = {
            "/v1/chat/completions": ("POST", self._chat),
            "/v1/completions": ("POST", self._completion),
            "/v1/models": ("GET", self._models),
            "/health": ("GET", self._health),
            "/metrics": ("GET", self._metrics),
        }

    def handle(self, exchange: Exchange) -> None:
        """Answer one request."""
        if self._engine.guard(exchange):
            return
        request = exchange.request
        try:
            allowed, route = self._route(request.path)
            if ("GET" if request.method == "HEAD" else request.method) != allowed:
                self._refuse_method(exchange, allowed)
                return
            route(exchange)
        except RequestError as error:
            exchange.respond(error.status, error.body(), JSON)

    def _route(self, path: str) -> tuple[str, Callable[[Exchange], None]]:
        if path in self._routes:
            return self._routes[path]
        if path.startswith(_MODEL):
            return "GET", self._model
        message = f"there is no {path[:100]}; there are {', '.join(self._routes)}"
        raise RequestError(message, status=HTTPStatus.NOT_FOUND)

    def _refuse_method(self, exchange: Exchange, allowed: str) -> None:
        status = HTTPStatus.METHOD_NOT_ALLOWED
        listed = b"GET, HEAD" if allowed == "GET" else allowed.encode()
        body = error_body(status, f"use {allowed} for {exchange.request.path[:100]}")
        exchange.respond(status, body, JSON, ((b"allow", listed),))

    def _ended(self, delivery: Delivery) -> None:
        self._active.discard(delivery)
        if not self._active:
            self.idle.set()

    def fail_active(self, reason: str) -> None:
        """End every request in progress with an error."""
        for delivery in list(self._active):
            delivery.fail(reason, HTTPStatus.SERVICE_UNAVAILABLE)

    def _health(self, exchange: Exchange) -> None:
        self._admit()
        exchange.respond(HTTPStatus.OK, b'{"status":"ok"}', JSON)

    def _metrics(self, exchange: Exchange) -> None:
        exchange.respond(HTTPStatus.OK, self.metrics.exposition(), CONTENT_TYPE)

    def _models(self, exchange: Exchange) -> None:
        exchange.respond(HTTPStatus.OK, responses.models_body(self._engine.info), JSON)

    def _model(self, exchange: Exchange) -> None:
        asked = unquote(exchange.request.path.removeprefix(_MODEL))
        if asked != self._engine.info.name:
            raise unknown_model(asked, self._engine.info.name, status=HTTPStatus.NOT_FOUND)
        exchange.respond(HTTPStatus.OK, responses.model_body(self._engine.info), JSON)

    def _chat(self, exchange: Exchange) -> None:
        self._admit()
        job = self._intake.chat(parse(ChatBody, exchange.request.body))
        self._generate(exchange, responses.ChatShape(self._heading(job)), job)

    def _completion(self, exchange: Exchange) -> None:
        self._admit()
        job = self._intake.completion(parse(CompletionBody, exchange.request.body))
        self._generate(exchange, responses.CompletionShape(self._heading(job)), job)

    def _heading(self, job: Job) -> responses.Heading:
        identity = secrets.token_hex(12)
        return responses.Heading(identity, int(time.time()), self._engine.info.name, job.order.usage_event)

    def _admit(self) -> None:
        if self._engine.failure is not None:
            raise RequestError(self._engine.failure, status=HTTPStatus.SERVICE_UNAVAILABLE)
        if self.draining:
            raise RequestError(_DRAINING, status=HTTPStatus.SERVICE_UNAVAILABLE, code="draining")

    def _generate(self, exchange: Exchange, shape: responses.Shape, job: Job) -> None:
        delivery = Delivery(
            exchange, shape, job.order, self.metrics, self._engine.token_bytes, self._clock, self._ended
        )
        self._active.add(delivery)
        self.idle.clear()
        try:
            for number, (prompt, sampling) in enumerate(job.prompts):
                part = delivery.part(number * job.choices)
                part.generation = self._engine.submit(prompt, job.choices, sampling, part)
        except BaseException:
            delivery.withdraw()
            raise
        delivery.accepted()
