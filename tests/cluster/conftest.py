"""A real Kubernetes for the tests: one that runs already for this checkout, or one that ends with the session.

    def test_a_manifest_is_accepted(cluster: Cluster, namespace: str) -> None:
        assert cluster.dry_run(manifest, namespace) == ""

``cluster`` is of the oldest supported version, ``newest_cluster`` of the newest, ``each_cluster`` both, one after the
other. They are shared by all tests, so a test keeps to a namespace of its own or to dry runs.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rig.versions import DEFAULT, RELEASES, Release

ROOT = Path(__file__).parents[2]
RIG = (sys.executable, "-m", "rig")
# Set in CI, where these tests must run: what makes others skip them is a failure there.
REQUIRED = "BEAUFORT_RIG_REQUIRED"
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
            if "building" in line or "installing Go" in line:
                with capture.global_and_fixture_disabled():
                    sys.stderr.write(f"\n  rig: {line.rstrip()}")
        code = process.wait(_BUILD_PATIENCE)
    if code == _UNAVAILABLE and not os.environ.get(REQUIRED):
        reason = "\n".join(line for line in said if "error:" in line or "try:" in line)
        config.stash.setdefault(_SKIPPED, []).append(reason)
        pytest.skip(reason)
    assert code == 0, "\n".join(said)
    return status("--folder", str(folder))


def _of(found: dict[str, Any], discovery: Path) -> Cluster:
    return Cluster(found["version"], Path(found["kubeconfig"]), Path(found["programs"]), discovery)


def _running(release: Release) -> dict[str, Any] | None:
    found = status()
    return found if found["healthy"] and found["version"] == release.version else None


def _cluster(release: Release, factory: pytest.TempPathFactory, config: pytest.Config) -> Iterator[Cluster]:
    place = factory.mktemp("rig")
    running = _running(release)
    if running:
        yield _of(running, place)
        return
    folder = place / "cluster"
    yield _of(start(config, release, folder, "--no-nodes"), place / "discovery")
    done = rig("down", "--folder", str(folder))
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[Cluster]:
    """Return a cluster of the oldest Kubernetes that Beaufort supports."""
    yield from _cluster(DEFAULT, tmp_path_factory, pytestconfig)


@pytest.fixture(scope="session")
def newest_cluster(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[Cluster]:
    """Return a cluster of the newest Kubernetes that the rig has."""
    yield from _cluster(RELEASES[-1], tmp_path_factory, pytestconfig)


@pytest.fixture(params=["cluster", "newest_cluster"])
def each_cluster(request: pytest.FixtureRequest) -> Cluster:
    """Return one cluster after the other."""
    found: Cluster = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def namespace(request: pytest.FixtureRequest) -> Iterator[str]:
    """Return a namespace of the test's own, in which pods can be created, in the cluster that the test uses."""
    name = next(each for each in ("each_cluster", "newest_cluster", "cluster") if each in request.fixturenames)
    used: Cluster = request.getfixturevalue(name)
    made = f"test-{uuid.uuid4().hex[:8]}"
    assert used.kubectl("create", "namespace", made).returncode == 0
    ends = time.monotonic() + PATIENCE
    while used.kubectl("get", "serviceaccount", "default", "-n", made).returncode:
        assert time.monotonic() < ends, "the namespace has no service account"
        time.sleep(0.1)
    yield made
    used.kubectl("delete", "namespace", made, "--wait=false")
