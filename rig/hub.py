"""The hub: the namespace in which the control plane of a cluster with nodes runs, and to which its nodes are wired."""

from __future__ import annotations

import sys
from dataclasses import astuple
from pathlib import Path

from rig import bringup, machine
from rig.inventory import Node
from rig.machine import Files, Machine
from rig.network import ADVERTISED, BRIDGE, node_address, node_pods
from rig.state import State

HUB, RELAY = "hub", "relay"
_REPOSITORY = Path(__file__).parent.parent


def start(folder: Path, files: Files, known: State) -> State:
    """Make the hub and relay its ports to the machine's loopback."""
    known = bringup.begin(folder, HUB, machine.hub(files), known)
    made = of(known)
    bringup.until(made.ready, folder, known, "the hub")
    made.run(
        f"""
        echo 1 > /proc/sys/net/ipv4/ip_forward
        ip link set lo up
        ip link add {BRIDGE} type bridge
        ip address add {ADVERTISED}/16 dev {BRIDGE}
        ip link set {BRIDGE} up
        """
    )
    return bringup.begin(folder, RELAY, _relay(made.pid, astuple(known.ports), folder), known)


def of(known: State) -> Machine:
    """Return the hub of a cluster that has one."""
    one = known.process(HUB)
    if one is None:
        raise LookupError(HUB)
    return Machine(one.pid, node=False)


def wire(known: State, node: Node, made: Machine) -> None:
    """Connect a node with the hub and so with the other nodes."""
    others = [other for other in known.nodes if other.name != node.name]
    address, number = node_address(node.number), node.number
    of(known).run(
        f"""
        ip link delete {node.name} 2>/dev/null || true
        ip link add {node.name} type veth peer name eth0 address 02:00:00:00:00:{number:02x} netns {made.pid}
        ip link set {node.name} master {BRIDGE} up
        ip route replace {node_pods(number)} via {address}
        """
    )
    routes = [f"ip route add {node_pods(other.number)} via {node_address(other.number)}" for other in others]
    made.run(
        "\n".join(
            [
                "echo 1 > /proc/sys/net/ipv4/ip_forward",
                "ip link set lo up",
                f"ip address add {address}/16 dev eth0",
                "ip link set eth0 up",
                f"ip route add default via {ADVERTISED}",
                *routes,
            ]
        )
    )


def own_command(*arguments: str) -> list[str]:
    """Return the command of a hidden verb of the rig, from wherever it is run."""
    program = f"import sys; sys.path.insert(0, {str(_REPOSITORY)!r}); import rig.cli; rig.cli.main()"
    return [sys.executable, "-c", program, *arguments]


def _relay(pid: int, ports: tuple[int, ...], folder: Path) -> list[str]:
    return own_command("relay", str(folder), str(pid), *map(str, ports))
