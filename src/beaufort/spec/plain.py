"""What a word of YAML without quotes stands for, by the core schema of YAML 1.2.

Refused is what would surprise: words that YAML 1.1 readers such as ``kubectl`` understand differently, numbers that
are not finite, nothing at all, and characters that nobody sees.
"""

from __future__ import annotations

import re
import unicodedata
from math import isfinite

from beaufort.errors import Problem, UsageError

_TRUTH = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_NULL = {"", "~", "null", "Null", "NULL"}
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_DECIMAL = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
# YAML 1.1 reads these as a truth value, an octal, hexadecimal or binary number, a grouped or a base-60 number.
_AMBIGUOUS = re.compile(
    r"(?i:y|n|yes|no|on|off)|[-+]?0[0-7]+|[-+]?0[xob][0-9a-fA-F_]+|[-+]?[0-9][0-9]*_[0-9_]*|[-+]?[0-9]+(?::[0-5]?[0-9])+"
)
_MAX_DIGITS = 18  # what a 64-bit integer holds for sure
_INVISIBLE = {"Cc", "Cf", "Cs", "Zl", "Zp"}  # control, format, lone surrogate, line and paragraph separator


class WordError(UsageError):
    """A word has no clear meaning; its one problem names no place."""


def visible(text: str) -> str:
    """Return ``text``.

    Raises:
        WordError: It holds a line break or an invisible character.
    """
    hidden = next((char for char in text if unicodedata.category(char) in _INVISIBLE), None)
    if hidden is None:
        return text
    what = "a line break" if hidden == "\n" else f"the invisible character U+{ord(hidden):04X}"
    raise WordError(Problem(f"holds {what}", remedy="remove it"))


def plain(word: str) -> str | int | float | bool:
    """Return the value of ``word``, which stands without quotes.

    Raises:
        WordError: It has none, or none that every reader of YAML agrees on.
    """
    if word in _NULL:
        raise WordError(Problem("has no value", remedy="write one, or remove the line to have the default"))
    if _AMBIGUOUS.fullmatch(word):
        remedy = "put text in quotes; write true, false or a plain number otherwise"
        raise WordError(Problem(f"{word[:40]!r} is read in different ways by YAML readers", remedy=remedy))
    return _TRUTH[word] if word in _TRUTH else _number(word)


def _number(word: str) -> str | int | float:
    if _INTEGER.fullmatch(word) and len(word) <= _MAX_DIGITS:
        return int(word)
    if _NOT_FINITE.fullmatch(word) or (_DECIMAL.fullmatch(word) and not isfinite(float(word))):
        raise WordError(Problem(f"{word[:40]!r} is not a finite number", remedy="write the figure that is meant"))
    return float(word) if _DECIMAL.fullmatch(word) else word
