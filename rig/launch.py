"""Starting a control plane: files, processes in their order, and the wait until all of it is well."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from beaufort.errors import Problem, UsageError
from rig import addons, components, crds, health, hub, kubeconfig, kubectl, limits, node, pki, state
from rig.bringup import PortTakenError, begin, until
from rig.build import Programs
from rig.cache import write
from rig.cluster import KEEPER, stop
from rig.components import APISERVER, CONTROLLER_MANAGER, ETCD, NAMES, SCHEDULER
from rig.inventory import Node
from rig.kit import Kit
from rig.network import Ports, free_ports
from rig.process import Process
from rig.progress import Say, step
from rig.state import Phase, State
from rig.versions import Release, apis, gates

# More than one only for ports that another program took between our look and our use of them.
_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Settings:
    """What is wanted of a cluster.

    Attributes:
        release: The Kubernetes release.
        kubeconfig: The file to write for the user.
        gates: Feature gates besides those of the release.
        master: The process with whose end the cluster ends, too; None: it stays until it is ended.
        definitions: The folders of the custom resources to install.
        nodes: The nodes to start.
        kit: What they are made of; None when there are none.
    """

    release: Release
    kubeconfig: Path
    gates: Mapping[str, bool] = field(default_factory=dict)
    master: Process | None = None
    definitions: tuple[Path, ...] = ()
    nodes: tuple[Node, ...] = ()
    kit: Kit | None = None


def start(folder: Path, settings: Settings, programs: Programs, say: Say) -> State:
    """Start a control plane in a folder where none is, and return once it is healthy.

    When it does not come up, or the wait is interrupted, nothing is left behind.

    Raises:
        ClusterError: It did not come up.
    """
    for _ in range(_ATTEMPTS - 1):
        try:
            return _try(folder, settings, programs, say)
        except PortTakenError:
            say("another program took a port: trying others")
    return _try(folder, settings, programs, say)


def check_same(known: State, settings: Settings) -> None:
    """Return when a running cluster is of the version that is wanted, and has the nodes that are.

    Raises:
        UsageError: It is of another version, or has no nodes.
    """
    if known.version != settings.release.version:
        what = f"Kubernetes {known.version} runs, not {settings.release.version}"
        raise UsageError(Problem(what, remedy="make cluster-down, then again"))
    if settings.nodes and not known.nodes:
        what = "a control plane alone runs, without nodes"
        raise UsageError(Problem(what, remedy="make cluster-down, then again; or go on with it: make cluster NODES=no"))


def _try(folder: Path, settings: Settings, programs: Programs, say: Say) -> State:
    kubeconfig.check_free(settings.kubeconfig)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise UsageError(Problem("the cluster's folder holds other files", str(folder), "choose another --folder"))
    ports = free_ports()
    known = State(
        phase=Phase.STARTING,
        version=settings.release.version,
        ports=ports,
        kubeconfig=settings.kubeconfig,
        gates=_gates(settings),
        nodes=settings.nodes,
    )
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
        known = begin(folder, KEEPER, _keeper(folder, settings.master), known)
    if settings.kit:
        limits.claim(folder)
        known = hub.start(folder, node.files(folder, settings.kit), known)
    for name, arguments in _commands(folder, settings, known.ports).items():
        command = [programs.path(name), *arguments]
        known = begin(folder, name, hub.of(known).inside(*command) if settings.kit else command, known)
        if name == APISERVER:
            with step(say, "waiting for the API server"):
                _wait(folder, known, (ETCD, APISERVER))
    if settings.kit:
        with step(say, "switching nodes on"):
            known = node.switch_on(folder, known.nodes, settings.kit, known)
        with step(say, "starting what runs beside the control plane"):
            known = _addons(folder, settings.kit, programs, known)
    # The controllers start meanwhile.
    if settings.definitions:
        with step(say, "installing custom resources"):
            crds.install(settings.definitions, programs.path("kubectl"), folder)
    with step(say, "waiting for the controllers"):
        _wait(folder, known, NAMES)
        until(partial(health.has_default_account, folder, known.ports), folder, known, "the account `default`")
    if settings.kit:
        with step(say, "waiting for the nodes"):
            for each in known.nodes:
                until(partial(health.node_ready, folder, known.ports, each.name), folder, known, each.name)
    return known


def _addons(folder: Path, kit: Kit, programs: Programs, known: State) -> State:
    addons.prepare(folder)
    crds.install([kit.groups], programs.path("kubectl"), folder)
    kubectl.apply(programs.path("kubectl"), folder, addons.manifests(folder, "dns", "metrics", "storage", "lws"))
    arguments = {
        addons.COREDNS: addons.coredns(folder),
        addons.METRICS: addons.metrics_server(folder),
        addons.LWS: addons.lws(folder),
    }
    for name, each in arguments.items():
        known = begin(folder, name, hub.of(known).inside(str(kit.addons[name]), *each), known)
    return known


def _keeper(folder: Path, master: Process) -> list[str]:
    return hub.own_command("keep", str(folder), master.model_dump_json())


def _gates(settings: Settings) -> dict[str, bool]:
    return {**gates(settings.release), **settings.gates}


def _commands(folder: Path, settings: Settings, ports: Ports) -> dict[str, list[str]]:
    on, nodes = _gates(settings), settings.kit is not None
    write(folder / "scheduler.yaml", components.scheduler_configuration(folder))
    return {
        ETCD: components.etcd(folder, ports),
        APISERVER: components.apiserver(folder, ports, on, apis(settings.release), nodes=nodes),
        CONTROLLER_MANAGER: components.controller_manager(folder, ports, on, nodes=nodes),
        SCHEDULER: components.scheduler(folder, ports, on),
    }


def _wait(folder: Path, known: State, names: tuple[str, ...]) -> None:
    for name in names:
        until(partial(health.answers, name, folder, known.ports), folder, known, name)
