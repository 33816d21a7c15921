"""One thing that keeps a service from answering."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

Object: TypeAlias = dict[str, Any]
"""A Kubernetes object as JSON has it."""


COMPONENT_LABEL = "app.kubernetes.io/component"


class Cause(StrEnum):
    """What kind of thing it is."""

    UNSCHEDULABLE = "unschedulable"
    GATED = "gated"
    IMAGE = "image"
    CRASH = "crash"
    MEMORY = "memory"
    CONFIGURATION = "configuration"
    DEVICE = "device"
    TOPOLOGY = "topology"
    NODE = "node"
    QUOTA = "quota"
    WEBHOOK = "webhook"
    REFUSED = "refused"
    VOLUME = "volume"
    NOT_READY = "not ready"
    STARTING = "starting"


# What goes away by itself, or may: everything else needs somebody.
_PASSING = frozenset(
    {Cause.STARTING, Cause.NOT_READY, Cause.UNSCHEDULABLE, Cause.GATED, Cause.NODE, Cause.VOLUME},
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is in the way.

    Attributes:
        cause: Its kind.
        where: The object: ``pod chat/mistral-7b-engine-x``.
        what: One sentence with what the cluster says.
        remedy: What to do next; empty when there is nothing to do but wait.
        container: The container whose last log lines tell more; empty when no log would.
        component: The part of the service that it stops: ``engine``.
        pod: The pod that it is about; empty when it is about none.
    """

    cause: Cause
    where: str
    what: str
    remedy: str = ""
    container: str = ""
    component: str = ""
    pod: str = ""

    @property
    def passing(self) -> bool:
        """Whether it may go away by waiting."""
        return self.cause in _PASSING


def place(thing: Object) -> str:
    """Return an object's name as people say it: ``pod chat/mistral-7b-engine-x``."""
    metadata = thing["metadata"]
    namespace = metadata.get("namespace", "")
    return f"{str(thing.get('kind', 'object')).lower()} {namespace + '/' if namespace else ''}{metadata['name']}"


def component(thing: Object) -> str:
    """Return which part of a service an object is: ``engine``."""
    return str((thing["metadata"].get("labels") or {}).get(COMPONENT_LABEL, ""))


def condition(thing: Object, kind: str) -> Object | None:
    """Return one of an object's conditions."""
    conditions = thing.get("status", {}).get("conditions") or ()
    return next((each for each in conditions if each.get("type") == kind), None)
