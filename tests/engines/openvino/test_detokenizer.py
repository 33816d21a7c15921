from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import openvino_genai as genai
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beaufort.engines.models import resolve
from beaufort.engines.openvino.detokenizer import Detokenizer, Tail, by_length

_TEXTS = (
    '<|im_start|>größe <tool_call>{"a": "日本 😀"}</tool_call>\n',
    "wind and wave " * 12,
    "\N{FAMILY}e\N{COMBINING ACUTE ACCENT}",
    "x",
)


def _bytes_decode(rows: Sequence[Sequence[int]]) -> list[str]:
    """Decode tokens that are bytes; shorter rows are filled up, as the pipeline's tokenizer does."""
    longest = max(map(len, rows))
    return [bytes(row).decode(errors="replace") + "#" * (longest - len(row)) for row in rows]


@given(st.lists(st.text("aé日😀", max_size=30), min_size=1, max_size=4), st.data())
def test_any_steps_give_the_whole_text_of_every_row(texts: list[str], data: st.DataObject) -> None:
    left = [list(text.encode()) for text in texts]
    tails = [Tail() for _ in texts]
    shown = [""] * len(texts)
    detokenizer = Detokenizer(by_length(_bytes_decode))
    while any(left):
        rows = [row for row, tokens in enumerate(left) if tokens]
        taken = [data.draw(st.integers(1, 3)) for _ in rows]
        new = [left[row][:count] for row, count in zip(rows, taken, strict=True)]
        added = detokenizer.extend([tails[row] for row in rows], new)
        for row, count, text in zip(rows, taken, added, strict=True):
            del left[row][:count]
            assert "\N{REPLACEMENT CHARACTER}" not in text
            shown[row] += text
    assert shown == texts


@pytest.mark.model
def test_special_tokens_are_those_of_the_text_only() -> None:
    tokenizer = genai.Tokenizer(str(resolve("demo", progress=lambda _: None).path))
    rows = [
        [int(token) for token in tokenizer.encode(text, add_special_tokens=False).input_ids.data[0]] for text in _TEXTS
    ]
    detokenizer = Detokenizer(by_length(partial(tokenizer.decode, skip_special_tokens=False)))
    tails = [Tail() for _ in rows]
    shown = [""] * len(rows)
    for at in range(max(map(len, rows))):
        living = [row for row in range(len(rows)) if at < len(rows[row])]
        added = detokenizer.extend([tails[row] for row in living], [rows[row][at : at + 1] for row in living])
        for row, text in zip(living, added, strict=True):
            shown[row] += text
    assert shown == list(_TEXTS)
