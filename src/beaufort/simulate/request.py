"""A request as a replica sees it: two lengths, and the identity of its full blocks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from beaufort.errors import BeaufortError
from beaufort.plan.memory import BLOCK_SIZE


class UnfitRequestError(BeaufortError):
    """The replica can never run this request, however long it waits."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Request:
    """One request.

    Attributes:
        id: Its identity, unique among the live requests of a replica.
        prompt_tokens: Length of the prompt.
        output_tokens: How many tokens it will produce.
        block_hashes: Identities of its full blocks from the first on, as ``hash_blocks`` makes them, of the prompt
            and, where the answer is known beforehand, of the answer: the next turn of a conversation then finds
            both in the prefix cache. Blocks beyond are never shared.
    """

    id: int
    prompt_tokens: int
    output_tokens: int
    block_hashes: Sequence[int] = ()

    def __post_init__(self) -> None:
        if self.prompt_tokens < 1 or self.output_tokens < 1:
            message = f"request {self.id}: a prompt and an answer have at least one token each"
            raise ValueError(message)

    @property
    def context_tokens(self) -> int:
        """Tokens whose keys and values it needs at its end. The last token is never fed back."""
        return self.prompt_tokens + self.output_tokens - 1


def hash_blocks(tokens: Iterable[int], block_size: int = BLOCK_SIZE, salt: int = 0) -> tuple[int, ...]:
    """Return the identities of the full blocks of ``tokens``, each standing for itself and all before it.

    Identities are Python's own hash of integers: 64 bits, the same in every process, fast (128k tokens in a few
    milliseconds), and not safe against someone who wants a collision, which costs a simulation nothing.

    Args:
        tokens: Token ids.
        block_size: Tokens in a block.
        salt: Requests of different salts share no block: a tenant, an adapter.
    """
    ids = tuple(tokens)
    parent, hashes = salt, []
    for end in range(block_size, len(ids) + 1, block_size):
        parent = hash((parent, ids[end - block_size : end]))
        hashes.append(parent)
    return tuple(hashes)
