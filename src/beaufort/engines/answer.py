"""What an answer holds, before it is written in OpenAI's shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from beaufort.engines.tools import ToolCall


@dataclass(frozen=True, slots=True)
class TokenLogprob:
    """A chosen token with its log-probability.

    Attributes:
        raw: The token's bytes, which may be a part of a character.
        logprob: Natural logarithm.
        top: Whether it is known to be the most probable token.
        offset: Characters of the choice's text before it.
    """

    raw: bytes
    logprob: float
    top: bool
    offset: int

    @property
    def token(self) -> str:
        r"""The token as text; bytes that are no whole character as OpenAI writes them: ``\xe6``."""
        return self.raw.decode(errors="backslashreplace")


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of a request, all choices together."""

    prompt: int
    completion: int

    def as_json(self) -> dict[str, object]:
        """Return OpenAI's object."""
        return {
            "prompt_tokens": self.prompt,
            "completion_tokens": self.completion,
            "total_tokens": self.prompt + self.completion,
        }


@dataclass(frozen=True, slots=True)
class Answer:
    """One whole choice."""

    text: str
    finish: str
    logprobs: Sequence[TokenLogprob] | None = None
    tool_calls: Sequence[ToolCall] = ()
