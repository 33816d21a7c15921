"""Starting a control plane: files, processes in their order, and the wait until all of it is well."""

from __future__ import annotations

import datetime as dt
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from beaufort.errors import Problem, UsageError
from rig import components, crds, health, kubeconfig, pki, process, state
from rig.build import Programs
from rig.cache import write
from rig.cluster import ClusterError, stop
from rig.components import APISERVER, CONTROLLER_MANAGER, ETCD, NAMES, SCHEDULER
from rig.network import Ports, free_ports
from rig.process import Process
from rig.progress import Say, step
from rig.state import Phase, State
from rig.versions import Release, apis, gates

# Three seconds when nothing else runs. A component that dies ends the wait at once.
_PATIENCE = 180.0
# More than one only for ports that another program took between our look and our use of them.
_ATTEMPTS = 3
_PORT_TAKEN = "address already in use"
_REPOSITORY = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True)
class Settings:
    """What is wanted of a cluster.

    Attributes:
        release: The Kubernetes release.
        kubeconfig: The file to write for the user.
        gates: Feature gates besides those of the release.
        master: The process with whose end the cluster ends, too; None: it stays until it is ended.
        definitions: The folders of the custom resources to install.
    """

    release: Release
    kubeconfig: Path
    gates: Mapping[str, bool] = field(default_factory=dict)
    master: Process | None = None
    definitions: tuple[Path, ...] = ()


def start(folder: Path, settings: Settings, programs: Programs, say: Say) -> State:
    """Start a control plane in a folder where none is, and return once it is healthy.

    When it does not come up, or the wait is interrupted, nothing is left behind.

    Raises:
        ClusterError: It did not come up.
    """
    for _ in range(_ATTEMPTS - 1):
        try:
            return _try(folder, settings, programs, say)
        except _PortTakenError:
            say("another program took a port: trying others")
    return _try(folder, settings, programs, say)


def check_same(known: State, settings: Settings) -> None:
    """Return when a running cluster is of the version that is wanted.

    Raises:
        UsageError: It is of another version.
    """
    if known.version != settings.release.version:
        what = f"Kubernetes {known.version} runs, not {settings.release.version}"
        raise UsageError(Problem(what, remedy="make cluster-down, then again"))


def _try(folder: Path, settings: Settings, programs: Programs, say: Say) -> State:
    kubeconfig.check_free(settings.kubeconfig)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise UsageError(Problem("the cluster's folder holds other files", str(folder), "choose another --folder"))
    ports = free_ports()
    known = State(phase=Phase.STARTING, version=settings.release.version, ports=ports, kubeconfig=settings.kubeconfig)
    state.save(folder, known)
    try:
        pki.make(folder / "pki", ports, dt.datetime.now(dt.UTC))
        known = _launch(folder, settings, programs, known, say)
        kubeconfig.publish(settings.kubeconfig, (folder / "pki" / "admin.kubeconfig").read_text())
        known = known.with_phase(Phase.RUNNING)
        state.save(folder, known)
    except BaseException:
        # Interrupted or failed: whatever the reason, nothing may stay.
        stop(folder)
        raise
    return known


def _launch(folder: Path, settings: Settings, programs: Programs, known: State, say: Say) -> State:
    (folder / "logs").mkdir()
    if settings.master:
        # First, so that it is there for whatever is killed after it.
        known = _start_one(folder, "keeper", _keeper(folder, settings.master), known)
    for name, arguments in _commands(folder, settings, known.ports).items():
        known = _start_one(folder, name, [programs.path(name), *arguments], known)
        if name == APISERVER:
            with step(say, "waiting for the API server"):
                _wait(folder, known, (ETCD, APISERVER))
    # The controllers start meanwhile.
    if settings.definitions:
        with step(say, "installing custom resources"):
            crds.install(settings.definitions, programs.path("kubectl"), folder)
    with step(say, "waiting for the controllers"):
        _wait(folder, known, NAMES)
        _until(partial(health.has_default_account, folder, known.ports), folder, known, "the account `default`")
    return known


def _keeper(folder: Path, master: Process) -> list[str]:
    program = f"import sys; sys.path.insert(0, {str(_REPOSITORY)!r}); import rig.cli; rig.cli.main()"
    return [sys.executable, "-c", program, "keep", str(folder), master.model_dump_json()]


def _commands(folder: Path, settings: Settings, ports: Ports) -> dict[str, list[str]]:
    on = {**gates(settings.release), **settings.gates}
    write(folder / "scheduler.yaml", components.scheduler_configuration(folder))
    return {
        ETCD: components.etcd(folder, ports),
        APISERVER: components.apiserver(folder, ports, on, apis(settings.release)),
        CONTROLLER_MANAGER: components.controller_manager(folder, ports, on),
        SCHEDULER: components.scheduler(folder, ports, on),
    }


def _start_one(folder: Path, name: str, command: list[str], known: State) -> State:
    def write_down(one: Process) -> None:
        state.save(folder, known.with_process(one))

    one = process.start(name, command, folder, _log(folder, name), write_down)
    return known.with_process(one)


def _wait(folder: Path, known: State, names: tuple[str, ...]) -> None:
    for name in names:
        _until(partial(health.answers, name, folder, known.ports), folder, known, name)


def _until(holds: Callable[[], bool], folder: Path, known: State, what: str) -> None:
    ends = time.monotonic() + _PATIENCE
    while not holds():
        for one in known.processes:
            if not one.runs():
                raise _ended(folder, one)
        if time.monotonic() > ends:
            raise ClusterError(
                Problem(f"{what} is not there after {_PATIENCE:.0f} s", remedy="is the machine overloaded?")
            )
        time.sleep(0.05)


class _PortTakenError(ClusterError):
    pass


def _ended(folder: Path, one: Process) -> ClusterError:
    said = _tail(_log(folder, one.name))
    kind = _PortTakenError if _PORT_TAKEN in said else ClusterError
    return kind(Problem(f"{one.name} ended while the cluster started; it said last:\n{said}", one.name))


def _log(folder: Path, name: str) -> Path:
    return folder / "logs" / f"{name}.log"


def _tail(log: Path, lines: int = 12) -> str:
    said = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return "\n".join(said[-lines:]) or "nothing"
