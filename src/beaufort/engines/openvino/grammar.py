r"""Grammars in the notation of the pipeline's compiler (xgrammar's EBNF), in the one shape that it compiles right.

The compiler merges states of a rule's automaton, and in the version that OpenVINO GenAI 2026.4 has (0.1.31) it merges
too much where two alternatives of a rule begin alike: of the numbers 99 to 140 it makes a grammar that takes 94.
(Corrected later: xgrammar pull request 632.) So here no two alternatives of a rule begin alike: texts are written as a
tree of their beginnings, numbers digit by digit.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from itertools import groupby

_PLAIN = r"[^\0-\x1f\"\\]"  # a character that stands for itself in a JSON string
# A value begins with at most one space, and that is all the white space there is: a small model that may write more
# goes on for ever. Digits are bounded for the same reason, and so that every reader takes the number.
_BASICS: Mapping[str, str] = {
    "sp": '" "?',
    "chars": rf'"\"" | {_PLAIN} chars | "\\" ["\\/bfnrt] chars',
    "natural": '"0" | [1-9] [0-9]{0,14}',
    "fraction": '"" | "." [0-9]{1,15}',
    "exponent": '"" | [eE] [+-]? [0-9]{1,2}',
    "any": "string | number | boolean | null | array | object",
    "string": r'sp "\"" chars',
    "integer": 'sp "-"? natural',
    "number": 'sp "-"? natural fraction exponent',
    "boolean": 'sp ("true" | "false")',
    "null": 'sp "null"',
    "array": 'sp "[" ("]" | any ("," any)* "]")',
    "object": 'sp "{" ("}" | member ("," member)* "}")',
    "member": 'string ":" any',
}


class Grammar:
    """Rules, each with a name; the same body has the same name."""

    def __init__(self) -> None:
        self._names = {body: name for name, body in _BASICS.items()}

    def rule(self, body: str) -> str:
        """Return the name of the rule with this body."""
        return self._names.setdefault(body, f"r{len(self._names)}")

    def either(self, cases: Iterable[str]) -> str:
        """Return the name of the rule that is any of other rules."""
        names = tuple(dict.fromkeys(cases))
        return names[0] if len(names) == 1 else self.rule(" | ".join(names))

    def text(self, root: str) -> str:
        """Return the grammar that begins with the rule ``root``."""
        rules = "\n".join(f"{name} ::= {body}" for body, name in self._names.items())
        return f"root ::= {root}\n{rules}\n"


def quoted(text: str) -> str:
    """Return ``text``, which is printable ASCII, as a terminal.

    The compiler writes other characters as escapes without an end: of "ße" it makes the one character U+0DFE.
    """
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def plain(least: int, most: int | None) -> str:
    """Return an expression for a string of so many characters, none of them escaped."""
    return rf'sp "\"" {_PLAIN}{{{least},{"" if most is None else most}}} "\""'


def tree(branches: Iterable[tuple[str, str]]) -> str:
    """Return an expression for texts, each with what follows it, as the tree of their beginnings.

    Args:
        branches: The JSON text, and an expression; no text twice.
    """
    listed = sorted(branches)
    if len(listed) == 1:
        return f"{quoted(listed[0][0])} {listed[0][1]}".rstrip()
    prefix = os.path.commonprefix([text for text, _ in listed])  # noqa: RUF071 - by characters
    rest = [(text[len(prefix) :], follows) for text, follows in listed]
    alternatives = [
        follows or '""' if not first else tree(group)
        for first, group in groupby(rest, key=lambda branch: branch[0][:1])
        for follows in ([follows for _, follows in group] if not first else [""])
    ]
    return f"{quoted(prefix)} ({' | '.join(alternatives)})"
