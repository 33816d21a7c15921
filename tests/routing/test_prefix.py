from hypothesis import given
from hypothesis import strategies as st

from beaufort.routing.prefix import PrefixIndex, blocks_of

# Chains as prompts make them: a block's name stands for itself and all before it.
PROMPTS = st.lists(st.lists(st.integers(0, 2), max_size=8), max_size=30)


def chain(blocks: list[int]) -> tuple[int, ...]:
    return tuple(hash(tuple(blocks[:end])) for end in range(1, len(blocks) + 1))


def test_what_was_computed_is_known_up_to_where_it_differs() -> None:
    index = PrefixIndex(100)
    index.add(chain([1, 2, 3, 4]))
    assert index.known(chain([1, 2, 3, 4])) == 4
    assert index.known(chain([1, 2, 3, 4, 5])) == 4
    assert index.known(chain([1, 2, 9, 4])) == 2
    assert index.known(chain([9])) == 0
    assert index.known(()) == 0


def test_the_end_of_what_was_used_longest_ago_goes_first() -> None:
    index = PrefixIndex(5)
    index.add(chain([1, 2, 3]))
    index.add(chain([7, 8, 9]))
    assert index.known(chain([1, 2, 3])) == 2
    assert index.known(chain([7, 8, 9])) == 3
    index.add(chain([1, 2]))  # used again: now the other one is older
    index.add(chain([5]))
    assert index.known(chain([1, 2])) == 2
    assert index.known(chain([7, 8, 9])) == 2


def test_another_room_and_a_new_start() -> None:
    index = PrefixIndex(4)
    index.add(chain([1, 2, 3, 4]))
    index.resize(2)
    assert index.known(chain([1, 2, 3, 4])) == 2
    index.clear()
    assert index.known(chain([1, 2, 3, 4])) == 0
    assert len(index) == 0


@given(PROMPTS, st.integers(1, 12))
def test_a_block_is_never_there_without_those_before_it_nor_more_than_fit(prompts: list[list[int]], room: int) -> None:
    index = PrefixIndex(room)
    for prompt in prompts:
        index.add(chain(prompt))
        assert len(index) <= room
        for other in prompts:
            there = [block in index._blocks for block in chain(other)]
            assert there == sorted(there, reverse=True)
            assert index.known(chain(other)) == sum(there)


@given(PROMPTS.filter(bool), st.integers(8, 12))
def test_the_prompt_of_last_is_always_known(prompts: list[list[int]], room: int) -> None:
    index = PrefixIndex(room)
    for prompt in prompts:
        index.add(chain(prompt))
    assert index.known(chain(prompts[-1])) == len(prompts[-1])


def test_tokens_are_counted_in_blocks() -> None:
    assert blocks_of(6400) == 100
    assert blocks_of(1) == 1
