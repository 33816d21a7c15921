"""One child process, that ends when we do, however we do."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from beaufort.fleet.cores import Cores
from beaufort.units import KIB

_TAIL_BYTES = 8 * KIB


class Child:
    """A running child process. ``start`` makes one.

    - Its standard input is a pipe whose other end only we hold and never write to: when we die, even by
      SIGKILL, the pipe ends, and a child started with ``--exit-with-parent`` stops.
    - It leads its own session, so that Ctrl-C in the terminal reaches us alone and the fleet drains in order.
    - What it prints goes to a log file.

    Attributes:
        pid: Its process id.
        log: The file with its output, which earlier children may share.
    """

    def __init__(self, process: asyncio.subprocess.Process, lifeline: int, log: Path, log_start: int) -> None:
        self._process = process
        self._lifeline = lifeline
        self._log_start = log_start
        self.log = log
        self.pid = process.pid

    @classmethod
    async def start(cls, command: Sequence[str], log: Path, cores: Cores = ()) -> Child:
        """Start ``command``, its output appended to ``log``, on ``cores`` only (empty: on all of ours).

        The cores must be set before the program begins, since OpenVINO counts them when it is imported: hence
        ``preexec_fn``. It is safe here: the fleet has one thread, and the call between fork and exec is one
        system call.
        """
        pin = partial(os.sched_setaffinity, 0, cores) if cores else None
        reader, lifeline = os.pipe()
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        log_start = os.fstat(output).st_size
        try:
            process = await asyncio.create_subprocess_exec(
                *command, stdin=reader, stdout=output, stderr=output, start_new_session=True, preexec_fn=pin
            )
        except BaseException:
            os.close(lifeline)
            raise
        finally:
            os.close(reader)
            os.close(output)
        return cls(process, lifeline, log, log_start)

    async def wait(self) -> int:
        """Wait for its end and return its exit code (negative: the signal that killed it)."""
        code = await self._process.wait()
        if self._lifeline >= 0:
            os.close(self._lifeline)
            self._lifeline = -1
        return code

    @property
    def ended(self) -> bool:
        """Whether it has ended."""
        return self._process.returncode is not None

    def terminate(self) -> None:
        """Ask it to finish what it does and to end."""
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()

    def kill(self) -> None:
        """End it and all that it started, at once."""
        if not self.ended:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)

    def tail(self, lines: int = 20) -> list[str]:
        """Return the last lines that it printed, without control characters; a carriage return ends a line, too."""
        with contextlib.suppress(OSError), self.log.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(self._log_start, size - _TAIL_BYTES))
            text = file.read().decode(errors="replace")
            printed = ["".join(filter(str.isprintable, line)).rstrip() for line in re.split(r"[\r\n]", text)]
            return [line for line in printed if line][-lines:]
        return []
