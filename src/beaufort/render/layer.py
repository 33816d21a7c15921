"""What one layer of the blueprint contributes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from beaufort.render.manifest import Manifest


@dataclass(frozen=True, slots=True)
class Layer:
    """The objects of one layer, and what belongs to them.

    A layer's module has one public function, ``render(setting: Setting) -> Layer``.

    Attributes:
        name: The module's name.
        manifests: Objects, in the order in which a reader meets them.
        files: Files that are no objects, such as the values of a Helm chart, by their path in the layer's folder.
        notes: Sentences for the user: what was left out and why, what the cluster must have, what is to be done when.
        apart: Why the objects are not applied with the others: they belong to another cluster, or need other rights
            than a service has. Empty: they are.
    """

    name: str
    manifests: tuple[Manifest, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    apart: str = ""
