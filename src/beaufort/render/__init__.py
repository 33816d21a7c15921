"""A plan as manifests: one module for each layer, the same text at every run, in the form that the cluster serves.

| Module | Holds |
|---|---|
| `manifest` `names` `setting` `layer` `manifest_set` `explanation` | an object and its text; how all is called; what \
layers ask for; what they give; all of them together; where a number comes from |
| `namespace` | layer: the namespace |
| `storage` | layer: the weights; with `weights` (where they are kept), `volume_class`, `model_volume` (what of it is \
in a pod) and `fetch_model` (the program that downloads) |
| `engine` | layer: the engines; with `engine_pod`, `placing` (which nodes), `pools` (how many), and what runs: \
`program`, `server`, `vllm`, `tgi`, `openvino`, `emulated` |
| `gateway` | layer: the gateway; with `route` |
| `autoscaling` | layer: the autoscalers; with `adapter` and `keda` |
| `disruption` | layer: budgets, priorities, headroom |
| `clusters` | layer: the cluster itself, by Cluster API |
| `nodes` | layer: kubelets and the accelerators' operator |
| `scheduler` | layer: a second scheduler that looks at accelerators |
| `network` | layer: who may talk to whom |
| `monitoring` | layer: monitors, rules, dashboard |
| `images` `ports` `security` `release` | what they share |

A layer's module reads like the YAML it makes: one function for each object, and in it the object as a literal.
"""

from __future__ import annotations

from beaufort.render.emulated import emulate
from beaufort.render.explanation import explain
from beaufort.render.layer import Layer
from beaufort.render.manifest import Json, Manifest
from beaufort.render.manifest_set import LAYERS, ManifestSet, RegionManifests, render
from beaufort.render.setting import Setting

__all__ = [
    "LAYERS",
    "Json",
    "Layer",
    "Manifest",
    "ManifestSet",
    "RegionManifests",
    "Setting",
    "emulate",
    "explain",
    "render",
]
