"""Paged memory for keys and values, with a prefix cache in what is free.

A block is held by the sequences that count on it, or free. A free block keeps its content, and with it its identity,
until it is needed for something else; the one released longest ago goes first. So the cache costs no memory, and a
repeated prefix is found as long as nobody needed its place. This is what vLLM does, with one difference: two blocks
with equal content are not both remembered, only the first.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence


class BlockPool:
    """``size`` blocks, numbered from 0.

    Args:
        size: Number of blocks.
        caching: Whether free blocks are remembered.
    """

    def __init__(self, size: int, *, caching: bool = True) -> None:
        self.size = size
        self._caching = caching
        self._holders = [0] * size
        self._identity: list[int | None] = [None] * size
        self._known: dict[int, int] = {}
        self._free: OrderedDict[int, None] = OrderedDict.fromkeys(range(size))

    @property
    def free(self) -> int:
        """Blocks that nobody holds, remembered or not."""
        return len(self._free)

    @property
    def held(self) -> int:
        """Blocks that somebody holds."""
        return self.size - len(self._free)

    def find(self, identities: Sequence[int], limit: int) -> list[int]:
        """Return the remembered blocks of the longest known prefix of ``identities``, at most ``limit`` of them."""
        found: list[int] = []
        for position in range(min(limit, len(identities))):
            block = self._known.get(identities[position])
            if block is None:
                break
            found.append(block)
        return found

    def fits(self, found: Iterable[int], more: int) -> bool:
        """Return whether ``found`` blocks can be held, and ``more`` new ones besides."""
        revived = sum(1 for block in found if not self._holders[block])
        return revived + more <= len(self._free)

    def hold(self, found: Iterable[int]) -> None:
        """Hold blocks that ``find`` returned."""
        for block in found:
            if not self._holders[block]:
                del self._free[block]
            self._holders[block] += 1

    def take(self, count: int) -> list[int]:
        """Hold ``count`` new blocks, forgetting what the longest free ones remembered.

        Raises:
            MemoryError: Fewer are free. Ask ``fits`` first.
        """
        if count > len(self._free):
            message = f"{count} blocks asked for, {len(self._free)} free"
            raise MemoryError(message)
        taken = [self._free.popitem(last=False)[0] for _ in range(count)]
        for block in taken:
            self._holders[block] = 1
            self._forget(block)
        return taken

    def remember(self, block: int, identity: int) -> None:
        """Make a held, full block findable."""
        if self._caching and identity not in self._known:
            self._known[identity] = block
            self._identity[block] = identity

    def release(self, blocks: Sequence[int]) -> None:
        """Stop holding a sequence's blocks. Its last block is the first to be forgotten: prefixes are shared more."""
        for block in reversed(blocks):
            self._holders[block] -= 1
            if not self._holders[block]:
                self._free[block] = None

    def _forget(self, block: int) -> None:
        identity = self._identity[block]
        if identity is not None:
            del self._known[identity]
            self._identity[block] = None
