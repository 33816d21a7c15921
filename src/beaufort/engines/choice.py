"""One choice of an answer: from the engine's deltas to what its client is shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from beaufort.engines.answer import Answer, TokenLogprob
from beaufort.engines.generation import Delta
from beaufort.engines.stop import StopMatcher
from beaufort.engines.tools import ToolCall, ToolScanner


@dataclass(frozen=True, slots=True)
class Order:
    """How a request wants its answer.

    Attributes:
        prompt_tokens: Tokens of all its prompts.
        choices: How many choices in all.
        stops: Strings that end a choice.
        min_tokens: No stop string is looked for in the text of so many tokens.
        stream: As server-sent events.
        usage_event: With the usage as the last event of the stream.
        logprobs: With the chosen tokens' log-probabilities.
        top: Whether the chosen token is named as the most probable one too.
        scanner: Makes the finder of tool calls for one choice; None when there are no tools.
    """

    prompt_tokens: int
    choices: int
    stops: tuple[str, ...] = ()
    min_tokens: int = 0
    stream: bool = False
    usage_event: bool = False
    logprobs: bool = False
    top: bool = False
    scanner: Callable[[], ToolScanner] | None = None


Logprobs = list[TokenLogprob] | None


class Choice:
    """One choice under way.

    Args:
        order: How the answer is wanted.
        token_bytes: The bytes of one token, for log-probabilities.

    Attributes:
        tokens: How many have come.
        finish: Why it ended, None before.
        calls: The tool calls it made, known at its end.
    """

    __slots__ = (
        "_logprobs",
        "_matcher",
        "_offset",
        "_order",
        "_scanner",
        "_texts",
        "_token_bytes",
        "calls",
        "finish",
        "tokens",
    )

    def __init__(self, order: Order, token_bytes: Callable[[int], bytes]) -> None:
        self._order = order
        self._token_bytes = token_bytes
        self._matcher = StopMatcher(order.stops)
        self._scanner = order.scanner() if order.scanner else None
        self._texts: list[str] = []
        self._logprobs: list[TokenLogprob] = []
        self._offset = 0
        self.tokens = 0
        self.finish: str | None = None
        self.calls: tuple[ToolCall, ...] = ()

    def accept(self, delta: Delta) -> tuple[str, Logprobs]:
        """Take a delta in and return what it adds to what the client sees; sets ``finish`` and ``calls`` at the end.

        Returns:
            Content, empty while it may still become a stop string or a tool call; and the log-probabilities of the
            delta's tokens, None when they were not asked for.
        """
        logprobs = self._read_logprobs(delta) if self._order.logprobs else None
        self.tokens += len(delta.tokens)
        self._offset += len(delta.text)
        text = delta.text if self.tokens <= self._order.min_tokens else self._matcher.feed(delta.text)
        finish: str | None = "stop" if self._matcher.matched else delta.finish
        if finish:
            text += self._matcher.flush()
        if self._scanner is not None:
            text = self._scanner.feed(text)
            if finish:
                rest, self.calls = self._scanner.finish()
                text += rest
                if self.calls and finish == "stop":
                    finish = "tool_calls"
        self.finish = finish
        return text, logprobs

    def keep(self, text: str, logprobs: Logprobs) -> None:
        """Keep what is to be sent as a whole."""
        self._texts.append(text)
        self._logprobs += logprobs or ()

    def answer(self) -> Answer:
        """Return all that was kept."""
        logprobs = self._logprobs if self._order.logprobs else None
        return Answer("".join(self._texts), self.finish or "stop", logprobs, self.calls)

    def _read_logprobs(self, delta: Delta) -> list[TokenLogprob]:
        offset = self._offset
        read = []
        for token, value in zip(delta.tokens, delta.logprobs, strict=False):
            raw = self._token_bytes(token)
            read.append(TokenLogprob(raw, value, self._order.top, offset))
            offset = min(offset + len(raw.decode(errors="ignore")), self._offset + len(delta.text))
        return read
