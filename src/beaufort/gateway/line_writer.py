"""Lines to a file descriptor without ever stopping the event loop: a thread writes them, in batches."""

from __future__ import annotations

import os
from queue import SimpleQueue
from threading import Thread
from typing import IO

_BATCHES = 64
_LINES_AT_ONCE = 4096
_CLOSE_SECONDS = 1.0


class LineWriter:
    """Collects lines; ``flush`` hands them to the thread.

    When whoever reads the descriptor stops reading, up to 64 batches wait, and further ones are dropped and counted.

    Args:
        descriptor: Where to write.
        file: Its file object, closed with the writer.
    """

    def __init__(self, descriptor: int, file: IO[bytes] | None = None) -> None:
        self.dropped = 0
        self._descriptor = descriptor
        self._file = file
        self._lines: list[str] = []
        self._batches: SimpleQueue[list[str] | None] = SimpleQueue()
        self._thread: Thread | None = None

    def write(self, line: str) -> None:
        """Take a line, its newline included."""
        self._lines.append(line)
        if len(self._lines) >= _LINES_AT_ONCE:
            self.flush()

    def flush(self) -> None:
        """Hand the lines to the thread, which is started by the first of them."""
        if not self._lines:
            return
        lines, self._lines = self._lines, []
        if self._batches.qsize() >= _BATCHES:
            self.dropped += len(lines)
            return
        if self._thread is None:
            # A daemon: a reader that has stopped reading must not keep the process from ending.
            self._thread = Thread(target=self._run, name="log", daemon=True)
            self._thread.start()
        self._batches.put(lines)

    def close(self) -> None:
        """Flush, and wait a second at most until all is written."""
        self.flush()
        if self._thread is not None:
            self._batches.put(None)
            self._thread.join(_CLOSE_SECONDS)
            if self._thread.is_alive():
                return
            self._thread = None
        if self._file is not None:
            self._file.close()

    def _run(self) -> None:
        while (lines := self._batches.get()) is not None:
            try:
                _write_all(self._descriptor, "".join(lines).encode("ascii", "backslashreplace"))
            except OSError:  # the disk is full, or the reader has left
                self.dropped += len(lines)


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
