"""A real Kubernetes for the tests: one that runs already for this checkout, or one that ends with the session.

    def test_a_manifest_is_accepted(cluster: Cluster, namespace: str) -> None:
        assert cluster.dry_run(manifest, namespace) == ""

``cluster`` is of the oldest supported version, ``newest_cluster`` of the newest, ``each_cluster`` both, one after the
other: control planes without nodes. ``nodes`` is one of the oldest version with two nodes on which pods run, and
``rig_nodes`` the same, for tests that switch a node off or let a device fail. They are shared by all tests, so a test
keeps to a namespace of its own or to dry runs.

With ``BEAUFORT_KUBECONFIG``, as `make test-cluster` sets it, ``cluster`` and ``nodes`` are whatever cluster that is.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from rig.images import BASE
from rig.versions import DEFAULT, RELEASES, Release

ROOT = Path(__file__).parents[2]
RIG = (sys.executable, "-m", "rig")
# Set in CI, where these tests must run: what makes others skip them is a failure there.
REQUIRED = "BEAUFORT_RIG_REQUIRED"
# A cluster that is not the rig's.
ANY = "BEAUFORT_KUBECONFIG"
# What pods run there, where the rig's image is not known: anything with sh, sleep and python3.
IMAGE = "BEAUFORT_TEST_IMAGE"
PATIENCE = 60.0  # seconds that a test waits for what should come in a moment
_BUILD_PATIENCE = 3600.0
_UNAVAILABLE = 3
_SKIPPED = pytest.StashKey[list[str]]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder, and bound each without the start of its cluster, which may have to be built."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("cluster")
            item.add_marker(pytest.mark.timeout(240, func_only=True))
            if "lifecycle" in item.path.name and os.environ.get(ANY):
                item.add_marker(pytest.mark.skip(reason="only the rig's own clusters are started and ended"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say in the end, where nobody overlooks it, that no test on a cluster has run."""
    reasons: list[str] = config.stash.get(_SKIPPED, [])
    for reason in dict.fromkeys(reasons):
        terminalreporter.section("NO TEST ON A REAL KUBERNETES HAS RUN", sep="!", red=True)
        terminalreporter.line(reason)


@dataclass(frozen=True)
class Cluster:
    """A running cluster, talked to through the kubectl of its own version.

    kubectl, since that is what users have: server-side apply, field managers and strict validation are as they meet
    them, and it is built beside the API server anyway.
    """

    version: str
    kubeconfig: Path
    programs: Path
    discovery: Path  # what kubectl keeps of the API server's offers, apart from the user's own
    place: tuple[str, ...] | None = None  # how the rig's verbs find it; None when it is not the rig's
    image: str = BASE

    def rig(self, *arguments: str) -> str:
        """Run a verb of the rig on this cluster and return what it says."""
        assert self.place is not None
        done = rig(*arguments, *self.place)
        assert done.returncode == 0, done.stderr
        return done.stderr

    def rig_folder(self) -> Path:
        """Return where the rig keeps this cluster's files."""
        assert self.place is not None
        return Path(status(*self.place)["folder"])

    def kubectl(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run kubectl."""
        command = [str(self.programs / "kubectl"), f"--kubeconfig={self.kubeconfig}"]
        command += [f"--cache-dir={self.discovery}", *arguments]
        return subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=120, check=False)

    def get(self, *arguments: str) -> dict[str, Any]:
        """Return what ``kubectl get`` finds."""
        done = self.kubectl("get", *arguments, "-o", "json")
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def apply(self, manifests: str, namespace: str, *flags: str) -> str:
        """Apply manifests on the server and return what it has against them: nothing when it accepts them all.

        An unknown field is an error, as is a wrong type: server-side apply knows every object's schema.
        """
        arguments = ("apply", "--server-side", "--field-manager=test", f"--namespace={namespace}", *flags, "-f", "-")
        done = self.kubectl(*arguments, stdin=manifests)
        assert done.returncode == 0 or done.stderr.strip()
        return done.stderr.strip() if done.returncode else ""

    def dry_run(self, manifests: str, namespace: str) -> str:
        """Do as ``apply`` does, and keep nothing."""
        return self.apply(manifests, namespace, "--dry-run=server")


def rig(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a verb of the rig."""
    return subprocess.run([*RIG, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)


def status(*arguments: str) -> dict[str, Any]:
    """Return what ``status`` says of a cluster."""
    found: dict[str, Any] = json.loads(rig("status", "-o", "json", *arguments).stdout)
    return found


def start(config: pytest.Config, release: Release, folder: Path, *flags: str) -> dict[str, Any]:
    """Start a cluster that ends with this process, showing what the rig says, and return its status.

    Skips the test when this machine cannot have one.
    """
    arguments = ["--folder", str(folder), "--kubeconfig", str(folder) + ".kubeconfig"]
    command = [*RIG, "up", "--kubernetes", release.version, "--until-exit-of", str(os.getpid()), *arguments, *flags]
    said: list[str] = []
    capture = config.pluginmanager.getplugin("capturemanager")
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        for line in process.stderr or ():
            said.append(line.rstrip())
            if line.startswith(("building", "installing Go", "fetching")):
                with capture.global_and_fixture_disabled():
                    sys.stderr.write(f"\n  rig: {line.rstrip()}")
        code = process.wait(_BUILD_PATIENCE)
    # CI must have a control plane everywhere; nodes, which need root and namespaces, only where it says so.
    required = os.environ.get(REQUIRED)
    if code == _UNAVAILABLE and (not required or ("--nodes" in flags and required != "nodes")):
        reason = "\n".join(line for line in said if "error:" in line or "try:" in line)
        config.stash.setdefault(_SKIPPED, []).append(reason)
        pytest.skip(reason)
    assert code == 0, "\n".join(said)
    return status("--folder", str(folder))


def _of(found: dict[str, Any], discovery: Path, *place: str) -> Cluster:
    return Cluster(found["version"], Path(found["kubeconfig"]), Path(found["programs"]), discovery, place)


def _running(release: Release, *, nodes: bool) -> dict[str, Any] | None:
    found = status()
    fits = found["healthy"] and found["version"] == release.version and bool(found["nodes"]) == nodes
    return found if fits else None


def _foreign(discovery: Path) -> Cluster | None:
    kubeconfig = os.environ.get(ANY)
    if not kubeconfig:
        return None
    kubectl = shutil.which("kubectl")
    assert kubectl, "there is no kubectl on the PATH"
    image = os.environ.get(IMAGE, "python:3.11-slim")
    found = Cluster("", Path(kubeconfig), Path(kubectl).parent, discovery, image=image)
    version = json.loads(found.kubectl("version", "-o", "json").stdout)["serverVersion"]["gitVersion"]
    return replace(found, version=version)


def _cluster(
    release: Release, factory: pytest.TempPathFactory, config: pytest.Config, *, nodes: bool = False
) -> Iterator[Cluster]:
    place = factory.mktemp("rig")
    running = _running(release, nodes=nodes)
    if running:
        yield _of(running, place)
        return
    folder = place / "cluster"
    # The tests on nodes need no custom resources but that of LeaderWorkerSet, which comes with its controller.
    found = start(config, release, folder, *(("--nodes", "--no-crds") if nodes else ("--no-nodes",)))
    yield _of(found, place / "discovery", "--folder", str(folder))
    done = rig("down", "--folder", str(folder))
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[Cluster]:
    """Return a cluster of the oldest Kubernetes that Beaufort supports."""
    foreign = _foreign(tmp_path_factory.mktemp("discovery"))
    if foreign:
        yield foreign
        return
    yield from _cluster(DEFAULT, tmp_path_factory, pytestconfig)


@pytest.fixture(scope="session")
def newest_cluster(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[Cluster]:
    """Return a cluster of the newest Kubernetes that the rig has."""
    if os.environ.get(ANY):
        pytest.skip(f"{ANY} is the cluster to test")
    yield from _cluster(RELEASES[-1], tmp_path_factory, pytestconfig)


@pytest.fixture(scope="session")
def nodes(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[Cluster]:
    """Return a cluster with nodes on which pods run ``nodes.image``."""
    foreign = _foreign(tmp_path_factory.mktemp("discovery"))
    if foreign:
        yield foreign
        return
    made = _cluster(DEFAULT, tmp_path_factory, pytestconfig, nodes=True)
    found = next(made)
    assert found.place is not None
    loaded = rig("image", "load", "base", *found.place)
    assert loaded.returncode == 0, loaded.stderr
    yield found
    next(made, None)


@pytest.fixture
def rig_nodes(nodes: Cluster) -> Cluster:
    """Return the rig's cluster with nodes, for what only the rig can do to a node."""
    if nodes.place is None:
        pytest.skip("only the rig switches nodes off and lets devices fail")
    return nodes


@pytest.fixture(params=["cluster", "newest_cluster"])
def each_cluster(request: pytest.FixtureRequest) -> Cluster:
    """Return one cluster after the other."""
    found: Cluster = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def namespace(request: pytest.FixtureRequest) -> Iterator[str]:
    """Return a namespace of the test's own, in which pods can be created, in the cluster that the test uses."""
    known = ("each_cluster", "newest_cluster", "cluster", "nodes")
    name = next(each for each in known if each in request.fixturenames)
    used: Cluster = request.getfixturevalue(name)
    made = f"test-{uuid.uuid4().hex[:8]}"
    assert used.kubectl("create", "namespace", made).returncode == 0
    ends = time.monotonic() + PATIENCE
    while used.kubectl("get", "serviceaccount", "default", "-n", made).returncode:
        assert time.monotonic() < ends, "the namespace has no service account"
        time.sleep(0.1)
    yield made
    used.kubectl("delete", "namespace", made, "--wait=false")
