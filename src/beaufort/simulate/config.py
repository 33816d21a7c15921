"""What bounds a replica. The names are those of vLLM's engine arguments."""

from __future__ import annotations

from dataclasses import dataclass

from beaufort.errors import Problem, UsageError
from beaufort.plan.memory import BLOCK_SIZE


@dataclass(frozen=True, slots=True)
class ReplicaConfig:
    """The bounds of one replica.

    Attributes:
        num_blocks: Blocks of keys and values that fit its memory: ``plan.memory.kv_blocks``.
        max_model_len: The longest prompt and answer together, in tokens.
        block_size: Tokens in a block.
        max_num_seqs: Most sequences in one step.
        max_num_batched_tokens: Most tokens in one step; longer prompts are computed in chunks.
        prefix_caching: Whether prompts that begin alike share blocks.
        startup_seconds: From the process's start until it can answer. The replica itself does not wait: whoever
            runs it does.

    Raises:
        UsageError: With these bounds no request could run, or decoding could starve. All problems at once.
    """

    num_blocks: int
    max_model_len: int
    block_size: int = BLOCK_SIZE
    max_num_seqs: int = 256
    max_num_batched_tokens: int = 8192
    prefix_caching: bool = True
    startup_seconds: float = 0.0

    def __post_init__(self) -> None:
        counts = ("num_blocks", "max_model_len", "block_size", "max_num_seqs", "max_num_batched_tokens")
        problems = [
            Problem(f"{getattr(self, name)} is less than 1", name, "give a positive number")
            for name in counts
            if getattr(self, name) < 1
        ]
        if self.max_num_batched_tokens < self.max_num_seqs:
            what = f"{self.max_num_batched_tokens} tokens a step are fewer than {self.max_num_seqs} sequences"
            problems.append(Problem(what, "max_num_batched_tokens", "raise it, or lower max_num_seqs"))
        if self.startup_seconds < 0:
            problems.append(Problem("a start cannot take negative time", "startup_seconds", "give 0 or more"))
        if problems:
            raise UsageError(*problems)

    def blocks(self, tokens: int) -> int:
        """Return how many blocks ``tokens`` tokens occupy."""
        return -(-tokens // self.block_size)
