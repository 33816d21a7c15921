"""Whatever is killed at whatever moment: nothing is left behind, and the next start succeeds."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from rig.versions import DEFAULT, RELEASES

from .conftest import PATIENCE, RIG, ROOT, Cluster, rig, start, status

ALONE = ("--no-crds", "--no-nodes")  # a control plane and nothing else, in seconds


def processes(folder: Path) -> dict[int, str]:
    """Return every process with a cluster's folder in its arguments: all that the rig starts have it there."""
    found = {}
    for one in psutil.process_iter(["pid", "name", "cmdline", "status"]):
        if one.info["status"] != psutil.STATUS_ZOMBIE and any(
            str(folder) in part for part in one.info["cmdline"] or ()
        ):
            found[one.info["pid"]] = one.info["name"]
    return found


def wait_gone(folder: Path) -> None:
    ends = time.monotonic() + PATIENCE
    while left := processes(folder):
        assert time.monotonic() < ends, left
        time.sleep(0.05)


def pids(found: dict[str, Any]) -> dict[str, int]:
    return {each["name"]: each["pid"] for each in found["components"]}


@pytest.fixture
def folder(cluster: Cluster, tmp_path: Path) -> Iterator[Path]:
    """Return the folder of a cluster of the test's own. The shared one has been built by then."""
    assert cluster.version == DEFAULT.version
    place = tmp_path / "own"
    yield place
    done = rig("down", "--folder", str(place))
    assert done.returncode == 0, done.stderr
    wait_gone(place)
    assert list(tmp_path.iterdir()) == []


def up(folder: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    return rig("up", *ALONE, "--folder", str(folder), "--kubeconfig", f"{folder}.kubeconfig", *flags)


def test_a_second_up_changes_nothing_and_down_leaves_nothing(pytestconfig: pytest.Config, folder: Path) -> None:
    first = start(pytestconfig, DEFAULT, folder, *ALONE)
    assert first["healthy"]
    assert set(processes(folder).values()) >= {"etcd", "kube-apiserver", "kube-scheduler"}
    again = up(folder)
    assert again.returncode == 0
    assert "v1.30.14 runs already" in again.stderr
    assert pids(status("--folder", str(folder))) == pids(first)
    done = rig("down", "--folder", str(folder))
    assert (done.returncode, done.stderr) == (0, "the cluster is gone\n")
    assert processes(folder) == {}
    assert not folder.exists()
    assert not Path(first["kubeconfig"]).exists()
    assert rig("down", "--folder", str(folder)).stderr == "there is no cluster\n"


def test_another_version_is_refused_while_one_runs(folder: Path) -> None:
    assert up(folder).returncode == 0
    other = up(folder, "--kubernetes", str(RELEASES[-1].minor))
    assert other.returncode == 2
    assert "Kubernetes v1.30.14 runs, not v1.37" in other.stderr
    assert status("--folder", str(folder))["healthy"]


@pytest.mark.parametrize("victim", ["etcd", "kube-scheduler"])
def test_what_is_killed_is_noticed_and_the_next_up_starts_anew(folder: Path, victim: str) -> None:
    assert up(folder).returncode == 0
    before = pids(status("--folder", str(folder)))
    os.kill(before[victim], signal.SIGKILL)
    told = rig("status", "--folder", str(folder))
    assert told.returncode == 3
    assert "it is not well" in told.stdout
    again = up(folder)
    assert again.returncode == 0, again.stderr
    assert "starting anew" in again.stderr
    after = status("--folder", str(folder))
    assert after["healthy"]
    assert set(pids(after).values()).isdisjoint(before.values())
    assert set(processes(folder)) == set(pids(after).values())


def test_down_leaves_nothing_after_everything_was_killed(folder: Path) -> None:
    assert up(folder).returncode == 0
    for pid in pids(status("--folder", str(folder))).values():
        os.kill(pid, signal.SIGKILL)
    assert rig("down", "--folder", str(folder)).stderr == "the cluster is gone\n"


@pytest.mark.parametrize(
    ("number", "names"),
    [
        (signal.SIGKILL, ["etcd"]),
        (signal.SIGKILL, ["etcd", "kube-apiserver"]),
        (signal.SIGKILL, ["kube-scheduler"]),
        (signal.SIGTERM, ["etcd", "kube-apiserver"]),
        (signal.SIGINT, ["kube-scheduler"]),
    ],
)
def test_a_start_that_is_ended_half_way(folder: Path, number: signal.Signals, names: list[str]) -> None:
    command = [*RIG, "up", *ALONE, "--folder", str(folder), "--kubeconfig", f"{folder}.kubeconfig"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as starting:
        ends = time.monotonic() + PATIENCE
        while not set(names) <= set(processes(folder).values()):
            assert time.monotonic() < ends
            time.sleep(0.01)
        starting.send_signal(number)
        starting.communicate(timeout=PATIENCE)
        assert starting.returncode == (-signal.SIGKILL if number == signal.SIGKILL else 130)
    if number != signal.SIGKILL:
        assert processes(folder) == {}
        assert not folder.exists()
    # The fixture takes it down, and checks that nothing is left.


def test_it_ends_with_the_process_that_it_was_started_for(folder: Path) -> None:
    with subprocess.Popen(["/bin/sleep", "600"]) as master:
        assert up(folder, "--until-exit-of", str(master.pid)).returncode == 0
        assert len(processes(folder)) == 5
        master.kill()
    wait_gone(folder)
    ends = time.monotonic() + PATIENCE
    while folder.exists():
        assert time.monotonic() < ends
        time.sleep(0.05)
    assert status("--folder", str(folder))["phase"] == "absent"


def test_two_that_start_at_once_start_one(folder: Path) -> None:
    command = [*RIG, "up", *ALONE, "--folder", str(folder), "--kubeconfig", f"{folder}.kubeconfig"]
    both = [
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = [each.communicate(timeout=240)[1] for each in both]
    assert [each.returncode for each in both] == [0, 0], said
    assert sorted("runs already" in each for each in said) == [False, True]
    assert len(processes(folder)) == 4


def test_a_gate_that_does_not_exist_is_told_by_the_component_itself(folder: Path) -> None:
    done = up(folder, "--gate", "NoSuchGate=true")
    assert done.returncode == 1
    assert "kube-apiserver ended while the cluster started" in done.stderr
    assert "unrecognized feature gate: NoSuchGate" in done.stderr
    assert processes(folder) == {}


def test_a_gate_can_be_switched_on(folder: Path) -> None:
    assert up(folder, "--gate", "HPAScaleToZero=true").returncode == 0
    found = status("--folder", str(folder))
    kubectl = Path(found["programs"]) / "kubectl"
    scaler = """
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: zero, namespace: default}
spec:
  minReplicas: 0
  maxReplicas: 2
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: d}
  metrics: [{type: External, external: {metric: {name: queue}, target: {type: Value, value: 1}}}]
"""
    command = [str(kubectl), f"--kubeconfig={found['kubeconfig']}", "apply", "--server-side", "-f", "-"]
    done = subprocess.run(command, input=scaler, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_files_of_others_in_the_folder_stay(folder: Path) -> None:
    folder.mkdir()
    (folder / "thesis.txt").write_text("years of work")
    done = up(folder)
    assert done.returncode == 2
    assert "holds other files" in done.stderr
    assert rig("down", "--folder", str(folder)).stderr == "there is no cluster\n"
    assert (folder / "thesis.txt").read_text() == "years of work"
    (folder / "thesis.txt").unlink()
