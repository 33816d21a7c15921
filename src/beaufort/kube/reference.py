"""Which object: what names it in a cluster."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from beaufort.catalog.kinds import rank

Object: TypeAlias = dict[str, Any]
"""An object as JSON has it."""


@dataclass(frozen=True, slots=True, order=True)
class Reference:
    """The name of one object.

    Attributes:
        api_version: ``apps/v1``.
        kind: ``Deployment``.
        namespace: Empty for an object of the whole cluster.
        name: Its name.
    """

    api_version: str
    kind: str
    namespace: str
    name: str

    @classmethod
    def of(cls, thing: Mapping[str, Any]) -> Reference:
        """Return the reference of an object."""
        metadata = thing["metadata"]
        return cls(thing["apiVersion"], thing["kind"], metadata.get("namespace", ""), metadata["name"])

    @property
    def group(self) -> str:
        """The API group: ``apps``; empty for the core."""
        return self.api_version.rpartition("/")[0]

    @property
    def same(self) -> tuple[str, str, str, str]:
        """What stays the same when the version of the API changes: ``apps/v1`` and ``apps/v2`` are one object's."""
        return (self.group, self.kind, self.namespace, self.name)

    @property
    def order(self) -> tuple[int, Reference]:
        """A key that sorts objects in the order in which they are applied."""
        return (rank(self.kind), self)

    def __str__(self) -> str:
        place = f"{self.namespace}/" if self.namespace else ""
        return f"{self.kind} {place}{self.name}"
