import shutil
from pathlib import Path

import pytest

from beaufort.errors import UnavailableError
from rig import cluster, kubeconfig, state
from rig.state import Phase, State

from .conftest import PORTS, Start

SLEEP = ("sleep", "600")


def known(tmp_path: Path) -> State:
    return State(phase=Phase.RUNNING, version="v1.30.14", ports=PORTS, kubeconfig=tmp_path / "kubeconfig")


def test_what_the_state_lists_is_ended_and_what_the_rig_wrote_is_removed(tmp_path: Path, start: Start) -> None:
    folder = tmp_path / "cluster"
    one, other, stranger = start(*SLEEP), start(*SLEEP), start(*SLEEP)
    stale = stranger.model_copy(update={"started": stranger.started - 1, "name": "kube-apiserver"})
    for name in cluster.FILES[:-1]:
        (folder / name).mkdir(parents=True)
        (folder / name / "file").write_text("")
    (folder / cluster.FILES[-1]).write_text("")
    kubeconfig.publish(tmp_path / "kubeconfig", "")
    state.save(folder, known(tmp_path).model_copy(update={"processes": (one, stale, other)}))
    assert cluster.stop(folder)
    assert (one.runs(), other.runs(), stranger.runs()) == (False, False, True)
    assert not folder.exists()
    assert not (tmp_path / "kubeconfig").exists()
    assert not cluster.stop(folder)


def test_what_an_interrupted_removal_left_is_removed(tmp_path: Path) -> None:
    folder = tmp_path / "cluster"
    state.save(folder, known(tmp_path))
    (folder / "logs").mkdir()
    shutil.rmtree(folder / "logs")
    assert cluster.stop(folder)
    assert not folder.exists()


def test_without_a_state_nothing_is_removed(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "mine").write_text("")
    assert not cluster.stop(tmp_path)
    assert (tmp_path / "logs" / "mine").exists()


def test_a_state_that_cannot_be_read_stops_everything(tmp_path: Path) -> None:
    (tmp_path / "etcd").mkdir()
    state.file(tmp_path).write_text("{")
    with pytest.raises(UnavailableError):
        cluster.stop(tmp_path)
    assert (tmp_path / "etcd").exists()


def test_a_cluster_whose_processes_are_gone_is_not_healthy(tmp_path: Path, start: Start) -> None:
    one = start(*SLEEP, name="etcd")
    known_one = known(tmp_path).with_process(one)
    assert not cluster.healthy(tmp_path, known_one)  # it runs, and answers nothing
    judged = {each.name: each for each in cluster.judge(tmp_path, known_one)}
    assert (judged["etcd"].pid, judged["etcd"].healthy, judged["etcd"].port) == (one.pid, False, PORTS.etcd)
    assert judged["kube-apiserver"].pid == 0
    one.end()
    assert cluster.judge(tmp_path, known_one)[0].pid == 0
