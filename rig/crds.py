"""Other projects' custom resources: where their definitions come from, and how they get into a cluster.

Most are files that their owners ship inside a Go module. What is not to be had as a Go module is reduced by hand in
``schemas/``: just the parts that Beaufort renders, and strict in those.
"""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from beaufort.errors import BeaufortError, Problem
from rig import toolchain
from rig.cache import locked
from rig.gomodule import Module
from rig.kubectl import run
from rig.progress import Say, step

_PATIENCE = 120.0
# One line for each definition: its name, and True once it is established.
_LINES = (
    "{{range .items}}{{.metadata.name}}"
    '{{range .status.conditions}}{{if eq .type "Established"}} {{.status}}{{end}}{{end}}'
    '{{"\\n"}}{{end}}'
)
SCHEMAS = Path(__file__).parent / "schemas"
_MONITORING = "example/prometheus-operator-crd/monitoring.coreos.com_"
_CILIUM = "pkg/k8s/apis/cilium.io/client/crds/v2/"
_CAPI = "config/crd/bases/cluster.x-k8s.io_"
_CAPA = "config/crd/bases/infrastructure.cluster.x-k8s.io_"


class CrdError(BeaufortError):
    """Custom resource definitions could not be fetched or installed."""


@dataclass(frozen=True, slots=True)
class Source:
    """The definitions of one project.

    Attributes:
        name: The project.
        module: The Go module that ships them.
        files: Which of the module's files, as patterns from its root.
        kind: What of these is taken.
    """

    name: str
    module: Module
    files: tuple[str, ...]
    kind: str = field(default="CustomResourceDefinition", repr=False)

    def place(self, cache: Path) -> Path:
        """Return the folder of the definitions in the cache, which changes when the row does."""
        digest = hashlib.sha256(repr(self).encode()).hexdigest()[:8]
        return cache / "crds" / f"{self.name}-{self.module.version}-{digest}"


GROUPS = Source("leaderworkerset", Module("sigs.k8s.io/lws", "v0.6.1"), ("config/crd/bases/*.yaml",))
SOURCES = (
    GROUPS,
    Source(
        "prometheus-operator",
        Module("github.com/prometheus-operator/prometheus-operator", "v0.85.0"),
        tuple(f"{_MONITORING}{kind}.yaml" for kind in ("servicemonitors", "podmonitors", "prometheusrules", "probes")),
    ),
    Source(
        "cluster-api",
        Module("sigs.k8s.io/cluster-api", "v1.12.8"),
        (
            *(f"{_CAPI}{kind}.yaml" for kind in ("clusters", "machinedeployments", "machinesets", "machines")),
            *(f"{_CAPI}{kind}.yaml" for kind in ("machinepools", "machinehealthchecks", "clusterclasses")),
            "bootstrap/kubeadm/config/crd/bases/*.yaml",
            "controlplane/kubeadm/config/crd/bases/*.yaml",
        ),
    ),
    Source(
        "cluster-api-aws",
        Module("sigs.k8s.io/cluster-api-provider-aws/v2", "v2.13.0"),
        tuple(f"{_CAPA}{kind}.yaml" for kind in ("awsclusters", "awsmachinetemplates", "awsmachinepools")),
    ),
    Source("gateway-api", Module("sigs.k8s.io/gateway-api", "v1.3.0"), ("config/crd/standard/*.yaml",)),
    Source(
        "inference-extension",
        Module("sigs.k8s.io/gateway-api-inference-extension", "v1.0.0"),
        ("config/crd/bases/*.yaml",),
    ),
    Source(
        "cilium",
        Module("github.com/cilium/cilium", "v1.16.0"),
        tuple(f"{_CILIUM}{kind}.yaml" for kind in ("ciliumnetworkpolicies", "ciliumclusterwidenetworkpolicies")),
    ),
    Source("keda", Module("github.com/kedacore/keda/v2", "v2.16.1"), ("config/crd/bases/keda.sh_*.yaml",)),
    Source(
        "k6-operator", Module("github.com/grafana/k6-operator", "v0.0.19"), ("config/crd/bases/k6.io_testruns.yaml",)
    ),
    Source(
        "cluster-autoscaler",
        Module("k8s.io/autoscaler/cluster-autoscaler/apis", "v0.0.0-20240325113845-0130d33747bb"),
        ("config/crd/*.yaml",),
    ),
)
# KWOK's own stages: how a made-up node gets ready, and how a pod runs and goes.
STAGES = Source(
    "kwok-stages",
    Module("sigs.k8s.io/kwok", "v0.6.1"),
    ("kustomize/stage/node/fast/*.yaml", "kustomize/stage/pod/fast/*.yaml"),
    kind="Stage",
)


def fetch(cache: Path, say: Say) -> tuple[Path, ...]:
    """Return the folders with all definitions, fetching those that the cache lacks.

    Raises:
        UnavailableError: There is no Go.
        BuildError: A module cannot be had.
        CrdError: A module lacks the files that it should have.
    """
    missing = [source for source in SOURCES if not source.place(cache).exists()]
    if missing:
        with locked(cache / "crds.lock", say):
            go = toolchain.find(cache, say)
            for source in missing:
                if not source.place(cache).exists():
                    with step(say, f"fetching the custom resources of {source.name}"):
                        _fetch(source, go, cache)
    return (SCHEMAS, *(source.place(cache) for source in SOURCES))


def _fetch(source: Source, go: toolchain.Go, cache: Path) -> None:
    draft = source.place(cache).with_name(f".{source.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    module = go.download(source.module, draft)
    for pattern in source.files:
        found = sorted(module.glob(pattern))
        if not found:
            raise CrdError(Problem(f"{source.module} has no {pattern}", source.name))
        for path in found:
            if f"\nkind: {source.kind}\n" in path.read_text():
                shutil.copyfile(path, draft / path.name)
    draft.rename(source.place(cache))


def fetch_one(source: Source, cache: Path, say: Say) -> Path:
    """Return the folder of what one module ships, fetching it if the cache lacks it.

    Raises:
        UnavailableError: There is no Go.
        BuildError: The module cannot be had.
        CrdError: The module lacks the files that it should have.
    """
    if not source.place(cache).exists():
        with locked(cache / "crds.lock", say):
            if not source.place(cache).exists():
                _fetch(source, toolchain.find(cache, say), cache)
    return source.place(cache)


def install(definitions: Sequence[Path], kubectl: str, folder: Path) -> int:
    """Install definitions into a cluster, wait until it serves them, and return how many there are.

    Args:
        definitions: The folders that hold them.
        kubectl: The program.
        folder: Where the cluster keeps its files.

    Raises:
        KubectlError: The cluster refused one.
        CrdError: The cluster does not serve one.
    """
    # Server-side: some are too big for the annotation of a client-side apply.
    arguments = ["apply", "--server-side", "--force-conflicts", "--field-manager=rig", "-o", "name"]
    files = [argument for each in definitions for argument in ("-f", str(each))]
    applied = run(kubectl, folder, [*arguments, *files]).split()
    ends = time.monotonic() + _PATIENCE
    while missing := _unserved(kubectl, folder):
        if time.monotonic() > ends:
            raise CrdError(Problem(f"not served after {_PATIENCE:.0f} s: {', '.join(missing)}"))
        time.sleep(0.2)
    return len(applied)


def _unserved(kubectl: str, folder: Path) -> list[str]:
    # `kubectl wait` asks for one at a time, a tenth of a second each.
    listed = run(kubectl, folder, ["get", "crds", "-o", f"go-template={_LINES}"])
    return [line.split()[0] for line in listed.splitlines() if not line.endswith(" True")]
