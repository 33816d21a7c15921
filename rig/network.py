"""Every address of the rig.

The control plane listens on loopback, on free ports, which needs no privilege and touches nothing of the machine. The
addresses below are those by which nodes, each in a network namespace of its own, will know it: they are in the
certificates and in the API server's arguments already.
"""

from __future__ import annotations

import socket
from contextlib import ExitStack
from dataclasses import dataclass, fields

LOOPBACK = "127.0.0.1"
# The control plane, seen from nodes. It is what the Service `kubernetes` leads to.
ADVERTISED = "10.77.0.1"
SERVICES = "10.79.0.0/16"
# The first address of SERVICES is the Service `kubernetes`, by Kubernetes' own rule.
KUBERNETES_SERVICE = "10.79.0.1"
SERVICE_NAMES = (
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
)


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
