"""Which beginnings many requests in progress share: those are worth computing on more than one replica.

A conversation is one request at a time, and is best kept where it is known. A system prompt is in a hundred requests at
once; to compute it once more costs one of them some time, and lets all of them spread. So what a request would have to
compute counts by how many requests in progress begin with it: each of them bears its share.

Counted are the beginnings of 1, 2, 4, 8 ... blocks, which is enough to tell the two apart, and cheap.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from beaufort.routing.prompt import Prompt


class Crowd:
    """The requests in progress, by what they begin with."""

    __slots__ = ("_counts",)

    def __init__(self) -> None:
        self._counts: Counter[int] = Counter()

    def join(self, chain: Sequence[int]) -> None:
        """Take note of a request that begins with ``chain``."""
        for end in _marks(chain):
            self._counts[chain[end - 1]] += 1

    def leave(self, chain: Sequence[int]) -> None:
        """Take note that it is over."""
        for end in _marks(chain):
            block = chain[end - 1]
            self._counts[block] -= 1
            if not self._counts[block]:
                del self._counts[block]

    def share(self, prompt: Prompt, cached: int) -> float:
        """Return the tokens that a request has to compute when ``cached`` of them are not, less what others bear."""
        rest, start, borne = prompt.tokens - cached, 0, 0.0
        for end in _marks(prompt.chain):
            others = self._counts[prompt.chain[end - 1]]
            if not others:
                break  # nor does anybody share what comes behind
            fresh = max(0, end * prompt.block_tokens - max(cached, start * prompt.block_tokens))
            borne += fresh * others / (others + 1)
            start = end
        return max(0.0, rest - borne)

    def __len__(self) -> int:
        return len(self._counts)


def _marks(chain: Sequence[int]) -> Iterator[int]:
    end = 1
    while end <= len(chain):
        yield end
        end *= 2
