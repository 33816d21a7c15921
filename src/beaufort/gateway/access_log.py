"""One JSON line per request, and one per event of the gateway's own. Never a header, a query or a body.

Every string is written as JSON in ASCII, so nothing that a client sends can end a line or colour a terminal.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from beaufort.errors import Problem, UsageError
from beaufort.gateway.line_writer import LineWriter

_PATH_CHARACTERS = 256
_quote = json.JSONEncoder().encode


@dataclass(frozen=True, slots=True)
class Entry:
    """One request, once it is over.

    Attributes:
        request_id: The client's, or the gateway's own.
        method: As sent.
        path: Without the query.
        status: What was answered, 0 when the client left before that.
        endpoint: The last one that was tried, empty when none was.
        attempts: How often it was tried.
        sent_bytes: Of the response's body.
        first_byte_seconds: From arrival to the first byte of the answer, None when there was none.
        seconds: From arrival to the end.
        outcome: ``ok``, ``broken``, ``aborted``, ``timeout``, ``failed``, ``unavailable`` or ``refused``.
    """

    request_id: str
    method: str
    path: str
    status: int
    endpoint: str
    attempts: int
    sent_bytes: int
    first_byte_seconds: float | None
    seconds: float
    outcome: str

    def line(self, stamp: str) -> str:
        """Return the entry as one line of JSON. Not by ``json.dumps``, which costs five times as much."""
        first_byte = "null" if self.first_byte_seconds is None else f"{self.first_byte_seconds:.6f}"
        return (
            f'{{"time":"{stamp}","request_id":{_quote(self.request_id)},"method":{_quote(self.method)},'
            f'"path":{_quote(self.path[:_PATH_CHARACTERS])},"status":{self.status},'
            f'"endpoint":{_quote(self.endpoint)},"attempts":{self.attempts},"bytes":{self.sent_bytes},'
            f'"ttfb_s":{first_byte},"duration_s":{self.seconds:.6f},"outcome":"{self.outcome}"}}\n'
        )


class AccessLog:
    """Writes entries and events.

    Args:
        target: ``stderr``, ``-`` for standard output, ``off``, or the path of a file that is appended to.
        wall_clock: Seconds since 1970.

    Raises:
        UsageError: The file cannot be opened.
    """

    def __init__(self, target: str, wall_clock: Callable[[], float] = time.time) -> None:
        self._events = LineWriter(sys.stderr.fileno())
        self._entries: LineWriter | None = None
        if target == "stderr":
            self._entries = self._events
        elif target == "-":
            self._entries = LineWriter(sys.stdout.fileno())
        elif target != "off":
            self._entries = _open(target)
        self._wall_clock = wall_clock
        self._second = -1
        self._prefix = ""

    @property
    def dropped(self) -> int:
        """Lines that were lost because nobody took them in time."""
        return self._events.dropped + (self._entries.dropped if self._entries is not None else 0)

    def write(self, entry: Entry) -> None:
        """Write down a request."""
        if self._entries is not None:
            self._entries.write(entry.line(self._stamp()))

    def event(self, level: str, message: str, **fields: str) -> None:
        """Write down something that happened to the gateway itself, always to standard error."""
        line = {"time": self._stamp(), "level": level, "message": message, **fields}
        self._events.write(json.dumps(line) + "\n")
        self._events.flush()

    def flush(self) -> None:
        """Hand on what was written. Called now and then, and never waits."""
        self._events.flush()
        if self._entries is not None and self._entries is not self._events:
            self._entries.flush()

    def close(self) -> None:
        """Hand on the rest and wait for it, for a second at most."""
        self._events.close()
        if self._entries is not None and self._entries is not self._events:
            self._entries.close()

    def _stamp(self) -> str:
        """Return the time in UTC (RFC 3339, milliseconds); the part down to the second is made once a second."""
        now = self._wall_clock()
        second = int(now)
        if second != self._second:
            self._second = second
            self._prefix = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
        return f"{self._prefix}.{int((now - second) * 1000):03d}Z"


def _open(path: str) -> LineWriter:
    try:
        file = open(path, "ab", buffering=0)  # noqa: SIM115, PTH123 - it stays open as long as the gateway runs
    except OSError as error:
        raise UsageError(
            Problem(f"cannot be written: {error.strerror}", path, "name a file for --access-log, or 'off'")
        ) from error
    return LineWriter(file.fileno(), file)
