"""Tokens to text while they come: the new text of many sequences with one call of the tokenizer.

A token's text depends on its neighbours: a character may span tokens, and a word's space belongs to the token before
or after it. So each sequence keeps a window of its last tokens with the window's text, and what is new is what the
longer window's text adds. Decoding a batch costs a fifteenth of decoding its rows one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

_WINDOW = 24
_OVERLAP = 8  # a character has at most 4 bytes, so at most 4 tokens: what leaves the window is complete


Decode = Callable[[Sequence[Sequence[int]]], Sequence[str]]


def by_length(decode: Decode) -> Decode:
    """Return ``decode`` for rows of different lengths: it would fill up the shorter ones with a special token.

    Where special tokens are not shown, nobody sees those either. Where they are, rows of one length go together.
    """

    def decoded(rows: Sequence[Sequence[int]]) -> Sequence[str]:
        places: dict[int, list[int]] = {}
        for place, row in enumerate(rows):
            places.setdefault(len(row), []).append(place)
        texts = [""] * len(rows)
        for group in places.values():
            for place, text in zip(group, decode([rows[place] for place in group]), strict=True):
                texts[place] = text
        return texts

    return decoded


class Tail:
    """The end of one sequence."""

    __slots__ = ("shown", "tokens")

    def __init__(self) -> None:
        self.tokens: list[int] = []
        self.shown = ""


class Detokenizer:
    """Gives the text that new tokens add.

    Args:
        decode: Returns the text of each row of tokens.
    """

    def __init__(self, decode: Decode) -> None:
        self._decode = decode

    def extend(self, tails: Sequence[Tail], tokens: Sequence[Sequence[int]]) -> list[str]:
        """Append ``tokens[i]`` to ``tails[i]`` and return the text that each adds.

        The text is empty while a character is incomplete; it comes with the token that completes it.
        """
        for tail, new in zip(tails, tokens, strict=True):
            tail.tokens += new
        texts = self._decode([tail.tokens for tail in tails])
        added = [_advance(tail, text) for tail, text in zip(tails, texts, strict=True)]
        self._shorten([tail for tail in tails if len(tail.tokens) > _WINDOW])
        return added

    def _shorten(self, tails: Sequence[Tail]) -> None:
        if not tails:
            return
        for tail in tails:
            tail.tokens = tail.tokens[-_OVERLAP:]
        for tail, text in zip(tails, self._decode([tail.tokens for tail in tails]), strict=True):
            tail.shown = _complete(text)


def _advance(tail: Tail, text: str) -> str:
    text = _complete(text)
    if not text.startswith(tail.shown):
        return ""
    added = text[len(tail.shown) :]
    tail.shown = text
    return added


def _complete(text: str) -> str:
    """Return ``text`` without the replacement characters that an incomplete character leaves at its end."""
    return text.rstrip("\N{REPLACEMENT CHARACTER}")
