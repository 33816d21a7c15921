"""The text of ``go.mod`` files: what the rig's small modules require, and what others replace."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path

from rig.versions import ETCD, Release

KUBERNETES = "k8s.io/kubernetes"
_PROGRAMS = Path(__file__).parent / "programs"
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
        sources: Go files of our own that are compiled, by their paths in the small module.
    """

    name: str
    module: Module
    go: str
    packages: dict[str, str]
    settings: dict[str, str] = field(default_factory=dict)
    release: Release | None = None
    sources: dict[str, str] = field(default_factory=dict, repr=False)

    def digest(self) -> str:
        """Return what changes with everything that the programs depend on."""
        told = repr(self) + (repr(self.sources) if self.sources else "")
        return hashlib.sha256(told.encode()).hexdigest()[:8]

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


def addons() -> tuple[Recipe, ...]:
    """Return how the programs are built that run beside the control plane of a cluster with nodes."""
    return tuple(
        Recipe(f"{name}-{version}", Module(module, version), go, packages={name: f"{module}{package}"})
        for name, module, version, go, package in (
            ("coredns", "github.com/coredns/coredns", "v1.11.1", "1.22.0", ""),
            ("metrics-server", "sigs.k8s.io/metrics-server", "v0.7.2", "1.22.0", "/cmd/metrics-server"),
            ("lws", "sigs.k8s.io/lws", "v0.6.1", "1.24.0", "/cmd"),
            ("kwok", "sigs.k8s.io/kwok", "v0.6.1", "1.22.3", "/cmd/kwok"),
        )
    )


def own(release: Release) -> Recipe:
    """Return how the rig's own programs for nodes are built: ``programs/`` holds their sources."""
    files = {str(path.relative_to(_PROGRAMS)): path.read_text() for path in sorted(_PROGRAMS.glob("*/*.go"))}
    return Recipe(
        "nodes",
        Module("k8s.io/kubelet", release.staging("k8s.io/kubelet")),
        release.go,
        packages={Path(name).parent.name: f"./{Path(name).parent}" for name in files},
        sources=files,
    )


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
