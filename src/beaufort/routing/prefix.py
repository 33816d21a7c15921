"""What a replica probably still has in its prefix cache, judged by what it was sent.

A prompt is a chain of blocks, each named by a hash of itself and all before it: two prompts have equal names up to
where they differ. An engine that has computed a prompt finds its blocks again until their room is needed, and gives up
those first that were not used for longest, the ends of prompts before their beginnings. The index does the same with
the same room: an index that only grew would send requests to where nothing is left of their prompts.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from beaufort.routing.prompt import BLOCK_BYTES, BYTES_PER_TOKEN

UNKNOWN_TOKENS = 100_000
"""What an engine remembers that does not say it: about what an 8B model leaves of an accelerator with 24 GiB."""


def blocks_of(tokens: int) -> int:
    """Return how many blocks an engine remembers that has room for the keys and values of ``tokens`` tokens."""
    return max(1, tokens * BYTES_PER_TOKEN // BLOCK_BYTES)


class PrefixIndex:
    """The blocks of one replica, the least recently used ones first.

    Args:
        room: How many blocks the replica remembers.
    """

    __slots__ = ("_blocks", "_room")

    def __init__(self, room: int) -> None:
        self._room = room
        self._blocks: OrderedDict[int, None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._blocks)

    def known(self, chain: Sequence[int]) -> int:
        """Return how many blocks ``chain`` begins with that are here.

        A block is never here without those before it, so halving finds the last one.
        """
        blocks = self._blocks
        if not chain or chain[0] not in blocks:
            return 0
        low, high = 1, len(chain)  # so many are here; at most so many
        while low < high:
            middle = (low + high + 1) // 2
            if chain[middle - 1] in blocks:
                low = middle
            else:
                high = middle - 1
        return low

    def add(self, chain: Sequence[int]) -> None:
        """Take note that the replica computes ``chain``. Its beginning counts as used last, so its end goes first."""
        blocks = self._blocks
        for block in reversed(chain):
            blocks[block] = None
            blocks.move_to_end(block)
        self._shrink()

    def resize(self, room: int) -> None:
        """Take note of how many blocks the replica remembers."""
        self._room = room
        self._shrink()

    def clear(self) -> None:
        """Forget everything: the replica has started anew."""
        self._blocks.clear()

    def _shrink(self) -> None:
        while len(self._blocks) > self._room:
            self._blocks.popitem(last=False)
