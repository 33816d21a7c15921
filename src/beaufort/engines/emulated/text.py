"""Tokens and text without a model, the same on every replica.

A text is cut into pieces of at most five letters, about the four bytes a token that English has in real vocabularies;
a piece's token is its CRC. What follows a prompt is a pure function of all tokens before: the CRC of everything so
far, which can be carried on, names the next word. So a continuation of a prompt that ends with generated text is the
rest of that text, on any replica.
"""

from __future__ import annotations

import re
import zlib
from array import array
from collections.abc import Sequence
from itertools import product

_PIECE = re.compile(r"\s?\w{1,5}|\s?[^\w\s]{1,5}|\s")
_FIRST = ("b", "c", "d", "f", "g", "l", "m", "n", "p", "r", "s", "t", "v", "w", "st", "tr")
_MIDDLE = ("a", "e", "i", "o", "u", "ai", "ea", "ou")
_LAST = ("", "l", "n", "r", "s", "t", "d", "m")
_WORDS = tuple(" " + "".join(parts) for parts in product(_FIRST, _MIDDLE, _LAST))
_MIX = 0x9E3779B1  # of the golden ratio: spreads the CRC's low bits before they choose


class Words:
    """A vocabulary.

    Args:
        vocabulary: How many tokens there are.
        mean_output_tokens: Of answers that end by themselves.
    """

    def __init__(self, vocabulary: int, mean_output_tokens: int) -> None:
        self._vocabulary = vocabulary
        self._mean = mean_output_tokens
        self._texts: dict[int, str] = {}
        for word in _WORDS:
            self._texts.setdefault(self._token(word), word)
        self._words = tuple(self._texts)

    def _token(self, piece: str) -> int:
        return zlib.crc32(piece.encode()) % self._vocabulary

    def tokenize(self, text: str) -> list[int]:
        """Return the tokens of ``text``."""
        return [self._token(piece) for piece in _PIECE.findall(text)]

    def text(self, token: int) -> str:
        """Return the text of a generated token; any other has a mark, since its piece is not kept."""
        return self._texts.get(token, "\N{REPLACEMENT CHARACTER}")

    def answer(self, prompt: Sequence[int], salt: int, longest: int, *, shortest: int, endless: bool) -> list[int]:
        """Return the tokens that follow ``prompt``, at most ``longest``.

        Args:
            prompt: Tokens before.
            salt: 0 for a greedy answer; another for each sampled one.
            longest: At most so many tokens.
            shortest: No end before so many.
            endless: No end at all before ``longest``.
        """
        state = zlib.crc32(array("I", prompt).tobytes(), salt)
        tokens: list[int] = []
        while len(tokens) < longest:
            spread = (state * _MIX >> 8) & 0xFFFFFF
            token = self._words[spread % len(self._words)]
            tokens.append(token)
            state = zlib.crc32(token.to_bytes(4, "little"), state)
            if not endless and len(tokens) >= shortest and (state * _MIX >> 9) % self._mean == 0:
                break
        return tokens
