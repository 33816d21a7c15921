"""From an engine's tokens to the client's bytes: one request's way out, streamed or whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from http import HTTPStatus

from beaufort.engines.answer import Usage
from beaufort.engines.choice import Choice, Logprobs, Order
from beaufort.engines.generation import Clock, Delta, Generation
from beaufort.engines.metrics import EngineMetrics, RequestMetrics
from beaufort.engines.refusal import JSON, error_body
from beaufort.engines.responses import Shape
from beaufort.wire import Exchange, sse

_STREAM_HEADERS = ((b"content-type", sse.CONTENT_TYPE), (b"cache-control", b"no-cache"))


class Delivery:
    """Writes one request's answer to its exchange while the engine generates it.

    Nothing is sent before the first token: until then a failure has a status of its own.

    Args:
        exchange: The client's.
        shape: Chat or completion.
        order: How the answer is wanted.
        metrics: Where it is counted.
        token_bytes: The bytes of one token, for log-probabilities.
        clock: Seconds, monotonic.
        on_end: Called once when nothing more is to be done.
    """

    def __init__(
        self,
        exchange: Exchange,
        shape: Shape,
        order: Order,
        metrics: EngineMetrics,
        token_bytes: Callable[[int], bytes],
        clock: Clock,
        on_end: Callable[[Delivery], None],
    ) -> None:
        self._exchange = exchange
        self._shape = shape
        self._order = order
        self._metrics = metrics
        self._request_metrics = RequestMetrics(metrics, clock, order.prompt_tokens)
        self._clock = clock
        self._on_end = on_end
        self._choices = [Choice(order, token_bytes) for _ in range(order.choices)]
        self._opened: set[int] = set()
        self._open = order.choices
        self._parts: list[Part] = []
        self._over = False
        exchange.on_abort = self._abort

    def part(self, base: int) -> Part:
        """Return the receiver of one prompt's choices, which are numbered from ``base`` in the answer."""
        part = Part(self.accept, self.fail, base)
        self._parts.append(part)
        return part

    def accepted(self) -> None:
        """Take note that the engine has taken on all parts."""
        self._request_metrics.accepted()

    def accept(self, part: Part, deltas: Sequence[Delta]) -> None:
        """Pass on what one step brought."""
        if self._over:
            return
        now = self._clock()
        events: list[bytes] = []
        for delta in deltas:
            index = part.base + delta.choice
            choice = self._choices[index]
            self._request_metrics.generated(index, len(delta.tokens), now)
            text, logprobs = choice.accept(delta)
            if self._order.stream:
                self._stream(events, index, text, logprobs)
            else:
                choice.keep(text, logprobs)
            if choice.finish is not None:
                self._open -= 1
                self._metrics.ended("length" if choice.finish == "length" else "stop")
                if delta.finish is None:
                    part.stop(delta.choice)
        if not self._open:
            self._finish(events)
        elif events:
            self._send(events)

    def _stream(self, events: list[bytes], index: int, text: str, logprobs: Logprobs) -> None:
        choice = self._choices[index]
        if index not in self._opened:
            self._opened.add(index)
            events.append(self._shape.opening(index))
        finish = None if choice.calls else choice.finish
        if text or logprobs or finish:
            events.append(self._shape.piece(index, text, logprobs, finish))
        if choice.calls:
            events.append(self._shape.calls(index, choice.calls))
            events.append(self._shape.piece(index, "", None, choice.finish))

    def _send(self, events: list[bytes]) -> None:
        if not self._exchange.started:
            self._exchange.start(HTTPStatus.OK, _STREAM_HEADERS)
        self._exchange.write(b"".join(events))

    def _finish(self, events: list[bytes]) -> None:
        self._request_metrics.finished()
        self._close()
        usage = Usage(self._order.prompt_tokens, sum(choice.tokens for choice in self._choices))
        if not self._order.stream:
            answers = [choice.answer() for choice in self._choices]
            self._exchange.respond(HTTPStatus.OK, self._shape.whole(answers, usage), JSON)
            return
        if self._order.usage_event:
            events.append(self._shape.usage(usage))
        events.append(sse.DONE)
        self._send(events)
        self._exchange.end()

    def withdraw(self) -> None:
        """Free what the engine holds: it does not take on the whole request, and somebody else answers."""
        self._close()
        self._free()

    def fail(self, reason: str, status: int = HTTPStatus.INTERNAL_SERVER_ERROR) -> None:
        """End with an error: as the status if nothing was sent, else as the last event of the stream."""
        if self._over:
            return
        self._give_up("error")
        body = error_body(status, reason)
        if self._exchange.started:
            self._exchange.write(sse.event(body))
            self._exchange.end()
        else:
            self._exchange.respond(status, body, JSON)

    def _abort(self) -> None:
        """The client is gone: free what it held at once."""
        if not self._over:
            self._give_up("abort")

    def _give_up(self, reason: str) -> None:
        for choice in self._choices:
            if choice.finish is None:
                self._metrics.ended(reason)
        self._close()
        self._free()

    def _free(self) -> None:
        for part in self._parts:
            part.abort()

    def _close(self) -> None:
        self._over = True
        self._on_end(self)


class Part:
    """The receiver of one prompt's choices.

    Attributes:
        base: Number of its first choice in the answer.
        generation: What generates them, once the engine has taken them on.
    """

    __slots__ = ("_accept", "_fail", "base", "generation")

    def __init__(self, accept: Callable[[Part, Sequence[Delta]], None], fail: Callable[[str], None], base: int) -> None:
        self._accept = accept
        self._fail = fail
        self.base = base
        self.generation: Generation | None = None

    def on_deltas(self, deltas: Sequence[Delta]) -> None:
        """Pass on what one step brought."""
        self._accept(self, deltas)

    def on_failure(self, reason: str) -> None:
        """End the whole request."""
        self._fail(reason)

    def stop(self, choice: int) -> None:
        """End one choice."""
        if self.generation is not None:
            self.generation.stop(choice)

    def abort(self) -> None:
        """End every choice."""
        if self.generation is not None:
            self.generation.abort()
