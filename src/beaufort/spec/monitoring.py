"""What watches the service."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from beaufort.spec.notation import Pattern
from beaufort.spec.part import Part
from beaufort.spec.scalars import Label, LabelKey, LabelValue, Seconds


class Monitoring(Part):
    """What watches the service."""

    prometheus: bool = Field(
        default=True,
        description="Whether to write the Prometheus Operator's objects: what to scrape, what to record, when to "
        "alert. Without it the rules are a file for Prometheus itself.",
    )
    dashboards: bool = Field(
        default=True, description="Whether to write a dashboard for Grafana, in the form that its sidecar finds."
    )
    namespace: Label = Field(default="monitoring", description="The namespace in which Prometheus runs.")
    labels: dict[LabelKey, LabelValue] = Field(
        default_factory=dict,
        max_length=64,
        description="Labels by which the Prometheus Operator selects its objects, for example `release: prometheus`. "
        "Default: none, for one that selects them all.",
    )
    interval: Seconds = Field(default=15.0, description="Between two looks at the metrics: `15s`, or seconds.")
    runbooks: Annotated[
        str,
        Pattern(
            r"^https?://[A-Za-z0-9][A-Za-z0-9._~:/%-]{0,500}$",
            "the address of a web page",
            "write for example https://wiki.example.com/runbooks",
        ),
    ] = Field(
        default="https://beaufort.dev/how-to/runbooks",
        description="Where the runbooks are: each alert links to `<this>/<alert>`.",
    )
