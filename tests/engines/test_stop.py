from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beaufort.engines.stop import StopMatcher


def _pass(stops: Sequence[str], pieces: Sequence[str]) -> tuple[str, bool]:
    """Return what a matcher lets through of a whole text, and whether it found a stop string."""
    matcher = StopMatcher(tuple(stops))
    passed = "".join([matcher.feed(piece) for piece in pieces])
    return passed + matcher.flush(), matcher.matched


def _first(stops: Sequence[str], text: str) -> tuple[str, bool]:
    """The same by definition: read letter by letter, end at the first stop string that is complete."""
    for end in range(1, len(text) + 1):
        ended = [stop for stop in stops if text[:end].endswith(stop)]
        if ended:
            return text[: end - max(map(len, ended))], True
    return text, False


@pytest.mark.parametrize(
    ("stops", "pieces", "result"),
    [
        ((), ["a", "b"], ("ab", False)),
        (("END",), ["one E", "N", "D two"], ("one ", True)),
        (("END",), ["one EN", "E"], ("one ENE", False)),
        (("END",), ["one EN"], ("one EN", False)),
        (("\n\n",), ["a\n", "b\n", "\nc"], ("a\nb", True)),
        (("aab",), ["aa", "ab"], ("a", True)),
        (("ab", "b"), ["ab"], ("", True)),
        (("abcd", "bc"), ["abcd"], ("a", True)),
        (("é", "日本"), ["caf", "é"], ("caf", True)),
        (("日本",), ["日", "", "本"], ("", True)),
        (("x",), ["x", "never"], ("", True)),
    ],
)
def test_text_up_to_the_first_stop_string(
    stops: Sequence[str], pieces: Sequence[str], result: tuple[str, bool]
) -> None:
    assert _pass(stops, pieces) == result


def test_what_cannot_begin_a_stop_string_is_passed_on_at_once() -> None:
    matcher = StopMatcher(("END", "\n"))
    assert [matcher.feed(piece) for piece in ("wind", " E", "x", "E", "N")] == ["wind", " ", "Ex", "", ""]
    assert matcher.flush() == "EN"


_STOPS = st.lists(st.text("ab\n", min_size=1, max_size=4), max_size=4)


@given(_STOPS, st.text("ab\n", max_size=24), st.data())
def test_any_cutting_gives_the_first_stop_string(stops: list[str], text: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    pieces = [text[start:end] for start, end in itertools.pairwise([0, *cuts, len(text)])]
    expected = _first(stops, text)
    assert _pass(stops, pieces) == expected
    assert _pass(stops, [text]) == expected
    assert _pass(stops, list(text)) == expected


@given(_STOPS, st.lists(st.text("ab\n", max_size=5), max_size=6))
def test_what_was_passed_on_is_never_taken_back(stops: list[str], pieces: list[str]) -> None:
    matcher = StopMatcher(tuple(stops))
    passed = ""
    for piece in pieces:
        passed += matcher.feed(piece)
        assert _first(stops, "".join(pieces))[0].startswith(passed)
