"""Programs from Go modules, built once and kept in the cache under their version."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from beaufort.errors import Problem, UnavailableError
from beaufort.units import GIB, show_bytes
from rig import gomodule, toolchain
from rig.cache import locked, write
from rig.gomodule import Recipe
from rig.progress import Pulse, Say, step
from rig.toolchain import Go
from rig.versions import Release

CONTROL_PLANE = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl")
NODE = ("kubelet", "kube-proxy")
# Measured for one release from nothing: 2.1 GB of Go's build cache, 1.4 GB of modules, 0.4 GB of programs.
_DISK_BYTES = 5 * GIB


@dataclass(frozen=True, slots=True)
class Programs:
    """Where the built programs of a release are.

    Attributes:
        kubernetes: The folder with ``kubectl`` and the control plane.
        etcd: The program.
    """

    kubernetes: Path
    etcd: Path

    def path(self, name: str) -> str:
        """Return the path of one program by its name."""
        return str(self.etcd if name == "etcd" else self.kubernetes / name)


def place(cache: Path, recipe: Recipe) -> Path:
    """Return the folder of a recipe's programs, which changes when the recipe does."""
    return cache / f"{recipe.name}-{recipe.digest()}"


def programs(release: Release, cache: Path, say: Say, wanted: Sequence[str] = CONTROL_PLANE) -> Programs:
    """Return a release's programs, building those that the cache lacks.

    Raises:
        UnavailableError: This machine cannot build them.
        BuildError: Go failed.
    """
    _build(gomodule.etcd(), ("etcd",), cache, say)
    _build(gomodule.kubernetes(release), wanted, cache, say)
    return known(release, cache)


def node_programs(release: Release, cache: Path, say: Say) -> Path:
    """Return the folder of the rig's own programs for nodes, after building them, the kubelet and kube-proxy.

    Raises:
        UnavailableError: This machine cannot build them.
        BuildError: Go failed.
    """
    _build(gomodule.kubernetes(release), NODE, cache, say)
    recipe = gomodule.own(release)
    _build(recipe, tuple(recipe.packages), cache, say)
    return place(cache, recipe) / "bin"


def addon_programs(cache: Path, say: Say) -> dict[str, Path]:
    """Return the programs that run beside the control plane, by name, after building them.

    Raises:
        UnavailableError: This machine cannot build them.
        BuildError: Go failed.
    """
    found: dict[str, Path] = {}
    for recipe in gomodule.addons():
        _build(recipe, tuple(recipe.packages), cache, say)
        found |= {name: place(cache, recipe) / "bin" / name for name in recipe.packages}
    return found


def known(release: Release, cache: Path) -> Programs:
    """Return where a release's programs are or will be, building none."""
    kubernetes, etcd = gomodule.kubernetes(release), gomodule.etcd()
    return Programs(place(cache, kubernetes) / "bin", place(cache, etcd) / "bin" / "etcd")


def _build(recipe: Recipe, wanted: Sequence[str], cache: Path, say: Say) -> None:
    folder = place(cache, recipe)
    if all((folder / "bin" / name).exists() for name in wanted):
        return
    _check_machine(cache)
    with locked(folder.with_name(f"{folder.name}.lock"), say):
        missing = [name for name in wanted if not (folder / "bin" / name).exists()]
        if not missing:
            return
        go = toolchain.find(cache, say)
        _clear(folder)
        write(folder / "go.mod", gomodule.text(recipe))
        for name, source in recipe.sources.items():
            write(folder / name, source)
        if recipe.release:
            # Only the module itself knows which staging modules it has: they change between releases.
            staged = gomodule.staged((go.download(recipe.module, folder) / "go.mod").read_text())
            write(folder / "go.mod", gomodule.text(recipe, {path: recipe.release.staging(path) for path in staged}))
        for number, name in enumerate(missing, 1):
            _compile(go, recipe, name, folder, say, f"({number} of {len(missing)})")


def _clear(folder: Path) -> None:
    """Remove what a build left that was killed."""
    for left in (*folder.glob(".scratch-*"), *folder.glob(".draft-*")):
        shutil.rmtree(left) if left.is_dir() else left.unlink()


def _compile(go: Go, recipe: Recipe, name: str, folder: Path, say: Say, count: str) -> None:
    draft = folder / f".draft-{name}-{os.getpid()}"
    title = f"building {name} {recipe.module.version} {count}"
    arguments = ["build", "-v", "-ldflags", recipe.ldflags(), "-o", str(draft), recipe.packages[name]]
    with step(say, title):
        go.run(arguments, folder, Pulse(say, title))
    (folder / "bin").mkdir(exist_ok=True)
    draft.replace(folder / "bin" / name)


def _check_machine(cache: Path) -> None:
    if platform.system() != "Linux":
        raise UnavailableError(
            Problem("the rig needs Linux", platform.system(), "run it in a Linux virtual machine or container")
        )
    free = shutil.disk_usage(cache).free
    if free < _DISK_BYTES:
        raise UnavailableError(
            Problem(
                f"a build needs {show_bytes(_DISK_BYTES)} of disk, and {show_bytes(free)} is free",
                str(cache),
                "free some",
            )
        )
