import stat
from pathlib import Path

import pytest

from beaufort.errors import UnavailableError
from rig import state
from rig.inventory import NODES
from rig.process import Process
from rig.state import Phase, State

from .conftest import PORTS

ONE = Process(name="etcd", pid=12, started=345, boot="b")
STATE = State(phase=Phase.STARTING, version="v1.30.14", ports=PORTS, kubeconfig=Path("/k"))


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    known = STATE.with_process(ONE).with_phase(Phase.RUNNING)
    state.save(tmp_path, known)
    assert state.load(tmp_path) == known
    assert known.process("etcd") == ONE
    assert known.process("kube-apiserver") is None
    assert stat.S_IMODE(state.file(tmp_path).stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["state.json"]


def test_no_file_is_no_cluster(tmp_path: Path) -> None:
    assert state.load(tmp_path) is None
    assert state.load(tmp_path / "nothing") is None


@pytest.mark.parametrize("content", [b"", b"{", b"{}", b"\xff", b"[]", STATE.model_dump_json()[:-9].encode()])
def test_a_broken_file_is_told_with_what_to_do(tmp_path: Path, content: bytes) -> None:
    state.file(tmp_path).write_bytes(content)
    with pytest.raises(UnavailableError, match=r"cannot be read .*then remove that folder"):
        state.load(tmp_path)


def test_drafts_of_a_killed_writer_go_with_the_state(tmp_path: Path) -> None:
    state.save(tmp_path, STATE)
    (tmp_path / ".state.json.4711").write_text("{")
    (tmp_path / "other").write_text("")
    state.remove(tmp_path)
    state.remove(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["other"]


def test_a_node_that_is_off_has_no_processes() -> None:
    names = ("etcd", "n1.namespaces", "n1", "n1.kubelet", "n10", "n2.kubelet")
    known = STATE.model_copy(update={"nodes": NODES})
    for name in names:
        known = known.with_process(ONE.model_copy(update={"name": name}))
    off = known.with_off("n1", off=True)
    assert [one.name for one in off.processes] == ["etcd", "n10", "n2.kubelet"]
    assert off.off == ("n1",)
    assert off.with_off("n1", off=False).off == ()
    assert [one.name for one in known.without("etcd").processes] == list(names[1:])


def test_nodes_are_kept_with_all_that_is_needed_to_switch_them_on_again(tmp_path: Path) -> None:
    known = STATE.model_copy(update={"nodes": NODES, "gates": {"A": True}})
    state.save(tmp_path, known)
    assert state.load(tmp_path) == known
