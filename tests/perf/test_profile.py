from hypothesis import given
from hypothesis import strategies as st

from beaufort.perf.profile import StepBatch, prefill_pairs

COUNTS = st.integers(0, 200)


@given(COUNTS, COUNTS)
def test_each_token_attends_to_itself_and_all_before(before: int, chunk: int) -> None:
    assert prefill_pairs(before, chunk) == sum(position + 1 for position in range(before, before + chunk))


@given(COUNTS, COUNTS, COUNTS)
def test_chunks_cost_what_the_whole_costs(before: int, first: int, second: int) -> None:
    chunked = prefill_pairs(before, first) + prefill_pairs(before + first, second)
    assert chunked == prefill_pairs(before, first + second)


def test_a_decoding_sequence_is_one_token() -> None:
    assert StepBatch(prefill_tokens=100, decode_sequences=7).tokens == 107
