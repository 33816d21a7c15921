"""What a step of an engine works on, and the one question asked of every timing model: how long does it take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class StepBatch:
    """The work of one forward pass of a continuous batch.

    Attributes:
        prefill_tokens: Prompt tokens computed, over all chunks.
        prefill_context: Tokens of keys and values that the chunks' attention reads: for each chunk its own and all
            before it.
        prefill_pairs: Query-key pairs of the chunks: for each chunk of ``n`` tokens after ``p`` others,
            ``n * p + n * (n + 1) / 2``.
        decode_sequences: Sequences that compute one token each.
        decode_context: Tokens of keys and values that these attend to, over all sequences.
        outputs: Tokens sampled: one for each decoding sequence and for each prompt that is now complete.
    """

    prefill_tokens: int = 0
    prefill_context: int = 0
    prefill_pairs: int = 0
    decode_sequences: int = 0
    decode_context: int = 0
    outputs: int = 0

    @property
    def tokens(self) -> int:
        """Tokens computed."""
        return self.prefill_tokens + self.decode_sequences


def prefill_pairs(before: int, chunk: int) -> int:
    """Return the query-key pairs of a chunk of ``chunk`` prompt tokens that follows ``before`` others, causally."""
    return chunk * before + chunk * (chunk + 1) // 2


class StepProfile(Protocol):
    """A timing model of one engine on one accelerator (or several that act as one)."""

    @property
    def source(self) -> str:
        """Where the times come from."""

    @property
    def known_error(self) -> str:
        """How wrong the times may be, and how that is known."""

    def step_seconds(self, batch: StepBatch) -> float:
        """Return the seconds that one step with ``batch`` takes."""
