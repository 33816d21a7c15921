import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from beaufort.simulate.blocks import BlockPool

SIZE = 12


class PoolMachine(RuleBasedStateMachine):
    """Sequences come and go, each a chain of identities, some of them alike."""

    def __init__(self) -> None:
        super().__init__()
        self.pool = BlockPool(SIZE)
        self.sequences: list[list[int]] = []

    @rule(family=st.integers(0, 2), length=st.integers(1, 6))
    def admit(self, family: int, length: int) -> None:
        chain = [100 * family + position for position in range(length)]
        found = self.pool.find(chain, length)
        assert [self.pool._identity[block] for block in found] == chain[: len(found)]
        if not self.pool.fits(found, length - len(found)):
            return
        self.pool.hold(found)
        blocks = found + self.pool.take(length - len(found))
        for block, identity in zip(blocks, chain, strict=True):
            self.pool.remember(block, identity)
        self.sequences.append(blocks)

    @precondition(lambda self: self.sequences)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        position = data.draw(st.integers(0, len(self.sequences) - 1))
        self.pool.release(self.sequences.pop(position))

    @invariant()
    def blocks_are_conserved(self) -> None:
        assert self.pool.free + self.pool.held == SIZE
        held = {block for blocks in self.sequences for block in blocks}
        assert self.pool.held == len(held)
        assert set(self.pool._free) == set(range(SIZE)) - held

    @invariant()
    def holders_are_counted(self) -> None:
        for block in range(SIZE):
            assert self.pool._holders[block] == sum(blocks.count(block) for blocks in self.sequences)

    @invariant()
    def identities_lead_to_their_blocks_and_back(self) -> None:
        remembered = {identity: b for b, identity in enumerate(self.pool._identity) if identity is not None}
        assert remembered == self.pool._known


TestPool = PoolMachine.TestCase


def test_a_released_prefix_is_found_again() -> None:
    pool = BlockPool(4)
    blocks = pool.take(2)
    for block, identity in zip(blocks, (7, 8), strict=True):
        pool.remember(block, identity)
    pool.release(blocks)
    assert pool.free == 4
    assert pool.find((7, 8, 9), 3) == blocks
    assert pool.find((7, 8, 9), 1) == blocks[:1]
    assert pool.find((8,), 1) == blocks[1:]


def test_the_tail_of_a_sequence_is_forgotten_before_its_head() -> None:
    pool = BlockPool(3)
    blocks = pool.take(3)
    for block, identity in zip(blocks, (1, 2, 3), strict=True):
        pool.remember(block, identity)
    pool.release(blocks)
    pool.take(1)
    assert pool.find((1, 2, 3), 3) == blocks[:2]


def test_the_longest_unused_is_forgotten_first() -> None:
    pool = BlockPool(2)
    old, new = pool.take(2)
    pool.remember(old, 1)
    pool.remember(new, 2)
    pool.release([old])
    pool.release([new])
    pool.hold(pool.find((1,), 1))
    pool.release([old])
    pool.take(1)
    assert pool.find((1,), 1) == [old]
    assert pool.find((2,), 1) == []


def test_found_blocks_that_are_free_need_room_too() -> None:
    pool = BlockPool(2)
    (block,) = pool.take(1)
    pool.remember(block, 1)
    assert pool.fits([block], 1)
    pool.release([block])
    assert pool.fits([block], 1)
    assert not pool.fits([block], 2)


def test_without_caching_nothing_is_found() -> None:
    pool = BlockPool(2, caching=False)
    (block,) = pool.take(1)
    pool.remember(block, 1)
    assert pool.find((1,), 1) == []


def test_more_than_is_free_cannot_be_taken() -> None:
    pool = BlockPool(2)
    with pytest.raises(MemoryError, match="3 blocks asked for, 2 free"):
        pool.take(3)
    assert pool.free == 2
