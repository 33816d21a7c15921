import pytest
from hypothesis import given
from hypothesis import strategies as st

from beaufort.plan.memory import BLOCK_SIZE
from beaufort.simulate.request import Request, hash_blocks

TOKENS = st.lists(st.integers(0, 5), max_size=100)


@given(TOKENS, st.integers(1, 20))
def test_only_full_blocks_have_an_identity(tokens: list[int], block_size: int) -> None:
    assert len(hash_blocks(tokens, block_size)) == len(tokens) // block_size


@given(TOKENS, TOKENS, st.integers(1, 4))
def test_identities_agree_exactly_as_far_as_the_tokens(one: list[int], other: list[int], size: int) -> None:
    common = 0
    while common < min(len(one), len(other)) and one[common] == other[common]:
        common += 1
    pairs = list(zip(hash_blocks(one, size), hash_blocks(other, size), strict=False))
    assert [a == b for a, b in pairs] == [position < common // size for position in range(len(pairs))]


def test_a_salt_separates() -> None:
    tokens = range(BLOCK_SIZE)
    assert hash_blocks(tokens, salt=1) != hash_blocks(tokens, salt=2)


def test_the_last_token_needs_no_memory() -> None:
    assert Request(1, prompt_tokens=10, output_tokens=1).context_tokens == 10


@pytest.mark.parametrize(("prompt", "output"), [(0, 1), (1, 0), (-1, 5)])
def test_empty_requests_are_impossible(prompt: int, output: int) -> None:
    with pytest.raises(ValueError, match="at least one token"):
        Request(1, prompt, output)
