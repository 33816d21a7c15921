"""What every layer asks for: the plan, the region, the version, and how things are called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from beaufort import __version__
from beaufort.catalog import kubernetes
from beaufort.catalog.accelerators import accelerator
from beaufort.errors import Problem, UsageError
from beaufort.plan.capacity import Pool, Region
from beaufort.plan.plan import Plan
from beaufort.render.manifest import Json
from beaufort.render.names import Names
from beaufort.spec.service import MistralService, Spec

_VENDORS = {"NVIDIA", "AMD"}
TRACE = "plan.beaufort.dev/"  # prefix of the annotations that lead from a number to the plan


@dataclass(frozen=True, slots=True)
class Setting:
    """What one region's manifests are made from.

    Attributes:
        plan: What is to be run.
        region: The region of the plan.
        minor: The minor version of Kubernetes that the manifests are for: 30 for 1.30.
    """

    plan: Plan
    region: Region
    minor: int

    @property
    def service(self) -> MistralService:
        """The service file."""
        return self.plan.service

    @property
    def spec(self) -> Spec:
        """What is wanted."""
        return self.plan.service.spec

    @property
    def name(self) -> str:
        """The service's name."""
        return self.service.metadata.name

    @property
    def namespace(self) -> str:
        """The service's namespace."""
        return self.service.metadata.namespace

    @property
    def names(self) -> Names:
        """The names of all objects."""
        return Names(self.name, self.namespace)

    @property
    def version(self) -> str:
        """The version of Kubernetes as people write it: `1.30`."""
        return f"1.{self.minor}"

    @property
    def engine(self) -> Literal["vllm", "tgi", "openvino", "emulated"]:
        """The program that serves the model."""
        if self.spec.engine != "auto":
            return self.spec.engine
        return "openvino" if accelerator(self.plan.shape.accelerator).vendor not in _VENDORS else "vllm"

    @property
    def emulated(self) -> bool:
        """Whether no model runs, and what it runs on is only acted: the plan is rehearsed."""
        return self.engine == "emulated"

    @property
    def accelerated(self) -> bool:
        """Whether engines use accelerators of their nodes, and so whatever looks after those is needed."""
        return self.engine not in {"emulated", "openvino"}

    @property
    def grouped(self) -> bool:
        """Whether a replica is several pods, on as many nodes."""
        return self.plan.shape.nodes > 1 and self.accelerated

    @property
    def gated(self) -> bool:
        """Whether engines wait for Beaufort's operator to choose their node, by its accelerators."""
        return self.spec.scheduling.gates and self.accelerated

    @property
    def guarded(self) -> bool:
        """Whether the accelerators' utilisation is a guard of the autoscalers."""
        return self.spec.scaling.gpu_utilisation and self.accelerated

    def serves(self, feature: str) -> bool:
        """Return whether the cluster serves a feature of the catalog: by default, or because its gate is on."""
        state = kubernetes.state(feature, self.minor)
        return state.enabled or (state.possible and state.feature.gate in self.spec.cluster.feature_gates)

    def api(self, feature: str) -> str:
        """Return the `apiVersion` in which the cluster serves a feature of the catalog."""
        return kubernetes.state(feature, self.minor).api

    def left_out(self, feature: str, what: str) -> str:
        """Return the note that ``what`` is left out because the cluster does not serve a feature."""
        return f"{what} is left out: {kubernetes.state(feature, self.minor).reason}."

    @property
    def vendor(self) -> str:
        """Who makes the accelerators: `NVIDIA` or `AMD`.

        Raises:
            UsageError: They are the processors of one machine.
        """
        found = accelerator(self.plan.shape.accelerator).vendor
        if found not in _VENDORS:
            remedy = "list accelerators that nodes of the cluster have in spec.accelerators"
            raise UsageError(Problem(f"no node of a cluster offers {self.plan.shape.accelerator!r}", remedy=remedy))
        return found

    @property
    def resource(self) -> str:
        """The resource that nodes with the accelerators offer: `nvidia.com/gpu`."""
        return accelerator(self.plan.shape.accelerator).resource

    @property
    def region_path(self) -> str:
        """Where the region stands in the plan: `regions[0]`."""
        return f"regions[{self.plan.regions.index(self.region)}]"

    def pool_path(self, pool: Pool) -> str:
        """Return where a pool of the region stands in the plan: `regions[0].pools[1]`."""
        return f"{self.region_path}.pools[{self.region.pools.index(pool)}]"

    def selector(self, component: str) -> dict[str, str]:
        """Return the labels that tell the pods of a component; they never change."""
        return {
            "app.kubernetes.io/name": "beaufort",
            "app.kubernetes.io/instance": self.name,
            "app.kubernetes.io/component": component,
        }

    def pod_labels(self, component: str, **more: str) -> dict[str, str]:
        """Return the labels of a component's pods: no version, so that a new Beaufort alone restarts nothing."""
        return {
            **self.service.metadata.labels,
            **self.selector(component),
            "app.kubernetes.io/part-of": "beaufort",
            "app.kubernetes.io/managed-by": "beaufort",
            **{f"beaufort.dev/{key.replace('_', '-')}": value for key, value in more.items()},
        }

    def labels(self, component: str, **more: str) -> dict[str, str]:
        """Return the labels of a component's objects; ``pool="a"`` becomes ``beaufort.dev/pool: a``."""
        return {**self.pod_labels(component, **more), "app.kubernetes.io/version": __version__}

    def metadata(
        self, component: str, name: str, annotations: Mapping[str, str] | None = None, **more: str
    ) -> dict[str, Json]:
        """Return the metadata of an object in the service's namespace; ``more`` are labels of Beaufort."""
        return {
            "name": name,
            "namespace": self.namespace,
            "labels": self.labels(component, **more),
            **({"annotations": annotations} if annotations else {}),
        }

    def cluster_metadata(
        self, component: str, name: str, annotations: Mapping[str, str] | None = None
    ) -> dict[str, Json]:
        """Return the metadata of an object of the whole cluster."""
        return {key: value for key, value in self.metadata(component, name, annotations).items() if key != "namespace"}

    def trace(self, **numbers: str) -> dict[str, str]:
        """Return annotations that lead from numbers of an object to the plan.

        Args:
            numbers: The path in the plan by the number's name: ``replicas="regions[0].pools[0].replicas"``.
        """
        return {f"{TRACE}{number.replace('_', '-')}": path for number, path in numbers.items()}
