"""What the tests of the embedded engine share: grammars as regular expressions, and the real pipeline."""

from __future__ import annotations

import functools
import re

# A rule of a grammar in one line; in it a text, a class of characters, a rule's name, or a sign that regular
# expressions have too.
RULE = re.compile(r"(\w+) ::= (.*)")
TOKEN = re.compile(r'"((?:\\.|[^"\\])*)"|(\[(?:\\.|[^\]\\])*\])|(\{\d+,?\d*\})|([A-Za-z]\w*)|([()|*?+])|\s+')
_ESCAPED = re.compile(r"\\(.)")


def rules(grammar: str) -> dict[str, str]:
    """Return the rules of a grammar, each of one line."""
    return {match[1]: match[2] for match in map(RULE.fullmatch, grammar.splitlines()) if match}


def expression(grammar: str) -> re.Pattern[str]:
    """Return the grammar, whose rules form no circle, as a regular expression."""
    known = rules(grammar)
    known["chars"] = r'([^\0-\x1f\"\\] | "\\" ["\\/bfnrt])* "\""'

    @functools.cache
    def rule(name: str) -> str:
        return f"(?:{''.join(map(token, TOKEN.finditer(known[name])))})"

    def token(match: re.Match[str]) -> str:
        text, characters, count, name, sign = match.groups()
        if text is not None:
            return "(?:" + re.escape(_ESCAPED.sub(lambda escaped: {"n": "\n"}.get(escaped[1], escaped[1]), text)) + ")"
        return characters or count or (rule(name) if name else sign or "")

    return re.compile(rule("root"))
