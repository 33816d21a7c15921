"""What a service has in the cluster, remembered in the cluster itself.

A ConfigMap lists the service's objects. It is written **before** anything is applied, with the new objects added to
the old ones, and **after** everything, without those that are gone: whenever we are killed, it names all that may be
there, so the next run can finish the work, and prune what is no longer wanted and nothing else.

Each write names the version that was read, so that of two runs at the same time one is told of the other, and none
forgets what the other has made.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from beaufort.errors import Problem
from beaufort.kube.apply import Applier
from beaufort.kube.errors import ConflictError, KubeError
from beaufort.kube.ownership import MANAGER, MANAGER_LABEL, SERVICE_LABEL
from beaufort.kube.reference import Object, Reference

_SUFFIX = "-inventory"


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
        self._version = ""
        self._known: frozenset[Reference] | None = None
        self.reference = Reference("v1", "ConfigMap", namespace, f"{service}{_SUFFIX}")

    async def read(self) -> frozenset[Reference] | None:
        """Return the objects that may be there; None if there is no list.

        Raises:
            KubeError: The list cannot be read, or somebody has changed it to what is no list.
        """
        found = await self._applier.get(self.reference)
        if found is None:
            self._version, self._known = "", None
            return None
        self._version = found["metadata"]["resourceVersion"]
        try:
            listed = json.loads(found["data"]["objects"])
            self._known = frozenset(Reference(*map(str, each)) for each in listed)
        except (KeyError, TypeError, ValueError) as error:
            what = f"the list of the service's objects was changed by hand: {error}"
            remedy = "delete the ConfigMap and deploy again"
            raise KubeError(Problem(what, str(self.reference), remedy)) from error
        return self._known

    async def write(self, references: Iterable[Reference]) -> None:
        """Remember ``references`` and nothing else.

        Raises:
            ConflictError: The list has changed since it was read: another run is at work.
        """
        listed = frozenset(references)
        if listed == self._known:
            return
        wanted = self._object(listed)
        try:
            written = await self._applier.write(self.reference, wanted)
        except ConflictError as error:
            # A write whose answer was lost was sent again: then the list is as we want it.
            found = await self._applier.get(self.reference)
            if found is None or found.get("data") != wanted["data"]:
                what, remedy = "another run changes this service at the moment", "wait until it is done, and try again"
                raise ConflictError(Problem(what, str(self.reference), remedy)) from error
            written = found
        self._version, self._known = written["metadata"]["resourceVersion"], listed

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
                **({"resourceVersion": self._version} if self._version else {}),
                "labels": {SERVICE_LABEL: self._service, MANAGER_LABEL: MANAGER},
                "annotations": {"beaufort.dev/description": "The objects of this service; beaufort destroy reads it."},
            },
            "data": {"objects": json.dumps(rows, indent=0)},
        }
