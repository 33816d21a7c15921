"""The file that says what a cluster is and which processes it has: all that its end needs to know."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from beaufort.errors import Problem, UnavailableError
from rig.cache import write
from rig.inventory import Node
from rig.network import Ports
from rig.process import Process


class Phase(StrEnum):
    """How far a cluster has come."""

    STARTING = "starting"
    RUNNING = "running"


class State(BaseModel):
    """What is kept of a cluster.

    Attributes:
        phase: How far it has come.
        version: Its Kubernetes version, such as ``v1.30.14``.
        ports: Where it listens.
        kubeconfig: The file that was written for the user.
        processes: In the order of their start.
        gates: Its feature gates.
        nodes: The nodes that it has.
        off: The names of those that are switched off.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    phase: Phase
    version: str
    ports: Ports
    kubeconfig: Path
    processes: tuple[Process, ...] = ()
    gates: dict[str, bool] = {}
    nodes: tuple[Node, ...] = ()
    off: tuple[str, ...] = ()

    def with_process(self, process: Process) -> State:
        """Return the state with one more process."""
        return self.model_copy(update={"processes": (*self.processes, process)})

    def without(self, name: str) -> State:
        """Return the state without the processes of that name."""
        return self.model_copy(update={"processes": tuple(one for one in self.processes if one.name != name)})

    def with_off(self, node: str, *, off: bool) -> State:
        """Return the state with a node switched off, and none of its processes; or with it switched on."""
        others = tuple(name for name in self.off if name != node)
        if not off:
            return self.model_copy(update={"off": others})
        left = tuple(one for one in self.processes if not one.of(node))
        return self.model_copy(update={"off": (*others, node), "processes": left})

    def with_phase(self, phase: Phase) -> State:
        """Return the state in another phase."""
        return self.model_copy(update={"phase": phase})

    def process(self, name: str) -> Process | None:
        """Return the last process of that name."""
        return next((each for each in reversed(self.processes) if each.name == name), None)


def file(folder: Path) -> Path:
    """Return where a cluster's state is kept."""
    return folder / "state.json"


def save(folder: Path, state: State) -> None:
    """Keep a cluster's state, whole or not at all."""
    write(file(folder), state.model_dump_json(indent=2) + "\n", mode=0o600)


def load(folder: Path) -> State | None:
    """Return a cluster's state, or None when there is no cluster.

    Raises:
        UnavailableError: The file is there and cannot be understood.
    """
    path = file(folder)
    try:
        return State.model_validate_json(path.read_text())
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        remedy = f"end the rig's processes that `ps` shows with {folder} in their arguments, then remove that folder"
        raise UnavailableError(Problem("the state of the cluster cannot be read", str(path), remedy)) from error


def remove(folder: Path) -> None:
    """Forget a cluster, and the drafts that were never renamed because their writer was killed."""
    for path in (*folder.glob(f".{file(folder).name}.*"), file(folder)):
        path.unlink(missing_ok=True)
