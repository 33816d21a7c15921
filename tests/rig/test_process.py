import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest

from rig import process
from rig.process import Process

from .conftest import Start, until

SLEEP = ("sleep", "600")


def test_it_runs_until_it_is_ended(start: Start) -> None:
    one = start(*SLEEP)
    assert one.runs()
    assert one.end()
    assert not one.runs()
    assert one.end()  # once more is harmless


def test_it_prints_into_its_log_in_its_folder_with_nothing_to_read(start: Start, tmp_path: Path) -> None:
    start("sh", "-c", "pwd; cat; echo wrong >&2; env", name="talks")
    until(lambda: "PATH=" in (tmp_path / "talks.log").read_text())
    assert (tmp_path / "talks.log").read_text().startswith(f"{tmp_path}\nwrong\n")


def test_it_leads_a_session_so_that_ctrl_c_does_not_reach_it(start: Start) -> None:
    one = start(*SLEEP)
    assert os.getsid(one.pid) == one.pid


def test_another_process_with_its_number_is_not_it(start: Start) -> None:
    other = start(*SLEEP)
    for stale in (
        other.model_copy(update={"started": other.started - 1}),
        other.model_copy(update={"boot": "another boot of the machine"}),
    ):
        assert not stale.runs()
        assert stale.end()
        assert other.runs()


def test_a_zombie_does_not_run(start: Start) -> None:
    one = start("true")
    until(lambda: not one.runs())
    assert Path(f"/proc/{one.pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    assert one.end()
    assert not Path(f"/proc/{one.pid}").exists()


def test_a_name_with_brackets_and_spaces_is_read(start: Start, tmp_path: Path) -> None:
    program = tmp_path / "a) S 1 (b"
    program.symlink_to("/bin/sleep")
    one = start(str(program), "600")
    until(lambda: Path(f"/proc/{one.pid}/comm").read_text() == "a) S 1 (b\n")
    assert one.runs()


def test_no_process_has_a_number_that_is_free(start: Start) -> None:
    one = start(*SLEEP)
    assert process.identify("one", one.pid) == one
    one.end()
    assert process.identify("one", one.pid) is None


def test_it_is_written_down_before_it_begins(start: Start, tmp_path: Path) -> None:
    mark = tmp_path / "begun"
    known: list[tuple[Process, bool]] = []

    def write_down(one: Process) -> None:
        known.append((one, mark.exists()))

    one = start("touch", str(mark), write_down=write_down)
    until(mark.exists)
    assert known == [(one, False)]


def test_what_could_not_be_written_down_never_begins(start: Start, tmp_path: Path) -> None:
    known: list[Process] = []

    def write_down(one: Process) -> None:
        known.append(one)
        message = "no space left"
        raise OSError(message)

    with pytest.raises(OSError, match="no space left"):
        start("touch", str(tmp_path / "begun"), write_down=write_down)
    until(lambda: not known[0].runs())
    known[0].end()
    assert not (tmp_path / "begun").exists()


def test_it_never_begins_when_its_starter_is_killed(tmp_path: Path) -> None:
    program = (
        "import os, pathlib, signal, sys; from rig import process; place = pathlib.Path(sys.argv[1])\n"
        "def die(one):\n"
        "    (place / 'pid').write_text(str(one.pid)); os.kill(os.getpid(), signal.SIGKILL)\n"
        "process.start('one', ['touch', str(place / 'begun')], place, place / 'log', die)"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], cwd=root, check=False)
    assert done.returncode == -signal.SIGKILL
    pid = int((tmp_path / "pid").read_text())
    until(lambda: process.identify("one", pid) is None)
    assert not (tmp_path / "begun").exists()


def test_the_end_of_a_process_is_waited_for(start: Start) -> None:
    one = start(*SLEEP)
    waiting = threading.Thread(target=process.wait_for_end, args=(one,))
    waiting.start()
    waiting.join(0.1)
    assert waiting.is_alive()
    os.kill(one.pid, signal.SIGKILL)
    waiting.join(20)
    assert not waiting.is_alive()
    process.wait_for_end(one)  # of one that is gone already, too


def test_no_descriptor_stays_open(start: Start) -> None:
    before = psutil.Process().num_fds()
    for _ in range(3):
        start(*SLEEP).end()
    assert psutil.Process().num_fds() == before
