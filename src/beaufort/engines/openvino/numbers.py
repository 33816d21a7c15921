"""Numbers within bounds, as grammars that read them digit by digit."""

from __future__ import annotations

from typing import NamedTuple

from beaufort.engines.openvino.grammar import Grammar

_DIGITS = "0123456789"
_LONGEST = 16
_MOST = 10**_LONGEST - 1


class _Span(NamedTuple):
    """The whole numbers from ``first`` to ``last``, which have the same number of digits.

    Attributes:
        first: Digits.
        last: Digits.
        fraction: Whether a fraction may follow.
    """

    first: str
    last: str
    fraction: bool

    def after(self, digit: str) -> _Span | None:
        """Return what may follow after ``digit``, None if it cannot come."""
        if not self.first or not self.first[0] <= digit <= self.last[0]:
            return None
        rest = len(self.first) - 1
        first = self.first[1:] if digit == self.first[0] else "0" * rest
        last = self.last[1:] if digit == self.last[0] else "9" * rest
        return _Span(first, last, self.fraction)


def bounded(grammar: Grammar, least: int | None, most: int | None, *, whole: bool) -> str:
    """Return an expression for the numbers from ``least`` to ``most``; None is no bound.

    Args:
        grammar: Takes the rules.
        least: The smallest number, at most ``most``.
        most: The largest number.
        whole: Only integers; else with fractions.
    """
    alternatives = []
    if most is None or most >= 0:
        alternatives.append(_digits(grammar, _spans(max(least or 0, 0), most, whole=whole)))
    if least is None or least < 0:
        smallest = max(0 if most is None else -most, 1 if whole else 0)
        largest = None if least is None else -least
        alternatives.append(f'"-" {_digits(grammar, _spans(smallest, largest, whole=whole))}')
    return f"sp ({' | '.join(alternatives)})"


def _spans(first: int, last: int | None, *, whole: bool) -> frozenset[_Span]:
    """Return the spans of the numbers from ``first`` to ``last``, neither of them negative."""
    if whole or last is None:
        return _spans_of(first, _MOST if last is None else last, fraction=not whole)
    # Up to the last but one a fraction may follow; not after the last.
    return _spans_of(first, last - 1, fraction=True) | _spans_of(last, last, fraction=False)


def _spans_of(first: int, last: int, *, fraction: bool) -> frozenset[_Span]:
    spans = set()
    for length in range(1, _LONGEST + 1):
        low, high = max(first, 10 ** (length - 1) if length > 1 else 0), min(last, 10**length - 1)
        if low <= high:
            spans.add(_Span(str(low), str(high), fraction))
    return frozenset(spans)


def _digits(grammar: Grammar, spans: frozenset[_Span]) -> str:
    """Return an expression for the digits of any of ``spans``: a deterministic automaton, one rule for each state."""
    if _is_any(spans):
        fraction = " fraction" if any(span.fraction for span in spans) else ""
        return f"[0-9]{{0,{len(spans) - 1}}}{fraction}"
    ways: dict[frozenset[_Span], str] = {}
    for digit in _DIGITS:
        after = frozenset(span for each in spans if (span := each.after(digit)))
        if after:
            ways[after] = ways.get(after, "") + digit
    alternatives = [f"[{digits}] {_digits(grammar, after)}" for after, digits in ways.items()]
    ended = [span for span in spans if not span.first]
    if not alternatives and not any(span.fraction for span in ended):
        return ""
    if ended:
        alternatives.append('""')
    if any(span.fraction for span in ended):
        alternatives.append('"." [0-9]{1,15}')
    return grammar.rule(" | ".join(alternatives))


def _is_any(spans: frozenset[_Span]) -> bool:
    """Return whether any digits may follow, from none to as many as there are spans, less one."""
    full = all(not span.first.strip("0") and not span.last.strip("9") for span in spans)
    lengths = sorted(len(span.first) for span in spans)
    alike = len({span.fraction for span in spans}) == 1
    return full and alike and len(spans) > 1 and lengths == list(range(len(spans)))
