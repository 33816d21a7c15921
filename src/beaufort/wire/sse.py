"""Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html), the part that LLM APIs use."""

from __future__ import annotations

CONTENT_TYPE = b"text/event-stream; charset=utf-8"
DONE = b"data: [DONE]\n\n"


def event(data: bytes) -> bytes:
    """Return one event whose data, a single line, is ``data``."""
    return b"data: %b\n\n" % data


class Decoder:
    """Splits a stream of bytes into the data of its events, whatever the pieces it arrives in."""

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[bytes] = []

    def feed(self, piece: bytes) -> list[bytes]:
        """Return the data of each event that ``piece`` completes."""
        lines = (self._rest + piece).split(b"\n")
        self._rest = lines.pop()
        events: list[bytes] = []
        for line in lines:
            self._line(line.removesuffix(b"\r"), events)
        return events

    def _line(self, line: bytes, events: list[bytes]) -> None:
        if line.startswith(b"data:"):
            self._data.append(line[5:].removeprefix(b" "))
        elif not line and self._data:
            events.append(b"\n".join(self._data))
            self._data = []
