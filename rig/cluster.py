"""One control plane on this machine: judging it and ending it. ``launch`` starts it.

A cluster is a folder. Its state file lists every process before that process does anything, so whatever is killed at
whatever moment, ``stop`` finds all that is left.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from beaufort.errors import BeaufortError, Problem
from rig import cgroups, health, kubeconfig, limits, state
from rig.cache import locked
from rig.components import APISERVER, CONTROLLER_MANAGER, ETCD, SCHEDULER
from rig.progress import Say
from rig.state import Phase, State

# What a cluster's folder holds, besides its state.
FILES = ("pki", "etcd", "logs", "kubectl", "nodes", "addons", "tmp", "scheduler.yaml")


KEEPER = "keeper"


class ClusterError(BeaufortError):
    """The control plane was started and did not come up, or would not go."""


@dataclass(frozen=True, slots=True)
class Component:
    """How one component does.

    Attributes:
        name: Its name.
        pid: Its process; 0 when it has none.
        port: Where it listens on this machine's loopback; 0 when it does not.
        healthy: Whether it runs and says that it is well.
    """

    name: str
    pid: int
    port: int
    healthy: bool


@contextmanager
def held(folder: Path, say: Say) -> Iterator[None]:
    """Let only one command at a time start or end the cluster of a folder."""
    with locked(folder.with_name(f"{folder.name}.lock"), say):
        yield


def judge(folder: Path, known: State) -> tuple[Component, ...]:
    """Return how each component of a cluster does."""
    ports = {
        ETCD: known.ports.etcd,
        APISERVER: known.ports.apiserver,
        CONTROLLER_MANAGER: known.ports.controller_manager,
        SCHEDULER: known.ports.scheduler,
    }
    found = [
        _component(known, name, port, partial(health.answers, name, folder, known.ports))
        for name, port in ports.items()
    ]
    ready = health.nodes(folder, known.ports) if known.nodes else {}
    for one in known.processes:
        if one.name in ports or one.name == KEEPER:
            continue
        # The first process of a node stands for the whole of it.
        is_node = any(node.name == one.name for node in known.nodes)
        well = health.ready(ready.get(one.name, {})) if is_node else True
        found.append(Component(one.name, one.pid if one.runs() else 0, 0, one.runs() and well))
    return tuple(found)


def _component(known: State, name: str, port: int, answers: Callable[[], bool]) -> Component:
    one = known.process(name)
    runs = one is not None and one.runs()
    return Component(name, one.pid if one and runs else 0, port, runs and answers())


def healthy(folder: Path, known: State) -> bool:
    """Return whether a cluster has come up and every component is well."""
    return known.phase is Phase.RUNNING and all(component.healthy for component in judge(folder, known))


def stop(folder: Path) -> bool:
    """End a cluster, whatever state it is in, and remove its files; return whether there was one.

    What is in the folder and not the rig's stays.

    Raises:
        ClusterError: A process would not go.
        UnavailableError: The state file cannot be understood.
    """
    known = state.load(folder)
    if known:
        # The keeper that calls this is one of them, and goes by itself.
        others = [one for one in reversed(known.processes) if one.pid != os.getpid()]
        stuck = [one for one in others if not one.end()]
        if stuck:
            names = ", ".join(f"{one.name} ({one.pid})" for one in stuck)
            remedy = "is a disk not answering?"
            raise ClusterError(Problem(f"processes do not end although killed: {names}", remedy=remedy))
        if left := cgroups.remove(folder):
            raise ClusterError(Problem(f"control groups do not go: {', '.join(map(str, left))}"))
        limits.release(folder)
        kubeconfig.withdraw(known.kubeconfig)
        for name in FILES:
            path = folder / name
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    # The state goes last, so that what an interrupted removal left is found again.
    state.remove(folder)
    with suppress(OSError):
        folder.rmdir()
    return known is not None
