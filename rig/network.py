"""Every address of the rig.

A control plane alone listens on the machine's loopback, on free ports, which needs no privilege and touches nothing of
the machine. With nodes it is in a network namespace, the hub, that has the addresses below, and a relay makes its ports
answer on the machine's loopback. Each cluster has namespaces of its own, so all have the same addresses.
"""

from __future__ import annotations

import socket
from contextlib import ExitStack
from dataclasses import dataclass, fields

LOOPBACK = "127.0.0.1"
# Every interface of the hub.
ANY = "0.0.0.0"  # noqa: S104 - of a namespace that only this cluster's nodes can reach
# The control plane, seen from nodes. It is what the Service `kubernetes` leads to.
ADVERTISED = "10.77.0.1"
SERVICES = "10.79.0.0/16"
# The first address of SERVICES is the Service `kubernetes`, by Kubernetes' own rule.
KUBERNETES_SERVICE = "10.79.0.1"
DNS_SERVICE = "10.79.0.10"
PODS = "10.78.0.0/16"
BRIDGE = "rig0"
SERVICE_NAMES = (
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
)


def node_address(number: int) -> str:
    """Return the address of a node, in the network of the bridge."""
    return f"10.77.0.{10 + number}"


def node_pods(number: int) -> str:
    """Return the addresses of a node's pods."""
    return f"10.78.{number}.0/24"


@dataclass(frozen=True, slots=True)
class Ports:
    """One loopback port for each listener."""

    apiserver: int
    etcd: int
    etcd_peer: int
    controller_manager: int
    scheduler: int


def free_ports() -> Ports:
    """Return five different ports on which nothing listens now.

    Another program may take one before it is used: whoever starts a program on it must be ready to try again.
    """
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in fields(Ports)]
        for each in sockets:
            each.bind((LOOPBACK, 0))
        return Ports(*(each.getsockname()[1] for each in sockets))
