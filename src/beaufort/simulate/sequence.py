"""A request inside a replica: how far it is computed, and the blocks it holds."""

from __future__ import annotations

from dataclasses import dataclass, field

from beaufort.simulate.request import Request


@dataclass(slots=True, eq=False)
class Sequence:
    """The state of one request.

    Attributes:
        request: What was asked.
        end: Tokens that are computed when its last one has been sampled.
        target: Tokens to compute before the next one can be sampled: the prompt, and after a preemption also what
            was produced until then. Counts only while the sequence is in prefill.
        computed: Tokens whose keys and values are in its blocks.
        capacity: Tokens that its blocks can hold.
        remembered: Blocks at its front that are in the prefix cache, or were.
        preempted: Whether it ever lost its blocks.
        blocks: The blocks it holds: none while it waits, at least one while it runs.
    """

    request: Request
    end: int = field(init=False)
    target: int = field(init=False)
    computed: int = 0
    capacity: int = 0
    remembered: int = 0
    preempted: bool = False
    blocks: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.end = self.request.context_tokens
        self.target = self.request.prompt_tokens

    def forget(self) -> None:
        """Start over after the blocks were taken away; what was produced is part of the next prefill."""
        self.target = max(self.target, self.computed + 1)
        self.computed = self.capacity = self.remembered = 0
        self.preempted = True
        self.blocks = []
