"""What a replica tells of itself: the outcome of one step, and where it stands."""

from __future__ import annotations

from dataclasses import dataclass

from beaufort.perf.profile import StepBatch


@dataclass(frozen=True, slots=True)
class Admitted:
    """A request that left the waiting queue.

    Attributes:
        id: The request.
        cached_tokens: Tokens of it that were in the prefix cache and are not computed again.
    """

    id: int
    cached_tokens: int


@dataclass(frozen=True, slots=True)
class Step:
    """One forward pass.

    Attributes:
        duration_seconds: How long it takes.
        batch: What it computed.
        admitted: Requests that left the waiting queue at its start, preempted ones again too.
        emitted: Requests that have one new token at its end.
        finished: Those of them for which it was the last one.
        preempted: Requests that lost their memory at its start and wait again. Nothing of what they emitted is lost.
    """

    duration_seconds: float
    batch: StepBatch
    admitted: tuple[Admitted, ...]
    emitted: tuple[int, ...]
    finished: tuple[int, ...]
    preempted: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ReplicaStats:
    """Where a replica stands.

    Attributes:
        running: Sequences with memory, in prefill or decoding.
        waiting: Requests without.
        blocks: Blocks in all.
        held_blocks: Blocks that running sequences hold.
        prefix_queries: Prompt tokens looked up in the prefix cache since the start, each request once.
        prefix_hits: Those that were found.
        preemptions: Preemptions since the start.
    """

    running: int
    waiting: int
    blocks: int
    held_blocks: int
    prefix_queries: int
    prefix_hits: int
    preemptions: int

    @property
    def kv_usage(self) -> float:
        """Share of the blocks that running sequences hold, 0 to 1."""
        return self.held_blocks / self.blocks
