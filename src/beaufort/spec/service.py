"""The root of the service file."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from beaufort.spec.accelerators import Accelerator, Zones
from beaufort.spec.budget import Budget
from beaufort.spec.cache import Cache
from beaufort.spec.cluster import Cluster, Region
from beaufort.spec.gateway import Gateway
from beaufort.spec.images import Images
from beaufort.spec.keys import Key
from beaufort.spec.mistakes import Mistake, raise_mistakes, repeated
from beaufort.spec.model import Model
from beaufort.spec.monitoring import Monitoring
from beaufort.spec.network import Network
from beaufort.spec.nodes import Nodes
from beaufort.spec.notation import Short
from beaufort.spec.objectives import Objectives
from beaufort.spec.parallelism import Parallelism
from beaufort.spec.part import Part
from beaufort.spec.scalars import Label, LabelKey, LabelValue
from beaufort.spec.scaling import Scaling
from beaufort.spec.scheduling import Scheduling
from beaufort.spec.storage import Storage
from beaufort.spec.traffic import Mean, Percentiles, Synthetic, Traffic


class Metadata(Part):
    """The service's name."""

    name: Label = Field(description="The service's name, unique in its namespace.")
    namespace: Label = Field(default="default", description="The Kubernetes namespace.")
    labels: dict[LabelKey, LabelValue] = Field(
        default_factory=dict, max_length=64, description="Labels for everything that is made for the service."
    )


class Replicas(Part):
    """How many engines to run."""

    min: int = Field(default=1, ge=0, le=10_000, description="The fewest; 0 lets the service sleep when idle.")
    max: int = Field(ge=1, le=10_000, description="The most.")

    @field_validator("max")
    @classmethod
    def _not_below_min(cls, most: int, info: ValidationInfo) -> int:
        fewest = info.data.get("min", most)
        if fewest > most:
            raise_mistakes(Mistake(f"the most, {most}, is below the fewest, {fewest}", "swap min and max"))
        return most


class Spec(Part):
    """What is wanted."""

    # The order matters: a validator sees the fields above its own.
    model: Model = Field(description="The model to serve.")
    engine: Literal["auto", "openvino", "emulated", "vllm", "tgi"] = Field(
        default="auto",
        description="What runs the model. `openvino`: processors, of this machine or of a cluster's nodes. `emulated`: "
        "the timing of the accelerator, no model and no accelerator. `vllm`: accelerators on Kubernetes. `tgi`: the "
        "same with Text Generation Inference. `auto`: `openvino` on one machine, else `vllm`.",
    )
    replicas: (
        Annotated[
            Replicas,
            Short(lambda count: {"min": count, "max": count}, {"type": "integer", "minimum": 1, "maximum": 10_000}),
        ]
        | None
    ) = Field(
        default=None,
        description="Engines to run: a number, or `{min: 1, max: 4}` to scale between. Default: planned for the "
        "traffic; one on a single machine.",
    )
    parallelism: Parallelism = Field(default=Parallelism(), description="How an engine is cut over accelerators.")
    traffic: Traffic = Field(default=Synthetic(), description="The traffic to expect: figures, or a recorded trace.")
    objectives: Objectives = Field(default=Objectives(), description="What the service promises.")
    cluster: Cluster = Field(default=Cluster(), description="The Kubernetes cluster.")
    accelerators: tuple[Accelerator, ...] = Field(
        default=(), max_length=200, description="The nodes with accelerators that may be used, in no order."
    )
    regions: tuple[
        Annotated[Region, Short(lambda name: {"name": name}, {"type": "string"})],
        ...,
    ] = Field(default=(), max_length=100, description="Regions that each have such a cluster. Default: one, unnamed.")
    nodes: Nodes = Field(default=Nodes(), description="How the nodes with accelerators are set up.")
    scheduling: Scheduling = Field(default=Scheduling(), description="Where the engines' pods are put.")
    network: Network = Field(default=Network(), description="Who may talk to whom.")
    monitoring: Monitoring = Field(default=Monitoring(), description="What watches the service.")
    images: Images = Field(default=Images(), description="Which images run on a cluster.")
    storage: Storage = Field(default=Storage(), description="Where the weights are kept on a cluster.")
    scaling: Scaling = Field(default=Scaling(), description="Where the autoscaler has its figures from.")
    gateway: Gateway = Field(default=Gateway(), description="The gateway on a cluster.")
    cache: Cache | None = Field(default=None, description="The cache of answers. Default: none.")
    keys: tuple[Key, ...] = Field(
        default=(), max_length=1000, description="The API keys that may call. Default: everyone may."
    )
    budget: Budget | None = Field(default=None, description="What the service may cost. Default: no limit.")

    @field_validator("traffic")
    @classmethod
    def _fits_context(cls, traffic: Traffic, info: ValidationInfo) -> Traffic:
        model = info.data.get("model")
        if model is None or model.context_length is None or not isinstance(traffic, Synthetic):
            return traffic
        typical = _middle(traffic.prompt_tokens) + _middle(traffic.output_tokens)
        if typical > model.context_length:
            what = f"a typical request has {typical:g} tokens, more than contextLength, {model.context_length}"
            raise_mistakes(Mistake(what, "raise spec.model.contextLength, or lower promptTokens or outputTokens"))
        return traffic

    @field_validator("accelerators")
    @classmethod
    def _in_cluster(cls, accelerators: tuple[Accelerator, ...], info: ValidationInfo) -> tuple[Accelerator, ...]:
        cluster = info.data.get("cluster")
        known = Zones(cluster.zones if cluster else ())
        for index, accelerator in enumerate(accelerators):
            raise_mistakes(*known.lacks(accelerator.zones, (index, "zones")))
        return accelerators

    @field_validator("regions")
    @classmethod
    def _shares_fit(cls, regions: tuple[Region, ...]) -> tuple[Region, ...]:
        raise_mistakes(*repeated(tuple(region.name for region in regions), "region"))
        shares = [region.share for region in regions if region.share is not None]
        total = sum(shares)
        if total > 1 + _ROUNDING or (shares and len(shares) == len(regions) and total < 1 - _ROUNDING):
            raise_mistakes(Mistake(f"the shares of the regions add up to {total:.4g}", "make them add up to 100%"))
        return regions

    @field_validator("keys")
    @classmethod
    def _keys_once(cls, keys: tuple[Key, ...]) -> tuple[Key, ...]:
        raise_mistakes(*repeated(tuple(key.name for key in keys), "key"))
        return keys


_ROUNDING = 1e-3  # three regions of 33.3 % are all of the traffic


def _middle(lengths: Mean | Percentiles) -> float:
    return lengths.mean if isinstance(lengths, Mean) else lengths.p50


class MistralService(Part):
    """A Mistral model as a service: what is wanted, written once, for one machine or a cluster."""

    api_version: Literal["beaufort.dev/v1alpha1"] = Field(description="`beaufort.dev/v1alpha1`.")
    kind: Literal["MistralService"] = Field(description="`MistralService`.")
    metadata: Metadata = Field(description="The service's name.")
    spec: Spec = Field(description="What is wanted.")
