"""Whatever of a cluster with nodes is killed at whatever moment: no process, mount, group, device or rule is left."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import psutil
import pytest

from rig import cgroups

from .conftest import PATIENCE, RIG, ROOT, Cluster, rig, status
from .test_lifecycle import pids, processes, wait_gone
from .workloads import until

BARE = ("--no-crds", "--nodes")
# Raised as long as there is a cluster with nodes, as the one of all tests is.
INOTIFY = "fs/inotify/max_user_instances"
# The kubelet sets them for the whole machine unless it is kept from that.
TUNABLES = ("vm/overcommit_memory", "vm/panic_on_oom", "kernel/panic", "kernel/panic_on_oops", INOTIFY)


def machine(folder: Path) -> dict[str, object]:
    """Return all of the machine that a node of a cluster could change."""
    rules = Path("/proc/net/ip_tables_names")
    return {
        "tunables": [Path("/proc/sys", name).read_text() for name in TUNABLES],
        "interfaces": sorted(path.name for path in Path("/sys/class/net").iterdir()),
        "routes": Path("/proc/net/route").read_text(),
        "tables": rules.read_text() if rules.exists() else "",
        "mounts": [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if str(folder) in line],
        "folders": [
            Path(name).exists() for name in ("/run/netns", "/run/containerd", "/var/lib/kubelet", "/var/lib/cni")
        ],
    }


def groups(folder: Path) -> list[Path]:
    return list(Path("/sys/fs/cgroup").glob(f"*/{cgroups.name(folder, '*')}"))


def inmates(folder: Path) -> set[int]:
    """Return the processes of a cluster's pods, which do not have its folder in their arguments."""
    return {
        int(pid) for group in groups(folder) for file in group.rglob("cgroup.procs") for pid in file.read_text().split()
    }


@pytest.fixture
def folder(nodes: Cluster, tmp_path: Path) -> Iterator[Path]:
    """Return the folder of a cluster of the test's own, and check that all is as before when it is gone."""
    assert nodes.place is not None
    place = tmp_path / "own"
    before = machine(place)
    yield place
    done = rig("down", "--folder", str(place))
    assert done.returncode == 0, done.stderr
    wait_gone(place)
    assert groups(place) == []
    assert list(tmp_path.iterdir()) == []
    assert machine(place) == before


def up(folder: Path) -> list[str]:
    return [*RIG, "up", *BARE, "--folder", str(folder), "--kubeconfig", f"{folder}.kubeconfig"]


@pytest.mark.parametrize(
    ("number", "name"),
    [(signal.SIGKILL, "containerd"), (signal.SIGKILL, "kubelet"), (signal.SIGTERM, "kube-proxy")],
)
def test_a_start_that_is_ended_half_way(folder: Path, number: signal.Signals, name: str) -> None:
    with subprocess.Popen(up(folder), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as starting:
        ends = time.monotonic() + PATIENCE
        while name not in processes(folder).values():
            assert time.monotonic() < ends
            time.sleep(0.01)
        starting.send_signal(number)
        starting.communicate(timeout=PATIENCE)
        assert starting.returncode == (-signal.SIGKILL if number == signal.SIGKILL else 130)
    if number != signal.SIGKILL:
        assert processes(folder) == {}
        assert not folder.exists()
    # The fixture takes it down, and checks that nothing is left.


def test_pods_go_with_the_cluster_though_all_of_it_was_killed(folder: Path) -> None:
    assert subprocess.run(up(folder), cwd=ROOT, capture_output=True, check=False).returncode == 0
    found = status("--folder", str(folder))
    _run_a_pod(found)
    pods = inmates(folder)
    assert len(pods) >= 2  # the pod's own process and its sandbox's
    for pid in pids(found).values():
        if psutil.pid_exists(pid):
            os.kill(pid, signal.SIGKILL)
    told = rig("status", "--folder", str(folder))
    assert told.returncode == 3
    assert rig("down", "--folder", str(folder)).stderr == "the cluster is gone\n"
    assert not any(psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE for pid in pods)


def _run_a_pod(found: dict[str, object]) -> None:
    kubectl = [f"{found['programs']}/kubectl", f"--kubeconfig={found['kubeconfig']}"]
    made = [*kubectl, "run", "one", "--image=rig/pause:1", "--image-pull-policy=Never"]
    ends = time.monotonic() + PATIENCE
    while subprocess.run(made, capture_output=True, check=False).returncode:
        assert time.monotonic() < ends
        time.sleep(0.2)
    waited = [*kubectl, "wait", "pod", "one", "--for=condition=Ready", "--timeout=60s"]
    assert subprocess.run(waited, capture_output=True, check=False).returncode == 0


def test_two_clusters_run_side_by_side(nodes: Cluster, folder: Path) -> None:
    assert subprocess.run(up(folder), cwd=ROOT, capture_output=True, check=False).returncode == 0
    for place in (("--folder", str(folder)), nodes.place or ()):
        until(partial(_well, place), "both nodes are ready")


def _well(place: Sequence[str]) -> bool:
    found = status(*place)
    return bool(found["healthy"]) and [each["ready"] for each in found["nodes"]] == [True, True]
