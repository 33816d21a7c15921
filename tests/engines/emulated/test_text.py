from hypothesis import given
from hypothesis import strategies as st

from beaufort.engines.emulated.text import Words

WORDS = Words(32768, 40)
PROMPTS = st.text(max_size=200).map(WORDS.tokenize).filter(bool)


@given(PROMPTS, st.integers(1, 60), st.integers(0, 60))
def test_a_continuation_is_the_rest_of_the_answer(prompt: list[int], longest: int, cut: int) -> None:
    whole = WORDS.answer(prompt, 0, longest, shortest=0, endless=False)
    cut = min(cut, len(whole) - 1)
    rest = WORDS.answer([*prompt, *whole[:cut]], 0, longest - cut, shortest=0, endless=False)
    assert whole[:cut] + rest == whole


@given(PROMPTS, st.integers(1, 60))
def test_generated_text_reads_back_as_the_same_tokens(prompt: list[int], longest: int) -> None:
    tokens = WORDS.answer(prompt, 7, longest, shortest=longest, endless=False)
    assert len(tokens) == longest
    assert WORDS.tokenize("".join(map(WORDS.text, tokens))) == tokens


def test_answers_differ_by_prompt_and_by_salt() -> None:
    prompt = WORDS.tokenize("Which way does the wind blow?")
    answers = {
        tuple(WORDS.answer(tokens, salt, 20, shortest=0, endless=True))
        for tokens in (prompt, prompt[1:])
        for salt in (0, 1)
    }
    assert len(answers) == 4


def test_answers_end_about_where_they_should() -> None:
    lengths = [len(WORDS.answer([number], 0, 10_000, shortest=0, endless=False)) for number in range(400)]
    assert 30 < sum(lengths) / len(lengths) < 50


@given(st.text(max_size=300))
def test_no_text_is_lost_to_the_pieces(text: str) -> None:
    assert bool(WORDS.tokenize(text)) == bool(text)
