"""The names of everything that is rendered, in one place.

Names are made of the service's name, so that services share a namespace. Those of objects that belong to the whole
cluster are made of the namespace too.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

LABEL = 63  # characters of a label's value, and of the name of a Service
STATEFUL = 52  # a StatefulSet's name becomes a label with 11 characters of a revision behind it
_HASH = 6


def fitting(*parts: str, limit: int = LABEL) -> str:
    """Return ``parts`` joined by hyphens, cut to ``limit`` characters; what was cut is replaced by a hash of it all."""
    name = "-".join(part for part in parts if part)
    if len(name) <= limit:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:_HASH]
    return f"{name[: limit - _HASH - 1].rstrip('-')}-{digest}"


@dataclass(frozen=True, slots=True)
class Names:
    """The names of one service's objects.

    Attributes:
        service: The service's name.
        namespace: Its namespace.
    """

    service: str
    namespace: str

    def engine(self, pool: str) -> str:
        """The Deployment or LeaderWorkerSet of one pool, and its autoscaler."""
        return fitting(self.service, "engine", pool, limit=STATEFUL)

    @property
    def engines(self) -> str:
        """What all engines share: the headless Service that discovers them, and the ServiceAccount."""
        return fitting(self.service, "engine")

    @property
    def gateway(self) -> str:
        """The gateway's workload, Service, ServiceAccount, autoscaler and route."""
        return fitting(self.service, "gateway")

    @property
    def model(self) -> str:
        """The model's claim, and the ConfigMap of the program that loads it."""
        return fitting(self.service, "model")

    @property
    def model_copy(self) -> str:
        """The claim that many nodes read, made from a snapshot of the model's."""
        return fitting(self.service, "model-copy")

    def loader(self, *what: str) -> str:
        """What downloads the model: a DaemonSet, or a Job, whose name tells what it downloads."""
        return fitting(self.service, "model-loader", *what)

    @property
    def headroom(self) -> str:
        """The pods that hold a place."""
        return fitting(self.service, "headroom")

    def cluster(self, region: str) -> str:
        """The cluster of a region, in the management cluster."""
        return fitting(self.service, region)

    def machines(self, *what: str) -> str:
        """What makes machines of a cluster; its name becomes part of the machines' own."""
        return fitting(self.service, *what, limit=STATEFUL)

    def policy(self, *what: str) -> str:
        """What a component's pods may connect to."""
        return fitting(self.service, *what)

    def accelerators(self, by: str) -> str:
        """What asks the accelerators for their metrics, by whom the exporter was installed."""
        return fitting(self.service, "accelerators", by)

    @property
    def rules(self) -> str:
        """What is recorded, and when somebody is told."""
        return fitting(self.service, "rules")

    @property
    def dashboard(self) -> str:
        """The dashboard, unique among those of all namespaces; not longer than Grafana takes."""
        return fitting("beaufort", self.namespace, self.service, limit=40)

    @property
    def scheduler(self) -> str:
        """The second scheduler, and its name in ``schedulerName``: unique in the cluster."""
        return fitting("beaufort", self.namespace, self.service, "scheduler")

    def cluster_wide(self, *parts: str) -> str:
        """An object of the whole cluster that is of this service alone."""
        return fitting("beaufort", self.namespace, self.service, *parts)
