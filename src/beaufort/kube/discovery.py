"""Where a kind of object is served, as the cluster itself says."""

from __future__ import annotations

from dataclasses import dataclass

from beaufort.errors import Problem
from beaufort.kube.connection import Connection
from beaufort.kube.errors import KubeError, NotFoundError
from beaufort.kube.reference import Reference


class MissingKindError(KubeError):
    """The cluster serves no such kind.

    Attributes:
        api_version: The kind's; empty when several kinds are missing.
        kind: The kind.
    """

    api_version = ""
    kind = ""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of object.

    Attributes:
        plural: Its name in paths: ``deployments``.
        namespaced: Whether its objects live in namespaces.
        verbs: What can be done with them.
    """

    plural: str
    namespaced: bool
    verbs: frozenset[str]


class Discovery:
    """Knows the paths of objects. Each group and version is asked for once, and again when a kind is missing.

    Args:
        connection: To the cluster.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._kinds: dict[str, dict[str, Kind]] = {}

    async def kind(self, api_version: str, kind: str) -> Kind:
        """Return how a kind is served.

        Raises:
            MissingKindError: It is not.
        """
        if kind not in self._kinds.get(api_version, {}):
            self._kinds[api_version] = await self._ask(api_version)
        try:
            return self._kinds[api_version][kind]
        except KeyError:
            remedy = _remedy(api_version)
            what = f"the cluster serves no {kind} of {api_version}"
            error = MissingKindError(Problem(what, self._connection.server, remedy))
            error.api_version, error.kind = api_version, kind
            raise error from None

    async def _ask(self, api_version: str) -> dict[str, Kind]:
        try:
            listed = await self._connection.get(_root(api_version))
        except NotFoundError:
            return {}
        return {
            each["kind"]: Kind(each["name"], each["namespaced"], frozenset(each["verbs"]))
            for each in listed["resources"]
            if "/" not in each["name"]  # a subresource
        }

    async def path(self, reference: Reference) -> str:
        """Return the path of one object.

        Raises:
            MissingKindError: Its kind is not served.
        """
        collection = await self.collection(reference.api_version, reference.kind, reference.namespace)
        return f"{collection}/{reference.name}"

    async def collection(self, api_version: str, kind: str, namespace: str = "") -> str:
        """Return the path of the objects of a kind in a namespace, or in all of them.

        Raises:
            MissingKindError: The kind is not served.
        """
        found = await self.kind(api_version, kind)
        place = f"/namespaces/{namespace}" if found.namespaced and namespace else ""
        return f"{_root(api_version)}{place}/{found.plural}"


def _root(api_version: str) -> str:
    return f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"


# Who brings the kinds of a group, and what in the service file asks for them.
_GROUPS = {
    "cilium.io": ("Cilium", "write spec.network.policy: kubernetes"),
    "gateway.networking.k8s.io": ("the Gateway API", "leave out spec.gateway.expose"),
    "keda.sh": ("KEDA", "choose another spec.scaling.metrics"),
    "leaderworkerset.x-k8s.io": ("LeaderWorkerSet", "choose a model or accelerators by which a replica fits one node"),
    "monitoring.coreos.com": ("the Prometheus Operator", "write spec.monitoring.prometheus: false"),
    "snapshot.storage.k8s.io": ("the CSI snapshot controller", "choose another spec.storage.kind"),
}


def _remedy(api_version: str) -> str:
    group = api_version.rpartition("/")[0]
    if group in _GROUPS:
        return "install {}, or {}".format(*_GROUPS[group])
    if group.endswith(".k8s.io") or "." not in group:
        return "see whether the cluster's version serves it, or needs a feature gate: beaufort doctor"
    return f"install the custom resource definitions of {group}, or leave out what needs them"
