"""What is known of a machine and of a cluster when they are checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Object: TypeAlias = dict[str, Any]
"""An object as JSON has it."""


class UnreadError(Exception):
    """Something could not be read, so whoever asks for it cannot tell."""


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine that the command runs on.

    Attributes:
        python: The version of Python: ``(3, 11, 2)``.
        cores: Cores that this process may use.
        memory_bytes: Memory that is free.
        disk_bytes: Disk that is free where models are kept.
        local_engine: Whether the embedded engine is installed.
    """

    python: tuple[int, int, int]
    cores: int
    memory_bytes: int
    disk_bytes: int
    local_engine: bool


@dataclass(frozen=True, slots=True)
class Right:
    """A right that a deployment needs.

    Attributes:
        name: ``create deployments.apps in chat``.
        held: Whether the account has it.
    """

    name: str
    held: bool


@dataclass(frozen=True, slots=True)
class Need:
    """What a service needs of the cluster; empty for none in particular.

    Attributes:
        service: Its name.
        resource: What its engines ask the nodes for: ``nvidia.com/gpu``; empty for none.
        products: Values of a node's label, any of which means the right accelerator.
        per_node: Accelerators of one replica on one node.
        pods: Pods with accelerators at the most.
        kinds: Kinds of object, ``apiVersion`` and kind, that its manifests have.
        classes: Names of StorageClasses that it uses and does not make.
        gates: Feature gates that its file says are on.
        metrics: APIs of metrics that its autoscalers ask: ``custom.metrics.k8s.io``.
        standard: Whether all its pods keep the Pod Security Standard `restricted`.
    """

    service: str = ""
    resource: str = ""
    products: frozenset[str] = frozenset()
    per_node: int = 0
    pods: int = 0
    kinds: frozenset[tuple[str, str]] = frozenset()
    classes: frozenset[str] = frozenset()
    gates: frozenset[str] = frozenset()
    metrics: frozenset[str] = frozenset()
    standard: bool = True


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster, as one account sees it.

    Attributes:
        server: Its address.
        namespace: The namespace that is asked about.
        version: Its version as it says it; empty if it says none.
        minor: Its minor version.
        skew_seconds: How far its clock is ahead of this machine's; None if it tells no time.
        round_trip_seconds: How long an answer takes.
        unready: What the API server itself says is not well.
        found: Objects by what they are: ``nodes``, ``pods``.
        unread: Why objects could not be read, by what they are.
        kubelets: The configuration of each kubelet, by its node.
        gates: Feature gates of the API server, and whether each is on.
        served: Kinds that are served, ``apiVersion`` and kind.
        rights: What a deployment needs.
    """

    server: str
    namespace: str
    version: str = ""
    minor: int = 0
    skew_seconds: float | None = None
    round_trip_seconds: float = 0.0
    unready: tuple[str, ...] = ()
    found: Mapping[str, tuple[Object, ...]] = field(default_factory=dict)
    unread: Mapping[str, str] = field(default_factory=dict)
    kubelets: Mapping[str, Object] = field(default_factory=dict)
    gates: Mapping[str, bool] = field(default_factory=dict)
    served: frozenset[tuple[str, str]] = frozenset()
    rights: tuple[Right, ...] = ()

    def all(self, name: str) -> tuple[Object, ...]:
        """Return the objects called ``name``.

        Raises:
            UnreadError: They could not be read.
        """
        if name in self.unread:
            raise UnreadError(self.unread[name])
        return self.found.get(name, ())

    def serves(self, group: str) -> bool:
        """Return whether any kind of a group is served."""
        return any(api.rpartition("/")[0] == group for api, _ in self.served)


def name_of(thing: Object) -> str:
    """Return an object's name."""
    return str(thing["metadata"]["name"])
