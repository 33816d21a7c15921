"""The routes of an engine: OpenAI's API, health and metrics. The same for every engine."""

from __future__ import annotations

import asyncio
import secrets
import time
from http import HTTPStatus

from beaufort.engines import responses
from beaufort.engines.delivery import Delivery
from beaufort.engines.generation import Clock, Engine
from beaufort.engines.intake import Intake, Job
from beaufort.engines.metrics import CONTENT_TYPE, EngineMetrics
from beaufort.engines.parsing import parse
from beaufort.engines.refusal import JSON, RequestError
from beaufort.engines.requests import ChatBody, CompletionBody
from beaufort.wire import Exchange

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
        self._routes = {
            ("POST", "/v1/chat/completions"): self._chat,
            ("POST", "/v1/completions"): self._completion,
            ("GET", "/v1/models"): self._models,
            ("GET", "/health"): self._health,
            ("GET", "/metrics"): self._metrics,
        }

    def handle(self, exchange: Exchange) -> None:
        """Answer one request."""
        if self._engine.guard(exchange):
            return
        request = exchange.request
        method = "GET" if request.method == "HEAD" else request.method
        try:
            route = self._routes.get((method, request.path))
            if route is None:
                raise self._no_route(request.path)
            route(exchange)
        except RequestError as error:
            exchange.respond(error.status, error.body(), JSON)

    def _ended(self, delivery: Delivery) -> None:
        self._active.discard(delivery)
        if not self._active:
            self.idle.set()

    def fail_active(self, reason: str) -> None:
        """End every request in progress with an error."""
        for delivery in list(self._active):
            delivery.fail(reason, HTTPStatus.SERVICE_UNAVAILABLE)

    def _no_route(self, path: str) -> RequestError:
        methods = [method for method, known in self._routes if known == path]
        if methods:
            return RequestError(f"use {methods[0]} for {path}", status=HTTPStatus.METHOD_NOT_ALLOWED)
        known = ", ".join(known for _, known in self._routes)
        return RequestError(f"there is no {path[:100]}; there are {known}", status=HTTPStatus.NOT_FOUND)

    def _health(self, exchange: Exchange) -> None:
        if self._engine.failure is not None:
            raise RequestError(self._engine.failure, status=HTTPStatus.SERVICE_UNAVAILABLE)
        if self.draining:
            raise RequestError(_DRAINING, status=HTTPStatus.SERVICE_UNAVAILABLE)
        exchange.respond(HTTPStatus.OK, b'{"status":"ok"}', JSON)

    def _metrics(self, exchange: Exchange) -> None:
        exchange.respond(HTTPStatus.OK, self.metrics.exposition(), CONTENT_TYPE)

    def _models(self, exchange: Exchange) -> None:
        info = self._engine.info
        exchange.respond(HTTPStatus.OK, responses.models_body(info.name, info.created, info.max_model_len), JSON)

    def _chat(self, exchange: Exchange) -> None:
        self._admit()
        job = self._intake.chat(parse(ChatBody, exchange.request.body))
        identity = f"chatcmpl-{secrets.token_hex(12)}"
        self._generate(exchange, responses.ChatShape(identity, int(time.time()), self._engine.info.name), job)

    def _completion(self, exchange: Exchange) -> None:
        self._admit()
        job = self._intake.completion(parse(CompletionBody, exchange.request.body))
        identity = f"cmpl-{secrets.token_hex(12)}"
        self._generate(exchange, responses.CompletionShape(identity, int(time.time()), self._engine.info.name), job)

    def _admit(self) -> None:
        if self._engine.failure is not None:
            raise RequestError(self._engine.failure, status=HTTPStatus.SERVICE_UNAVAILABLE)
        if self.draining:
            raise RequestError(_DRAINING, status=HTTPStatus.SERVICE_UNAVAILABLE, code="draining")

    def _generate(self, exchange: Exchange, shape: responses.Shape, job: Job) -> None:
        delivery = Delivery(exchange, shape, job.order, self.metrics, self._engine.token_text, self._clock, self._ended)
        self._active.add(delivery)
        self.idle.clear()
        try:
            for number, (prompt, sampling) in enumerate(job.prompts):
                receiver = delivery.receiver(number * job.choices)
                delivery.add(self._engine.submit(prompt, job.choices, sampling, receiver))
        except RequestError as error:
            delivery.refuse(error)
            return
        self.metrics.prompt_tokens.inc(job.order.prompt_tokens)
