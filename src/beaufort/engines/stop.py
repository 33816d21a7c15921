"""Stop strings found in a stream of text, wherever the pieces of the stream end."""

from __future__ import annotations


class StopMatcher:
    """Passes text on up to the first stop string, and holds back what may be the beginning of one.

    The first is the one that is complete first, and of those the longest: so the same text gives the same result,
    however it is cut into pieces.

    Args:
        stops: The strings that end the text; they are not part of it. None of them is empty.
    """

    __slots__ = ("_held", "_longest", "_stops", "matched")

    def __init__(self, stops: tuple[str, ...]) -> None:
        self._stops = stops
        self._longest = max(map(len, stops), default=0)
        self._held = ""
        self.matched = False

    def feed(self, text: str) -> str:
        """Return the text that can be passed on now. After a match, nothing more is."""
        if not self._stops:
            return text
        if self.matched:
            return ""
        text = self._held + text
        found = [(place + len(stop), place) for stop in self._stops if (place := text.find(stop)) >= 0]
        if found:
            self.matched = True
            self._held = ""
            _, place = min(found)
            return text[:place]
        keep = self._overlap(text)
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep]

    def flush(self) -> str:
        """Return what was held back: the text has ended, so it was no stop string."""
        held, self._held = self._held, ""
        return held

    def _overlap(self, text: str) -> int:
        """Return the length of the longest end of ``text`` with which a stop string begins."""
        for size in range(min(len(text), self._longest - 1), 0, -1):
            if any(stop.startswith(text[-size:]) for stop in self._stops):
                return size
        return 0
