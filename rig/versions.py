"""The releases of Kubernetes that the rig can start: one row each.

A release is built from the module ``k8s.io/kubernetes`` at ``version``, with its staging modules at the matching
``v0.*`` version. Another release is one more row in ``RELEASES``. A row's exceptions are modules whose matching version
the Go checksum database does not have.
"""

from __future__ import annotations

from dataclasses import dataclass

from beaufort.errors import Problem, UsageError


@dataclass(frozen=True, slots=True, order=True)
class Minor:
    """The first two numbers of a version, as in Kubernetes 1.30 or Go 1.26."""

    major: int
    minor: int

    @classmethod
    def parse(cls, text: str) -> Minor:
        """Return the first two numbers of ``1.30``, ``v1.30.14`` or ``go1.26.8``.

        Raises:
            ValueError: The text is no version.
        """
        major, minor, *_ = text.removeprefix("go").removeprefix("v").split(".")
        return cls(int(major), int(minor))

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"


@dataclass(frozen=True, slots=True)
class Release:
    """One release of Kubernetes.

    Attributes:
        version: The version of ``k8s.io/kubernetes``, such as ``v1.30.14``.
        go: The Go version that its ``go.mod`` asks for; a newer one builds it as well.
        exceptions: Pairs of a staging module and its version, where that does not follow from ``version``.
    """

    version: str
    go: str
    exceptions: tuple[tuple[str, str], ...] = ()

    @property
    def minor(self) -> Minor:
        """Return the minor version by which a release is chosen."""
        return Minor.parse(self.version)

    def staging(self, module: str) -> str:
        """Return the version of one staging module, such as ``v0.30.14`` for ``k8s.io/api``."""
        return dict(self.exceptions).get(module, f"v0.{self.version.removeprefix('v1.')}")


RELEASES = (
    Release("v1.30.14", go="1.22.0", exceptions=(("k8s.io/kube-proxy", "v0.30.4"),)),
    Release("v1.34.4", go="1.24.0"),
    Release("v1.37.2", go="1.26.0"),
)
DEFAULT = RELEASES[0]
# The module go.etcd.io/etcd/server/v3. The 3.5 line serves every release above: 1.30 was published with 3.5, and newer
# ones ask an etcd for what it can do.
ETCD = "v3.5.35"


def find(wanted: str) -> Release:
    """Return the release called ``1.30`` or ``v1.30.14``.

    Raises:
        UsageError: There is no such row.
    """
    for release in RELEASES:
        if wanted.removeprefix("v") in {str(release.minor), release.version.removeprefix("v")}:
            return release
    known = ", ".join(str(release.minor) for release in RELEASES)
    raise UsageError(Problem(f"the rig has no Kubernetes {wanted!r}", remedy=f"choose one of {known}"))


@dataclass(frozen=True, slots=True)
class Gate:
    """A feature gate that Beaufort's manifests need.

    Attributes:
        name: As in ``--feature-gates``.
        first: The first minor version that has it and leaves it off.
        last: The last minor version that leaves it off.
        apis: Pairs of the minor version from which an API version is served with the gate, and that API version.
    """

    name: str
    first: Minor
    last: Minor
    apis: tuple[tuple[Minor, str], ...] = ()

    def off_by_default(self, minor: Minor) -> bool:
        """Return whether a release has the gate and leaves it off."""
        return self.first <= minor <= self.last

    def api(self, minor: Minor) -> str:
        """Return the API version that a release serves with the gate; empty when there is none."""
        return next((api for since, api in reversed(self.apis) if since <= minor), "")


# Source: kep.yaml of KEP-3751 and KEP-4444, and pkg/features/kube_features.go.
GATES = (
    Gate(
        "VolumeAttributesClass",
        first=Minor(1, 29),
        last=Minor(1, 33),
        apis=((Minor(1, 29), "storage.k8s.io/v1alpha1"), (Minor(1, 31), "storage.k8s.io/v1beta1")),
    ),
    Gate("ServiceTrafficDistribution", first=Minor(1, 30), last=Minor(1, 30)),
)


def gates(release: Release) -> dict[str, bool]:
    """Return the feature gates that are switched on in a release, for every component alike."""
    return {gate.name: True for gate in GATES if gate.off_by_default(release.minor)}


def apis(release: Release) -> tuple[str, ...]:
    """Return the API versions that are served besides the default ones."""
    needed = (gate.api(release.minor) for gate in GATES if gate.off_by_default(release.minor))
    return tuple(api for api in needed if api)
