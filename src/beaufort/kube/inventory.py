"""What a service has in the cluster, remembered in the cluster itself.

A ConfigMap lists the service's objects. It is written **before** anything is applied, with the new objects added to
the old ones, and **after** everything, without those that are gone: whenever we are killed, it names all that may be
there, so the next run can finish the work, and prune what is no longer wanted and nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from beaufort.kube.apply import Applier
from beaufort.kube.reference import Object, Reference

SERVICE_LABEL = "app.kubernetes.io/instance"
MANAGER_LABEL = "app.kubernetes.io/managed-by"
MANAGER = "beaufort"


class Inventory:
    """The list of one service's objects.

    Args:
        applier: Writes it.
        service: The service's name.
        namespace: The service's namespace, in which the list lives.
    """

    def __init__(self, applier: Applier, service: str, namespace: str) -> None:
        self._applier = applier
        self._service = service
        self.reference = Reference("v1", "ConfigMap", namespace, f"{service}-inventory")

    async def read(self) -> frozenset[Reference]:
        """Return the objects that may be there; none if there is no list."""
        found = await self._applier.get(self.reference)
        listed = json.loads((found or {}).get("data", {}).get("objects", "[]"))
        return frozenset(Reference(*each) for each in listed)

    async def write(self, references: Iterable[Reference]) -> None:
        """Remember ``references`` and nothing else."""
        await self._applier.apply(self.reference, self._object(references))

    async def remove(self) -> None:
        """Forget the service."""
        found = await self._applier.get(self.reference)
        if found is not None:
            await self._applier.delete(self.reference, found)

    def _object(self, references: Iterable[Reference]) -> Object:
        rows = [[each.api_version, each.kind, each.namespace, each.name] for each in sorted(references)]
        return {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "name": self.reference.name,
                "namespace": self.reference.namespace,
                "labels": {SERVICE_LABEL: self._service, MANAGER_LABEL: MANAGER},
                "annotations": {"beaufort.dev/description": "The objects of this service; beaufort destroy reads it."},
            },
            "data": {"objects": json.dumps(rows, indent=0)},
        }


def is_ours(thing: dict[str, Any], service: str) -> bool:
    """Return whether an object carries the labels that every object of the service was made with."""
    labels = thing["metadata"].get("labels") or {}
    return labels.get(SERVICE_LABEL) == service and labels.get(MANAGER_LABEL) == MANAGER
