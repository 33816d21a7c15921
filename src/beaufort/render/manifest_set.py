"""All manifests of a plan: by region, by layer; as one stream, or as a tree for Kustomize."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from beaufort.plan.capacity import Region
from beaufort.plan.plan import Plan
from beaufort.render import (
    autoscaling,
    clusters,
    disruption,
    engine,
    gateway,
    monitoring,
    namespace,
    network,
    nodes,
    scheduler,
    storage,
)
from beaufort.render.layer import Layer
from beaufort.render.manifest import Manifest, application_order, kind_of, name_of, yaml_stream, yaml_text
from beaufort.render.setting import Setting

# Every layer in the order of application, with the number that its folder begins with. A new layer takes a number
# between two others, so that no folder is ever renamed.
LAYERS: tuple[tuple[int, str, Callable[[Setting], Layer]], ...] = (
    (0, "namespace", namespace.render),
    (5, "clusters", clusters.render),
    (10, "nodes", nodes.render),
    (20, "scheduler", scheduler.render),
    (25, "network", network.render),
    (30, "storage", storage.render),
    (50, "engine", engine.render),
    (60, "gateway", gateway.render),
    (70, "autoscaling", autoscaling.render),
    (80, "disruption", disruption.render),
    (90, "monitoring", monitoring.render),
)


_NOTES = """\
# Notes

Written by `beaufort render`, which will overwrite it. Keep changes in an overlay that has this folder as its resource.
All of it: `kubectl apply --server-side -k .`; one layer: the same in its folder."""


@dataclass(frozen=True, slots=True)
class RegionManifests:
    """What one region's cluster gets.

    Attributes:
        region: The region's name; empty for the only, unnamed one.
        layers: Its layers, in the order of application.
    """

    region: str
    layers: tuple[Layer, ...]

    @property
    def objects(self) -> tuple[Manifest, ...]:
        """Every object that is applied with the others, in the order of application."""
        together = (layer.manifests for layer in self.layers if not layer.apart)
        return tuple(sorted((each for manifests in together for each in manifests), key=application_order))

    def stream(self) -> str:
        """Return ``objects`` as one stream of YAML."""
        return yaml_stream(self.objects)

    def tree(self) -> dict[str, str]:
        """Return the text of each file of a Kustomize tree, by its path.

        Each layer has a folder that can be applied alone; the root has all of those that are applied together.
        """
        folders = {_folder(layer): layer for layer in self.layers if layer.manifests or layer.files}
        together = [name for name, layer in folders.items() if layer.manifests and not layer.apart]
        files = {"kustomization.yaml": _kustomization(together), "NOTES.md": _notes(folders)}
        for folder, layer in folders.items():
            files.update({f"{folder}/{path}": text for path, text in _layer_files(layer)})
        return files


@dataclass(frozen=True, slots=True)
class ManifestSet:
    """All manifests of a plan.

    Attributes:
        regions: What each region's cluster gets.
    """

    regions: tuple[RegionManifests, ...]

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know, each sentence once, in the order of the layers."""
        layers = (layer for each in self.regions for layer in each.layers)
        return tuple(dict.fromkeys(note for layer in layers for note in layer.notes))

    def tree(self) -> dict[str, str]:
        """Return the text of each file by its path: a Kustomize tree, or a folder with one for each region."""
        if len(self.regions) == 1:
            return self.regions[0].tree()
        return {f"{each.region}/{path}": text for each in self.regions for path, text in each.tree().items()}


def render(
    plan: Plan, *, minor: int | None = None, only: Collection[str] = (), regions: Collection[str] = ()
) -> ManifestSet:
    """Return the manifests of a plan.

    Args:
        plan: What is to be run.
        minor: The minor version of Kubernetes, instead of the service file's.
        only: Names of layers; all of them when empty.
        regions: Names of regions; all of them when empty.
    """
    version = plan.service.spec.cluster.minor if minor is None else minor
    wanted = (region for region in plan.regions if not regions or region.name in regions)
    return ManifestSet(tuple(_region(Setting(plan, region, version), region, only) for region in wanted))


def _region(setting: Setting, region: Region, only: Collection[str]) -> RegionManifests:
    layers = (make(setting) for _, name, make in LAYERS if not only or name in only)
    return RegionManifests(region.name, tuple(layers))


def _folder(layer: Layer) -> str:
    number = next(number for number, name, _ in LAYERS if name == layer.name)
    return f"{number:02d}-{layer.name}"


def _layer_files(layer: Layer) -> Iterator[tuple[str, str]]:
    names = {_file(manifest): manifest for manifest in layer.manifests}
    if len(names) < len(layer.manifests):
        message = f"two objects of layer {layer.name} have one kind and name"
        raise ValueError(message)
    if names:
        yield "kustomization.yaml", _kustomization(list(names))
    for name, manifest in names.items():
        yield name, yaml_text(manifest)
    yield from layer.files.items()


def _notes(folders: dict[str, Layer]) -> str:
    parts = [_NOTES]
    for folder, layer in folders.items():
        apart = (f"Not applied with the others: {layer.apart}",) if layer.apart else ()
        lines = [f"- {note}" for note in (*apart, *layer.notes)]
        parts += [f"## {folder}", "\n".join(lines)] if lines else []
    return "\n\n".join(parts) + "\n"


def _file(manifest: Manifest) -> str:
    return f"{kind_of(manifest).lower()}-{name_of(manifest)}.yaml"


def _kustomization(resources: list[str]) -> str:
    return yaml_text(
        {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "resources": resources},
    )
