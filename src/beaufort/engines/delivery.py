"""From an engine's tokens to the client's bytes: one request's way out, streamed or whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from beaufort.engines.generation import Clock, Delta, Generation
from beaufort.engines.metrics import EngineMetrics
from beaufort.engines.refusal import JSON, RequestError, error_body
from beaufort.engines.responses import Answer, Shape, TokenLogprob, Usage
from beaufort.engines.stop import StopMatcher
from beaufort.engines.tools import ToolCall, ToolScanner
from beaufort.wire import Exchange, sse

_STREAM_HEADERS = ((b"content-type", sse.CONTENT_TYPE), (b"cache-control", b"no-cache"))


@dataclass(frozen=True, slots=True)
class Order:
    """How a request wants its answer.

    Attributes:
        prompt_tokens: Tokens of all its prompts.
        choices: How many choices in all.
        stops: Strings that end a choice.
        stream: As server-sent events.
        usage_event: With the usage as the last event of the stream.
        logprobs: With the chosen tokens' log-probabilities.
        top: Whether the chosen token is named as the most probable one too.
        scanner: Makes the finder of tool calls for one choice; None when there are no tools.
    """

    prompt_tokens: int
    choices: int
    stops: tuple[str, ...] = ()
    stream: bool = False
    usage_event: bool = False
    logprobs: bool = False
    top: bool = False
    scanner: Callable[[], ToolScanner] | None = None


class _Choice:
    """One choice under way."""

    __slots__ = ("calls", "finish", "last", "logprobs", "matcher", "offset", "scanner", "texts", "tokens")

    def __init__(self, order: Order) -> None:
        self.matcher = StopMatcher(order.stops)
        self.scanner = order.scanner() if order.scanner else None
        self.texts: list[str] = []
        self.logprobs: list[TokenLogprob] = []
        self.calls: tuple[ToolCall, ...] = ()
        self.finish: str | None = None
        self.tokens = 0
        self.offset = 0
        self.last = 0.0

    def accept(self, delta: Delta) -> str:
        """Take a delta in and return the text that can be passed on; sets ``finish`` at the end."""
        text = self.matcher.feed(delta.text)
        finish: str | None = "stop" if self.matcher.matched else delta.finish
        if finish:
            text += self.matcher.flush()
        if self.scanner is not None:
            text = self.scanner.feed(text)
            if finish:
                rest, self.calls = self.scanner.finish()
                text += rest
                if self.calls:
                    finish = "tool_calls"
        self.finish = finish
        self.tokens += len(delta.tokens)
        return text


class Delivery:
    """Writes one request's answer to its exchange while the engine generates it.

    Args:
        exchange: The client's.
        shape: Chat or completion.
        order: How the answer is wanted.
        metrics: Where it is counted.
        token_text: The text of one token alone, for log-probabilities.
        clock: Seconds, monotonic.
        on_end: Called once when nothing more is to be done.
    """

    def __init__(
        self,
        exchange: Exchange,
        shape: Shape,
        order: Order,
        metrics: EngineMetrics,
        token_text: Callable[[int], str],
        clock: Clock,
        on_end: Callable[[Delivery], None],
    ) -> None:
        self._exchange = exchange
        self._shape = shape
        self._order = order
        self._metrics = metrics
        self._token_text = token_text
        self._clock = clock
        self._on_end = on_end
        self._began = clock()
        self._first_token_seen = False
        self._choices = [_Choice(order) for _ in range(order.choices)]
        self._open = order.choices
        self._generations: list[Generation] = []
        self._over = False
        exchange.on_abort = self._abort

    def receiver(self, base: int) -> Part:
        """Return the receiver of one prompt's choices, which are numbered from ``base`` in the answer."""
        return Part(self, base)

    def add(self, generation: Generation) -> None:
        """Take note of what generates, so that it can be ended early."""
        self._generations.append(generation)

    def accept(self, part: Part, deltas: Sequence[Delta]) -> None:
        """Pass on what one step brought."""
        if self._over:
            return
        now = self._clock()
        events: list[bytes] = []
        for delta in deltas:
            index = part.base + delta.choice
            choice = self._choices[index]
            if choice.finish is not None:
                continue
            opened = choice.tokens > 0
            text = choice.accept(delta)
            self._count(choice, delta, now, opened=opened)
            if choice.finish and delta.finish is None:
                self._generations[part.number].stop(delta.choice)
            logprobs = self._logprobs(delta)
            if self._order.stream:
                self._stream(events, index, choice, text, logprobs, opened=opened)
            else:
                choice.texts.append(text)
                choice.logprobs += logprobs or ()
            if choice.finish:
                self._open -= 1
                self._metrics.ended("length" if choice.finish == "length" else "stop")
        if not self._open:
            self._finish(events)
        elif events:
            self._send(events)

    def _count(self, choice: _Choice, delta: Delta, now: float, *, opened: bool) -> None:
        fresh = len(delta.tokens)
        if not fresh:
            return
        if not self._first_token_seen:
            self._first_token_seen = True
            self._metrics.first_token.observe(now - self._began)
        if opened:
            for _ in range(fresh):
                self._metrics.inter_token.observe((now - choice.last) / fresh)
        choice.last = now
        self._metrics.generation_tokens.inc(fresh)

    def _logprobs(self, delta: Delta) -> list[TokenLogprob] | None:
        if not self._order.logprobs:
            return None
        pairs = zip(delta.tokens, delta.logprobs, strict=False)
        return [TokenLogprob(self._token_text(token), value, self._order.top) for token, value in pairs]

    def _stream(
        self,
        events: list[bytes],
        index: int,
        choice: _Choice,
        text: str,
        logprobs: list[TokenLogprob] | None,
        *,
        opened: bool,
    ) -> None:
        if not opened:
            events.append(self._shape.opening(index))
        finish = None if choice.calls else choice.finish
        if text or logprobs or finish:
            events.append(self._shape.piece(index, text, logprobs, finish, choice.offset))
            choice.offset += len(text)
        if choice.calls:
            events.append(self._shape.calls(index, choice.calls))
            events.append(self._shape.piece(index, "", None, choice.finish, choice.offset))

    def _send(self, events: list[bytes]) -> None:
        if not self._exchange.started:
            self._exchange.start(HTTPStatus.OK, _STREAM_HEADERS)
        self._exchange.write(b"".join(events))

    def _finish(self, events: list[bytes]) -> None:
        completion = sum(choice.tokens for choice in self._choices)
        usage = Usage(self._order.prompt_tokens, completion)
        self._metrics.request_seconds.observe(self._clock() - self._began)
        self._metrics.request_prompt.observe(usage.prompt)
        self._metrics.request_generation.observe(completion)
        self._close()
        if self._order.stream:
            if self._order.usage_event:
                events.append(self._shape.usage(usage))
            events.append(sse.DONE)
            self._send(events)
            self._exchange.end()
            return
        answers = [
            Answer(
                "".join(choice.texts),
                choice.finish or "stop",
                choice.logprobs if self._order.logprobs else None,
                choice.calls,
            )
            for choice in self._choices
        ]
        self._exchange.respond(HTTPStatus.OK, self._shape.whole(answers, usage), JSON)

    def refuse(self, error: RequestError) -> None:
        """Answer that the engine does not take the request on."""
        self._close()
        for generation in self._generations:
            generation.abort()
        self._exchange.respond(error.status, error.body(), JSON)

    def fail(self, reason: str, status: int = HTTPStatus.INTERNAL_SERVER_ERROR) -> None:
        """End with an error: as the status if nothing was sent, else as the last event of the stream."""
        if self._over:
            return
        self._end_open("error")
        self._close()
        for generation in self._generations:
            generation.abort()
        body = error_body(status, reason)
        if self._exchange.started:
            self._exchange.write(sse.event(body))
            self._exchange.end()
        else:
            self._exchange.respond(status, body, JSON)

    def _abort(self) -> None:
        """The client is gone: free what it held at once."""
        if self._over:
            return
        self._end_open("abort")
        self._close()
        for generation in self._generations:
            generation.abort()

    def _end_open(self, reason: str) -> None:
        for choice in self._choices:
            if choice.finish is None:
                self._metrics.ended(reason)

    def _close(self) -> None:
        self._over = True
        self._on_end(self)


class Part:
    """The receiver of one prompt's choices."""

    __slots__ = ("_delivery", "base", "number")

    def __init__(self, delivery: Delivery, base: int) -> None:
        self._delivery = delivery
        self.base = base
        self.number = len(delivery._generations)  # noqa: SLF001 - a part is a piece of its delivery

    def on_deltas(self, deltas: Sequence[Delta]) -> None:
        """Pass on what one step brought."""
        self._delivery.accept(self, deltas)

    def on_failure(self, reason: str) -> None:
        """End the whole request."""
        self._delivery.fail(reason)
