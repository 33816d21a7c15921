"""The plan: what `beaufort plan` decides and `beaufort render` writes as manifests."""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from pydantic.alias_generators import to_camel

from beaufort.plan.capacity import Disruption, Region, Scaling
from beaufort.plan.outcome import Candidate, Cost, Expectation
from beaufort.plan.replica import EngineSettings, HostResources, Lifecycle, Memory, PlannedModel, Shape
from beaufort.spec.part import Part
from beaufort.spec.service import MistralService


class Reason(Part):
    """Why a number is what it is."""

    path: str = Field(description="Of the number, as the plan's JSON has it: `regions[0].replicas.needed`.")
    why: str = Field(description="One sentence, with the figures it was computed from.")


class Plan(Part):
    """All that is to be run for a service. Replicas are alike everywhere; regions differ in their number."""

    api_version: Literal["beaufort.dev/v1alpha1"] = Field(
        default="beaufort.dev/v1alpha1", description="Of this form of the plan."
    )
    kind: Literal["Plan"] = Field(default="Plan", description="What tells a plan from a service file.")
    service: MistralService = Field(description="What was asked for.")
    model: PlannedModel = Field(description="The model, in the form that is served.")
    shape: Shape = Field(description="How one replica is cut.")
    engine: EngineSettings = Field(description="What the engine is told.")
    memory: Memory = Field(description="Where the memory of one accelerator goes.")
    host: HostResources = Field(description="What a pod needs besides accelerators.")
    lifecycle: Lifecycle = Field(description="How a replica starts and ends.")
    regions: tuple[Region, ...] = Field(min_length=1, description="Where replicas run, and how many.")
    scaling: Scaling = Field(description="What autoscaling holds.")
    disruption: Disruption = Field(description="What may be missing at once.")
    expectation: Expectation = Field(description="What the plan is expected to give.")
    cost: Cost = Field(description="What it costs.")
    reasons: tuple[Reason, ...] = Field(description="One for every number above, in their order.")
    candidates: tuple[Candidate, ...] = Field(description="What was considered; the chosen one and the front first.")
    notes: tuple[str, ...] = Field(default=(), description="What the reader should know: assumptions, compromises.")

    def why(self, path: str) -> str:
        """Return why the number at ``path`` is what it is; empty when it has no reason of its own.

        Args:
            path: In the names of the JSON form or of these classes: ``engine.maxNumSeqs``, ``engine.max_num_seqs``.
        """
        wanted = _json_path(path)
        return next((reason.why for reason in self.reasons if _json_path(reason.path) == wanted), "")


def _json_path(path: str) -> str:
    return ".".join(to_camel(name) if "_" in name else name for name in path.split("."))
