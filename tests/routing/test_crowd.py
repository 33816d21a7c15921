from hypothesis import given
from hypothesis import strategies as st

from beaufort.routing import Crowd, Prompt

SYSTEM = tuple(range(16))


def prompt(*own: int, shared: tuple[int, ...] = SYSTEM) -> Prompt:
    chain = shared + own
    return Prompt(chain, tokens=len(chain) * 64, block_tokens=64)


def test_what_nobody_else_begins_with_counts_whole() -> None:
    crowd = Crowd()
    assert crowd.share(prompt(100), 0) == 17 * 64
    assert crowd.share(prompt(100), 10 * 64) == 7 * 64


def test_what_others_begin_with_counts_by_its_share() -> None:
    crowd = Crowd()
    for other in range(3):
        crowd.join(prompt(200 + other).chain)
    assert crowd.share(prompt(100), 0) == 16 * 64 / 4 + 64
    assert crowd.share(prompt(100), 8 * 64) == 8 * 64 / 4 + 64
    assert crowd.share(prompt(100), 17 * 64) == 0
    assert crowd.share(prompt(shared=tuple(range(50, 66))), 0) == 16 * 64


def test_who_is_gone_bears_nothing() -> None:
    crowd = Crowd()
    crowd.join(prompt(1).chain)
    crowd.join(prompt(2).chain)
    crowd.leave(prompt(1).chain)
    assert crowd.share(prompt(3), 0) == 16 * 64 / 2 + 64
    crowd.leave(prompt(2).chain)
    assert len(crowd) == 0


@given(
    st.lists(st.lists(st.integers(0, 1), max_size=20)), st.lists(st.integers(0, 1), max_size=20), st.integers(0, 2000)
)
def test_a_share_is_never_negative_nor_more_than_the_whole_and_less_when_more_is_cached(
    others: list[list[int]], own: list[int], cached: int
) -> None:
    def chain(blocks: list[int]) -> tuple[int, ...]:
        return tuple(hash(tuple(blocks[:end])) for end in range(1, len(blocks) + 1))

    crowd = Crowd()
    for each in others:
        crowd.join(chain(each))
    mine = Prompt(chain(own), tokens=64 * len(own) + 13, block_tokens=64)
    known = min(cached, mine.tokens)
    share = crowd.share(mine, known)
    assert 0 <= share <= mine.tokens - known
    assert share <= crowd.share(mine, known // 2) + 1e-6
