"""A plan as manifests: one module for each layer, the same text at every run, in the form that the cluster serves.

| Module | Holds |
|---|---|
| `manifest` | an object as a plain value, and its text |
| `names` | how everything is called |
| `setting` | what every layer asks for |
| `layer` | what a layer contributes |
| `manifest_set` | all layers: the order, the stream, the Kustomize tree |
| `namespace` | layer: the namespace |

A layer's module reads like the YAML it makes: one function for each object, and in it the object as a literal.
"""

from __future__ import annotations

from beaufort.render.layer import Layer
from beaufort.render.manifest import Json, Manifest
from beaufort.render.manifest_set import LAYERS, ManifestSet, RegionManifests, render
from beaufort.render.setting import Setting

__all__ = ["LAYERS", "Json", "Layer", "Manifest", "ManifestSet", "RegionManifests", "Setting", "render"]
