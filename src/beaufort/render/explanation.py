"""From a number in a manifest back to the plan, and to why the plan has it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import BaseModel

from beaufort.plan.plan import Plan
from beaufort.render.manifest import Json, annotations_of, kind_of, name_of
from beaufort.render.manifest_set import ManifestSet
from beaufort.render.setting import TRACE

_STEP = re.compile(r"([a-z_]+)|\[([0-9]+)\]")


@dataclass(frozen=True, slots=True)
class Traced:
    """A number of an object, and where it comes from.

    Attributes:
        region: The region; empty for the only, unnamed one.
        object: The object: `Deployment/mistral-7b-engine-l40s`.
        number: What it is for the object: `grace-period`.
        path: Where it stands in the plan: `lifecycle.grace_seconds`.
        value: What the plan says there.
        why: Why; empty when the plan gives no reason of its own for it.
    """

    region: str
    object: str
    number: str
    path: str
    value: Json
    why: str


def explain(manifests: ManifestSet, plan: Plan) -> tuple[Traced, ...]:
    """Return every number that objects take from the plan, in the order of the objects."""
    return tuple(
        Traced(region.region, f"{kind_of(each)}/{name_of(each)}", number, path, value_at(plan, path), plan.why(path))
        for region in manifests.regions
        for layer in region.layers
        for each in layer.manifests
        for number, path in _traces(annotations_of(each))
    )


def value_at(plan: Plan, path: str) -> Json:
    """Return what stands at a path of the plan, as plain values.

    Raises:
        LookupError: Nothing does.
    """
    found: object = plan
    for name, position in _STEP.findall(path):
        if name:
            if name not in type(found).model_fields:  # type: ignore[attr-defined] # every step but a list is a model
                raise LookupError(path)
            found = getattr(found, name)
        else:
            found = found[int(position)]  # type: ignore[index] # only a list has a position
    plain: Json = found.model_dump(mode="json") if isinstance(found, BaseModel) else found  # type: ignore[assignment]
    return plain


def _traces(annotations: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    return ((key.removeprefix(TRACE), path) for key, path in annotations.items() if key.startswith(TRACE))
