"""Starting what a cluster consists of, each written down first, and the wait until it is well."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from beaufort.errors import Problem
from rig import process, state
from rig.cluster import ClusterError
from rig.state import State

# Three seconds when nothing else runs. A component that dies ends the wait at once.
_PATIENCE = 180.0
_PORT_TAKEN = "address already in use"


class PortTakenError(ClusterError):
    """A component found that another program listens on its port."""


def begin(folder: Path, name: str, command: Sequence[str], known: State) -> State:
    """Start a process of a cluster and return the state that lists it."""

    def write_down(one: process.Process) -> None:
        state.save(folder, known.with_process(one))

    one = process.start(name, command, folder, log(folder, name), write_down)
    return known.with_process(one)


def until(holds: Callable[[], bool], folder: Path, known: State, what: str, every: float = 0.05) -> None:
    """Wait until ``holds``, as long as every process of the cluster runs.

    Args:
        holds: What is asked, again and again.
        folder: Where the cluster keeps its files.
        known: Its state.
        what: What is waited for, as the user reads it.
        every: Seconds between two questions.

    Raises:
        PortTakenError: A process ended since its port was taken.
        ClusterError: A process ended, or it took too long.
    """
    ends = time.monotonic() + _PATIENCE
    while not holds():
        for one in known.processes:
            if not one.runs():
                raise _ended(folder, one)
        if time.monotonic() > ends:
            raise ClusterError(
                Problem(f"{what} is not there after {_PATIENCE:.0f} s", remedy="is the machine overloaded?")
            )
        time.sleep(every)


def log(folder: Path, name: str) -> Path:
    """Return the file to which a process of a cluster prints."""
    return folder / "logs" / f"{name}.log"


def _ended(folder: Path, one: process.Process) -> ClusterError:
    said = _tail(log(folder, one.name))
    kind = PortTakenError if _PORT_TAKEN in said.lower() else ClusterError
    return kind(Problem(f"{one.name} ended while the cluster started; it said last:\n{said}", one.name))


def _tail(path: Path, lines: int = 12) -> str:
    text = path.read_text(errors="replace") if path.exists() else ""
    said = [line for line in text.splitlines() if line.strip()]
    return "\n".join(said[-lines:]) or "nothing"
