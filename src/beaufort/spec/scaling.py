"""Where the autoscaler has its figures from."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from beaufort.spec.notation import Pattern
from beaufort.spec.part import Part


class Scaling(Part):
    """Where the autoscaler has its figures from."""

    metrics: Literal["prometheus-adapter", "keda", "beaufort"] = Field(
        default="prometheus-adapter",
        description="What serves the engines' queues to the autoscaler. `prometheus-adapter`: the custom metrics API, "
        "by rules for that adapter. `keda`: a ScaledObject for KEDA. `beaufort`: the external metrics API of "
        "Beaufort's operator, which needs no Prometheus. A cluster has one server of each of these APIs.",
    )
    prometheus: Annotated[
        str,
        Pattern(
            r"^https?://[A-Za-z0-9][A-Za-z0-9._:/-]{0,250}$",
            "the address of a Prometheus",
            "write for example http://prometheus.monitoring:9090",
        ),
    ] = Field(default="http://prometheus-operated.monitoring:9090", description="Prometheus, for KEDA and the adapter.")
    gpu_utilisation: bool = Field(
        default=True,
        description="Whether the accelerators' utilisation is a second guard beside the queue. Needs the vendor's "
        "exporter in Prometheus. Without it the number of running requests alone is the guard.",
    )
