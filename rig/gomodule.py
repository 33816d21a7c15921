"""The text of ``go.mod`` files: what the rig's small modules require, and what others replace."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from rig.versions import ETCD, Release

KUBERNETES = "k8s.io/kubernetes"
_STAGED = re.compile(r"^\s*(?:replace\s+)?(k8s\.io/[\w.-]+)\s+=>\s+\./staging/", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Module:
    """A Go module at one version, such as ``sigs.k8s.io/lws`` at ``v0.6.1``."""

    path: str
    version: str

    def __str__(self) -> str:
        return f"{self.path}@{self.version}"


@dataclass(frozen=True, slots=True)
class Recipe:
    """What is built from one small module of the rig's own.

    Attributes:
        name: The name of its folder in the cache, with the version.
        module: What the small module requires.
        go: The Go version that its ``go.mod`` states. It also decides how the runtime behaves (``GODEBUG``).
        packages: The main package of every program, by the program's name.
        settings: String variables that the linker sets, by their full names.
        release: The release whose staging modules replace those of the module; None when it has none.
    """

    name: str
    module: Module
    go: str
    packages: dict[str, str]
    settings: dict[str, str] = field(default_factory=dict)
    release: Release | None = None

    def ldflags(self) -> str:
        """Return the linker's flags: no symbol tables, and the settings."""
        return " ".join(["-s", "-w", *(f"-X {name}={value}" for name, value in sorted(self.settings.items()))])


def kubernetes(release: Release) -> Recipe:
    """Return how a release's programs are built. The kubelet and kube-proxy are there for the nodes."""
    programs = (
        "kube-apiserver",
        "kube-controller-manager",
        "kube-scheduler",
        "kubectl",
        "kubelet",
        "kube-proxy",
    )
    variables = {
        "gitVersion": release.version,
        "gitMajor": str(release.minor.major),
        "gitMinor": str(release.minor.minor),
    }
    return Recipe(
        name=f"kubernetes-{release.version}",
        module=Module(KUBERNETES, release.version),
        go=release.go,
        packages={name: f"{KUBERNETES}/cmd/{name}" for name in programs},
        settings={f"k8s.io/component-base/version.{name}": value for name, value in variables.items()},
        release=release,
    )


def etcd() -> Recipe:
    """Return how etcd is built."""
    path = "go.etcd.io/etcd/server/v3"
    return Recipe(f"etcd-{ETCD}", Module(path, ETCD), go="1.24.0", packages={"etcd": path})


def staged(go_mod: str) -> tuple[str, ...]:
    """Return the modules that Kubernetes' own ``go.mod`` replaces by folders of its repository, in its order."""
    return tuple(dict.fromkeys(_STAGED.findall(go_mod)))


def text(recipe: Recipe, replaced: dict[str, str] | None = None) -> str:
    """Return the ``go.mod`` of a recipe.

    Args:
        recipe: What is built.
        replaced: The version that stands for any version of a module, by the module's path.
    """
    lines = [
        "module beaufort.invalid/rig",
        "",
        f"go {recipe.go}",
        "",
        f"require {recipe.module.path} {recipe.module.version}",
    ]
    if replaced:
        lines += ["", "replace (", *(f"\t{path} => {path} {version}" for path, version in replaced.items()), ")"]
    return "\n".join(lines) + "\n"
