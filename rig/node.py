"""Switching nodes on and off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import psutil

from beaufort.errors import Problem
from rig import cache, cgroups, daemons, devices, hub, machine, process, state, topology
from rig.bringup import begin, until
from rig.cache import write
from rig.cluster import ClusterError
from rig.inventory import Node
from rig.kit import Kit
from rig.machine import Machine
from rig.state import State

# Where containerd keeps the images that the kubelet sees.
_CTR = ("ctr", "--namespace=k8s.io", f"--address={daemons.SOCKET}")


def files(folder: Path, kit: Kit) -> machine.Files:
    """Return the files that all machines of a cluster have in common."""
    temporary = folder / "tmp"
    temporary.mkdir(mode=0o1777, exist_ok=True)
    return machine.Files(kit.packages, temporary, (cache.folder(), folder))


def place(folder: Path, node: Node) -> Path:
    """Return where a node keeps its files, those of its disk in ``var``."""
    return folder / "nodes" / node.name


def switch_on(folder: Path, nodes: Sequence[Node], kit: Kit, known: State) -> State:
    """Start nodes, all at once, and return when their kubelets do.

    Raises:
        ClusterError: One did not come up.
    """
    for node in nodes:
        known = known.with_off(node.name, off=False)
        _prepare(folder, node, kit, known.gates)
        known = begin(folder, f"{node.name}.namespaces", _namespaces(folder, node, kit), known)
    for node in nodes:
        known = _identify(folder, node, known)
        hub.wire(known, node, of(known, node))
        known = _daemon(
            folder, node, daemons.CONTAINERD, known, "containerd", "--config", _file(folder, node, "containerd.toml")
        )
    for node in nodes:
        socket = of(known, node).path(daemons.SOCKET)
        until(socket.exists, folder, known, f"containerd of {node.name}")
        load(known, node, kit.pause)
        known = _kubernetes(folder, node, kit, known)
    return known


def switch_off(folder: Path, node: Node, known: State) -> State:
    """Take a node's power away: everything on it ends at once, its disk stays.

    Raises:
        ClusterError: A process does not end.
    """
    for one in reversed(known.processes):
        if one.of(node.name) and not one.end():
            raise ClusterError(Problem(f"{one.name} ({one.pid}) does not end although killed", node.name))
    left = cgroups.remove(folder, node.name)
    if left:
        raise ClusterError(Problem(f"control groups do not go: {left}", node.name))
    known = known.with_off(node.name, off=True)
    state.save(folder, known)
    return known


def of(known: State, node: Node) -> Machine:
    """Return the machine of a node that is on.

    Raises:
        ClusterError: It is off.
    """
    one = known.process(node.name)
    if one is None or not one.runs():
        raise ClusterError(Problem(f"{node.name} is off", remedy=f"rig node on {node.name}"))
    return Machine(one.pid, node=True)


def load(known: State, node: Node, archive: Path) -> str:
    """Import an archive of images into a node's containerd, and return what it says.

    Raises:
        MachineError: It cannot be read, or the disk is full.
    """
    with archive.open("rb") as file:
        return of(known, node).run(f"{' '.join(_CTR)} images import -", file)


def _prepare(folder: Path, node: Node, kit: Kit, gates: Mapping[str, bool]) -> None:
    pki, home = folder / "pki", place(folder, node)
    cgroups.make(cgroups.name(folder, node.name))
    write(home / "cni" / "rig.conflist", daemons.cni(node))
    write(home / "containerd.toml", daemons.containerd(node, kit.own / daemons.RUNC_ANYWHERE, home / "cni"))
    write(home / "kubelet.yaml", daemons.kubelet(node, pki, cgroups.name(folder, node.name), gates))
    write(home / "kube-proxy.yaml", daemons.kube_proxy(node, pki, gates))
    if not (home / "devices.json").exists():
        devices.save(home / "devices.json", devices.Devices.of(node))
    if node.numa:
        topology.make(home / "system", node.numa, psutil.virtual_memory().total)


def _namespaces(folder: Path, node: Node, kit: Kit) -> list[str]:
    home = place(folder, node)
    return machine.node(node.name, files(folder, kit), home / "var", home / "system" if node.numa else None)


def _identify(folder: Path, node: Node, known: State) -> State:
    """Wait until a node's first process is there, and write it down."""
    outer = known.process(f"{node.name}.namespaces")
    pid = partial(machine.first_child, outer.pid if outer else 0)
    until(lambda: (found := pid()) is not None and Machine(found, node=True).ready(), folder, known, node.name)
    one = process.identify(node.name, pid() or 0)
    if one is None:
        raise ClusterError(Problem(f"{node.name} ended at once", node.name))
    known = known.with_process(one)
    state.save(folder, known)
    return known


def _kubernetes(folder: Path, node: Node, kit: Kit, known: State) -> State:
    pki = folder / "pki"
    flags = [
        f"--kubeconfig={pki / f'{node.name}.kubeconfig'}",
        f"--config={_file(folder, node, 'kubelet.yaml')}",
        *daemons.kubelet_flags(node),
    ]
    known = _daemon(folder, node, daemons.KUBELET, known, str(kit.kubernetes / daemons.KUBELET), *flags)
    settings = f"--config={_file(folder, node, 'kube-proxy.yaml')}"
    known = _daemon(folder, node, daemons.KUBE_PROXY, known, str(kit.kubernetes / daemons.KUBE_PROXY), settings)
    inventory = _file(folder, node, "devices.json")
    return _daemon(folder, node, daemons.DEVICES, known, str(kit.own / "deviceplugin"), inventory)


def _daemon(folder: Path, node: Node, name: str, known: State, *command: str) -> State:
    return begin(folder, f"{node.name}.{name}", of(known, node).inside(*command), known)


def _file(folder: Path, node: Node, name: str) -> str:
    return str(place(folder, node) / name)
