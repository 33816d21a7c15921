"""Processes that outlive the command that starts them, and that are never mistaken for others.

A process is known by its number *and* the time at which it started: the kernel gives numbers again. A signal goes
through a descriptor of the process, opened before the start time is compared, so it cannot reach another one.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
from collections.abc import Callable, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict

# Waits for one line, then becomes the program. When the line never comes, since whoever should have sent it was
# killed, it ends: so nothing ever runs that was not written down first.
_GATE = 'cd "$0" && read -r go && exec "$@" </dev/null'
# The 22nd field of /proc/PID/stat, counted after the name, which may contain spaces and brackets.
_STATE, _START_TIME = 0, 19


class Process(BaseModel):
    """One process of the rig.

    Attributes:
        name: What it is to the rig, such as ``etcd``.
        pid: Its number.
        started: When it started, in clock ticks since the machine's start.
        boot: The machine's start in which that was.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    pid: int
    started: int
    boot: str

    def of(self, node: str) -> bool:
        """Return whether it is the first process of a node, or a daemon of it."""
        return self.name.partition(".")[0] == node

    def runs(self) -> bool:
        """Return whether it runs. A zombie does not."""
        return self.boot == _boot() and _start_time(self.pid) == self.started

    def end(self, patience: float = 30.0) -> bool:
        """Kill it at once, wait until it is gone, and return whether it is.

        There is nothing that it would have to put in order: the data of the rig is thrown away with it.
        """
        try:
            handle = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return True
        try:
            if self.runs():
                with contextlib.suppress(ProcessLookupError):
                    signal.pidfd_send_signal(handle, signal.SIGKILL)
                _wait(handle, patience)
        finally:
            os.close(handle)
        # Ours to reap when this very command started it.
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, os.WNOHANG)
        return not self.runs()


def start(name: str, command: Sequence[str], folder: Path, log: Path, write_down: Callable[[Process], None]) -> Process:
    """Start a program in a session of its own, after ``write_down`` has kept what identifies it.

    Args:
        name: What it is to the rig.
        command: The program and its arguments.
        folder: Its working directory.
        log: The file to which it prints.
        write_down: Called with the process before the program begins.
    """
    reader, writer = os.pipe()
    try:
        pid = os.posix_spawn(
            "/bin/sh",
            ["/bin/sh", "-c", _GATE, str(folder), *command],
            {"PATH": os.environ.get("PATH", os.defpath)},
            file_actions=[
                (os.POSIX_SPAWN_DUP2, reader, 0),
                (os.POSIX_SPAWN_OPEN, 1, str(log), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
                (os.POSIX_SPAWN_DUP2, 1, 2),
            ],
            setsid=True,
        )
        process = Process(name=name, pid=pid, started=_start_time(pid) or 0, boot=_boot())
        write_down(process)
        with contextlib.suppress(BrokenPipeError):
            os.write(writer, b"go\n")
    finally:
        os.close(reader)
        os.close(writer)
    return process


def identify(name: str, pid: int) -> Process | None:
    """Return the process that has this number now, or None when there is none."""
    started = _start_time(pid)
    return None if started is None else Process(name=name, pid=pid, started=started, boot=_boot())


def wait_for_end(process: Process) -> None:
    """Wait until a process is gone, however long that takes."""
    with contextlib.suppress(ProcessLookupError):
        handle = os.pidfd_open(process.pid)
        try:
            while process.runs():
                _wait(handle, patience=60.0)
        finally:
            os.close(handle)


def _wait(handle: int, patience: float) -> None:
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    poll.poll(patience * 1000)


def _start_time(pid: int) -> int | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = text.rpartition(")")[2].split()
    return None if fields[_STATE] in "ZX" else int(fields[_START_TIME])


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
