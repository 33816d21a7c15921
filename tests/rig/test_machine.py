import os
import shutil
import subprocess
from pathlib import Path

import pytest

from rig import machine
from rig.machine import Files, Machine, MachineError

FILES = Files(Path("/cache/debian"), Path("/cluster/tmp"), (Path("/cache"), Path("/cluster")))


def script(command: list[str]) -> list[str]:
    assert command[-3:-1] == ["sh", "-ec"]
    return command[-1].splitlines()


def test_a_node_is_ended_with_whatever_started_it_and_shares_nothing_with_the_machine() -> None:
    command = machine.node("n1", FILES, Path("/cluster/nodes/n1/var"), None)
    assert {"--net", "--mount", "--pid", "--kill-child", "--propagation=private"} <= set(command)
    assert script(command)[-1] == "exec catatonit -P"


@pytest.mark.parametrize("made", [machine.hub(FILES), machine.node("n1", FILES, Path("/cluster/n1/var"), None)])
def test_the_scripts_are_ones_that_the_smallest_shell_reads(made: list[str]) -> None:
    done = subprocess.run(["/bin/sh", "-n", "-c", made[-1]], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    # It reads a descriptor of two digits as the name of a program.
    opened = [line for line in script(made) if line.startswith("exec ") and "<" in line]
    assert opened
    assert all(line.split()[1][1] == "<" for line in opened)


def test_what_is_replaced_is_held_before_and_what_is_kept_is_put_back_after() -> None:
    lines = script(machine.node("n1", FILES, Path("/cluster/n1/var"), None))
    last_hold = max(number for number, line in enumerate(lines) if "</" in line)
    first_bind = min(number for number, line in enumerate(lines) if "/proc/self/fd/" in line)
    replaced = lines.index("mount -t tmpfs tmpfs /run")
    kept = [number for number, line in enumerate(lines) if line.endswith((" /cache", " /cluster")) and "mount" in line]
    assert last_hold < replaced < first_bind < min(kept)
    assert len(kept) == 2


def test_made_up_processors_lie_over_the_real_ones() -> None:
    lines = script(machine.node("n1", FILES, Path("/v"), Path("/cluster/n1/system")))
    assert "mount --bind /cluster/n1/system/cpu /sys/devices/system/cpu" in lines


def test_a_machine_that_cannot_have_nodes_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert machine.obstacle() == "nodes need root"
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(shutil, "which", lambda program: None if program == "apt-get" else f"/usr/bin/{program}")
    assert machine.obstacle() == "nodes need apt-get, which is not on the PATH"
    monkeypatch.undo()
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(machine, "_TRIAL", ("sh", "-c", "echo not permitted >&2; exit 1"))
    assert machine.obstacle().endswith(("not permitted", "is not on the PATH"))


def test_a_script_that_fails_is_told_with_what_it_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Machine, "inside", lambda _self, *command: list(command))
    one = Machine(1, node=True)
    assert one.run("echo here") == "here\n"
    with pytest.raises(MachineError, match=r"`echo no >&2 \.\.\.` failed: no"):
        one.run("echo no >&2\nexit 3")


def test_a_process_that_is_gone_has_no_child_and_is_not_ready() -> None:
    assert machine.first_child(4194305) is None
    assert not Machine(4194305, node=True).ready()
