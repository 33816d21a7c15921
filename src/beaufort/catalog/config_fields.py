"""The fields of a JSON object, read with every mistake noted and none raised."""

from __future__ import annotations

from collections.abc import Mapping

from beaufort.errors import Problem

_LARGEST = 1 << 28  # ten times the longest context and vocabulary there are
_LONGEST_SHOWN = 40


class Fields:
    """The fields of ``mapping``; what is wrong with them is added to ``problems``, and a zero stands in its place.

    Args:
        mapping: The object.
        where: Its place, for messages.
        problems: Where mistakes are added.
        usual: What a number is when the object does not have it, where that is known.
    """

    def __init__(
        self, mapping: Mapping[str, object], where: str, problems: list[Problem], usual: Mapping[str, int] | None = None
    ) -> None:
        self._mapping = mapping
        self._where = where
        self._problems = problems
        self._usual = usual or {}

    def wrong(self, name: str, what: str, remedy: str) -> None:
        """Note that the field called ``name`` is wrong."""
        self._problems.append(Problem(what, f"{self._where}: {name}", remedy))

    def count(self, name: str, default: int | None = None) -> int:
        """Return a positive whole number; the usual one or ``default`` when the field is absent or null."""
        value = self._mapping.get(name)
        if value is None:
            default = self._usual.get(name, default)
            if default is None:
                self.wrong(name, "is missing", "give a positive whole number")
            return default or 0
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            self.wrong(name, f"{_shown(value)} is not a whole number", "give a positive whole number")
            return 0
        if not 0 < value <= _LARGEST:
            self.wrong(name, f"{_shown(value)} is not between 1 and {_LARGEST}", "give the published figure")
            return 0
        return value

    def truth(self, name: str, *, default: bool = False) -> bool:
        """Return a truth value; ``default`` when the field is absent or null."""
        value = self._mapping.get(name)
        if value is None or isinstance(value, bool):
            return default if value is None else value
        self.wrong(name, f"{_shown(value)} is neither true nor false", "write true or false")
        return False

    def words(self, name: str, known: tuple[str, ...]) -> tuple[str, ...]:
        """Return a list of words out of ``known``; none when the field is absent or null."""
        value = self._mapping.get(name)
        if value is None:
            return ()
        if not isinstance(value, list):
            self.wrong(name, f"{_shown(value)} is not a list", f"list words out of {', '.join(known)}")
            return ()
        strange = [each for each in value if not isinstance(each, str) or each not in known]
        if strange:
            self.wrong(name, f"{_shown(strange[0])} is not known here", f"known are {', '.join(known)}")
            return ()
        return tuple(value)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."
