import os
import sys
from pathlib import Path

import psutil
import pytest

from beaufort.fleet.child import Child

from .conftest import until, wait_gone


def python(program: str) -> list[str]:
    return [sys.executable, "-c", program]


async def test_its_last_lines_are_those_of_this_child_only(tmp_path: Path) -> None:
    log = tmp_path / "log"
    for words in ("'first'", r"'a\r50 %\r99 %\n\n' + 'last'"):
        child = await Child.start(python(f"print({words})"), log)
        assert await child.wait() == 0
    assert child.tail(3) == ["50 %", "99 %", "last"]
    assert child.tail() == ["a", "50 %", "99 %", "last"]
    assert log.read_text().startswith("first\n")


async def test_escape_sequences_are_not_passed_on(tmp_path: Path) -> None:
    child = await Child.start(python(r"print('\x1b[2Jboo\x07')"), tmp_path / "log")
    await child.wait()
    assert child.tail() == ["[2Jboo"]


async def test_a_long_log_is_read_from_its_end(tmp_path: Path) -> None:
    child = await Child.start(python("print('x' * 100_000, *range(9), sep='\\n')"), tmp_path / "log")
    await child.wait()
    assert child.tail(2) == ["7", "8"]


async def test_it_ends_when_its_lifeline_ends(tmp_path: Path) -> None:
    child = await Child.start(python("import sys; sys.stdin.read(); sys.exit(5)"), tmp_path / "log")
    os.close(child._lifeline)
    child._lifeline = -1
    assert await child.wait() == 5


async def test_killing_it_kills_what_it_started(tmp_path: Path) -> None:
    program = "import os, time; pid = os.fork(); pid and print(pid, flush=True); time.sleep(600)"
    child = await Child.start(python(program), tmp_path / "log")
    await until(lambda: bool(child.tail()))
    child.kill()
    assert await child.wait() == -9
    wait_gone([int(child.tail()[0])])
    child.kill()  # once more is harmless
    child.terminate()


async def test_no_descriptor_stays_open(tmp_path: Path) -> None:
    before = psutil.Process().num_fds()
    for _ in range(3):
        child = await Child.start(python(""), tmp_path / "log")
        await child.wait()
    with pytest.raises(FileNotFoundError):
        await Child.start([str(tmp_path / "nothing")], tmp_path / "log")
    assert psutil.Process().num_fds() <= before + 1  # the event loop's own, made with the first child
