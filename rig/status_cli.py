"""The verb that says how a cluster does."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from beaufort.cli.output import output_option, print_json
from rig import addons, build, cache, cluster, health, state
from rig.options import default_folder, folder_option
from rig.state import State
from rig.versions import find

_ABSENT = 3


@dataclass(frozen=True, slots=True)
class NodeStatus:
    """What ``status`` prints of a node.

    Attributes:
        name: Its name.
        zone: The zone that it is in.
        power: Whether it is on.
        ready: Whether it takes pods, or would if it were not cordoned.
        cordoned: Whether new pods are kept from it.
        resource: Which devices it has.
        devices: How many.
        healthy_devices: How many of them are offered to pods.
    """

    name: str
    zone: str
    power: bool
    ready: bool
    cordoned: bool
    resource: str
    devices: int
    healthy_devices: int


@dataclass(frozen=True, slots=True)
class Status:
    """What ``status`` prints.

    Attributes:
        phase: ``absent``, ``starting`` or ``running``.
        healthy: Whether it runs and every component is well.
        version: The Kubernetes version.
        folder: Where the cluster keeps its files.
        server: The API server's address.
        kubeconfig: The file for clients.
        programs: The folder with a kubectl of the same version.
        components: How each component does.
        nodes: How each node does.
        simulated: How many nodes KWOK makes up.
    """

    phase: str
    healthy: bool = False
    version: str = ""
    folder: str = ""
    server: str = ""
    kubeconfig: str = ""
    programs: str = ""
    components: tuple[cluster.Component, ...] = ()
    nodes: tuple[NodeStatus, ...] = ()
    simulated: int = 0


@click.command()
@folder_option
@output_option()
def status(*, folder: Path | None, output: str) -> None:
    """Say how the cluster does. Exit code 0: it is well; 3: it is not, or there is none."""
    folder = (folder or default_folder()).absolute()
    found = _status(folder)
    if output == "json":
        print_json(found)
    else:
        _show(found)
    if not found.healthy:
        sys.exit(_ABSENT)


def _status(folder: Path) -> Status:
    known = state.load(folder)
    if known is None:
        return Status("absent")
    judged = cluster.judge(folder, known)
    nodes, simulated = _nodes(folder, known)
    return Status(
        known.phase,
        known.phase is state.Phase.RUNNING and all(each.healthy for each in judged),
        known.version,
        str(folder),
        f"https://127.0.0.1:{known.ports.apiserver}",
        str(known.kubeconfig),
        str(build.known(find(known.version), cache.folder()).kubernetes),
        judged,
        nodes,
        simulated,
    )


def _show(found: Status) -> None:
    if found.phase == "absent":
        click.echo("there is no cluster: make cluster")
        return
    table = Table("component", "pid", "port", "healthy", box=None)
    for each in found.components:
        table.add_row(each.name, str(each.pid or "-"), str(each.port or "-"), "yes" if each.healthy else "no")
    click.echo(f"Kubernetes {found.version} at {found.server}, kubeconfig {found.kubeconfig}")
    Console(soft_wrap=True).print(table)
    if found.nodes:
        _show_nodes(found)
    if not found.healthy:
        click.echo("it is not well: `make cluster` starts it anew, `make cluster-down` removes it")


def _nodes(folder: Path, known: State) -> tuple[tuple[NodeStatus, ...], int]:
    """Return the nodes, and how many KWOK makes up."""
    seen = health.nodes(folder, known.ports) if known.nodes else {}
    label, value = addons.SIMULATED
    simulated = sum(each["metadata"]["labels"].get(label) == value for each in seen.values())
    found = []
    for node in known.nodes:
        each = seen.get(node.name, {})
        counts = each.get("status", {})
        found.append(
            NodeStatus(
                node.name,
                node.zone,
                node.name not in known.off,
                health.ready(each),
                bool(each.get("spec", {}).get("unschedulable")),
                node.resource,
                int(counts.get("capacity", {}).get(node.resource, 0)),
                int(counts.get("allocatable", {}).get(node.resource, 0)),
            )
        )
    return tuple(found), simulated


def _show_nodes(found: Status) -> None:
    table = Table("node", "zone", "power", "ready", "devices", box=None)
    for each in found.nodes:
        ready = ("yes" if each.ready else "no") + (", cordoned" if each.cordoned else "")
        devices = f"{each.healthy_devices} of {each.devices} {each.resource}"
        table.add_row(each.name, each.zone, "on" if each.power else "off", ready, devices)
    click.echo()
    Console(soft_wrap=True).print(table)
    if found.simulated:
        click.echo(f"and {found.simulated} nodes that KWOK makes up")
