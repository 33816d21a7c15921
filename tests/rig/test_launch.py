"""Starts that fail, with programs that do nothing but fail: real ones are started in tests/cluster."""

from pathlib import Path

import psutil
import pytest

from beaufort.errors import UsageError
from rig import launch, state
from rig.build import Programs
from rig.cluster import ClusterError
from rig.inventory import NODES
from rig.launch import Settings
from rig.state import Phase, State
from rig.versions import DEFAULT, RELEASES

from .conftest import PORTS

SLEEPS = "exec sleep 600"
TAKEN = "echo listen tcp 127.0.0.1:1: bind: address already in use >&2; exit 1"
BROKEN = "echo first; echo; echo 'flag provided but not defined' >&2; exit 2"


@pytest.fixture
def programs(tmp_path: Path) -> Programs:
    made = Programs(tmp_path / "bin", tmp_path / "bin" / "etcd")
    made.kubernetes.mkdir()
    for name in ("etcd", "kube-apiserver"):
        program = made.kubernetes / name
        program.write_text(f"#!/bin/sh\n{SLEEPS}\n")
        program.chmod(0o755)
    return made


def replace(programs: Programs, name: str, body: str) -> None:
    Path(programs.path(name)).write_text(f"#!/bin/sh\n{body}\n")


def left(folder: Path) -> list[list[str]]:
    every = psutil.process_iter(["cmdline", "status"])
    alive = (one.info["cmdline"] or [] for one in every if one.info["status"] != psutil.STATUS_ZOMBIE)
    return [arguments for arguments in alive if any(str(folder) in each for each in arguments)]


def test_a_component_that_ends_is_told_with_its_last_words(tmp_path: Path, programs: Programs) -> None:
    replace(programs, "etcd", BROKEN)
    folder = tmp_path / "cluster"
    with pytest.raises(ClusterError, match=r"etcd ended .*said last:\nfirst\nflag provided but not defined$"):
        launch.start(folder, Settings(DEFAULT, tmp_path / "kubeconfig"), programs, lambda _: None)
    assert left(folder) == []
    assert not folder.exists()


def test_other_ports_are_tried_when_one_was_taken(tmp_path: Path, programs: Programs) -> None:
    replace(programs, "kube-apiserver", TAKEN)
    folder, said = tmp_path / "cluster", list[str]()
    with pytest.raises(ClusterError, match="address already in use"):
        launch.start(folder, Settings(DEFAULT, tmp_path / "kubeconfig"), programs, said.append)
    assert [line for line in said if "port" in line] == ["another program took a port: trying others"] * 2
    assert left(folder) == []
    assert not folder.exists()


def test_a_program_that_is_missing_leaves_nothing(tmp_path: Path, programs: Programs) -> None:
    Path(programs.path("kube-apiserver")).unlink()
    folder = tmp_path / "cluster"
    with pytest.raises(ClusterError, match="kube-apiserver ended"):
        launch.start(folder, Settings(DEFAULT, tmp_path / "kubeconfig"), programs, lambda _: None)
    assert left(folder) == []
    assert not folder.exists()


def test_somebody_elses_kubeconfig_is_told_before_anything_starts(tmp_path: Path, programs: Programs) -> None:
    (tmp_path / "config").write_text("mine")
    with pytest.raises(UsageError, match="choose another --kubeconfig"):
        launch.start(tmp_path / "cluster", Settings(DEFAULT, tmp_path / "config"), programs, lambda _: None)
    assert (tmp_path / "config").read_text() == "mine"
    assert not (tmp_path / "cluster").exists()


def test_a_running_cluster_of_another_version_is_refused(tmp_path: Path) -> None:
    known = State(phase=Phase.RUNNING, version=DEFAULT.version, ports=PORTS, kubeconfig=tmp_path / "k")
    launch.check_same(known, Settings(DEFAULT, tmp_path / "k"))
    with pytest.raises(UsageError, match=r"v1\.30\.14 runs, not v1\..*make cluster-down"):
        launch.check_same(known, Settings(RELEASES[-1], tmp_path / "k"))
    with pytest.raises(UsageError, match=r"a control plane alone runs, without nodes"):
        launch.check_same(known, Settings(DEFAULT, tmp_path / "k", nodes=NODES))
    launch.check_same(known.model_copy(update={"nodes": NODES}), Settings(DEFAULT, tmp_path / "k"))
    assert state.load(tmp_path) is None
