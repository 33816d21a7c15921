from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from beaufort.fleet import backoff, member, supervisor
from beaufort.fleet.cores import share
from beaufort.fleet.state import TRIES
from beaufort.fleet.supervisor import FleetError

from .conftest import FAKE, MakeFleet, Watched, until, wait_gone


def pid_of(watched: Watched, name: str) -> int:
    pid = watched.view(name).pid
    assert pid is not None
    return pid


async def failure(watched: Watched) -> FleetError:
    with pytest.raises(FleetError) as caught:
        async with asyncio.timeout(20):
            await watched.fleet.failure()
    return caught.value


async def test_ready_engines_are_in_the_endpoints_file(make_fleet: MakeFleet) -> None:
    async with make_fleet() as watched:
        assert watched.urls() == []
        await watched.fleet.scale(2)
        await watched.ready(2)
        assert watched.urls() == [watched.view("engine-0").url, watched.view("engine-1").url]


async def test_a_killed_engine_leaves_the_file_and_comes_back(make_fleet: MakeFleet) -> None:
    async with make_fleet() as watched:
        await watched.fleet.scale(2)
        await watched.ready(2)
        before = watched.view("engine-0")
        os.kill(pid_of(watched, "engine-0"), signal.SIGKILL)
        await until(lambda: watched.urls() == [watched.view("engine-1").url])
        await until(lambda: len(watched.urls()) == 2)
        after = watched.view("engine-0")
        assert (after.state.restarts, after.url) == (1, before.url)
        assert after.pid != before.pid
        assert watched.changes[-3:] == ["engine-0 restarting", "engine-0 starting", "engine-0 ready"]


async def test_a_killed_gateway_comes_back_too(make_fleet: MakeFleet) -> None:
    async with make_fleet() as watched:
        await watched.ready(0)
        os.kill(pid_of(watched, "gateway"), signal.SIGKILL)
        await until(lambda: watched.view("gateway").state.restarts == 1)
        await watched.ready(0)


async def test_a_hopeless_start_is_told_in_the_engines_own_words(make_fleet: MakeFleet) -> None:
    async with make_fleet("--fail", "3", "--say", "error: model.gguf: it is torn\n  try: another") as watched:
        await watched.fleet.scale(1)
        error = await failure(watched)
        assert error.exit_code == 3
        (problem,) = error.problems
        assert (problem.what, problem.remedy) == ("model.gguf: it is torn", "another")
        assert watched.view("engine-0").state.restarts == 0


async def test_an_engine_that_never_starts_is_given_up(make_fleet: MakeFleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backoff, "SECOND_DELAY", 0.01)
    async with make_fleet("--fail", "1", "--say", "no idea") as watched:
        await watched.fleet.scale(1)
        error = await failure(watched)
        assert error.exit_code == 1
        assert str(error).startswith("engine-0: it ended with exit code 1")
        assert "no idea" in str(error)
        assert watched.changes.count("engine-0 starting") == TRIES


async def test_an_engine_that_hangs_is_started_again(make_fleet: MakeFleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(member, "HANGING_SECONDS", 0.2)
    monkeypatch.setattr(member, "PROBE_SECONDS", 0.05)
    monkeypatch.setattr(member, "PROBE_TIMEOUT_SECONDS", 0.2)
    async with make_fleet() as watched:
        await watched.fleet.scale(1)
        await watched.ready(1)
        os.kill(pid_of(watched, "engine-0"), signal.SIGSTOP)
        await until(lambda: watched.view("engine-0").state.restarts >= 1)
        assert "engine-0 restarting" in watched.changes


async def test_scaling_adds_and_drains(make_fleet: MakeFleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "LEAVE_SECONDS", 0.1)
    async with make_fleet() as watched:
        await watched.fleet.scale(1)
        await watched.ready(1)
        await watched.fleet.scale(3)
        await watched.ready(3)
        pids = watched.pids()
        await watched.fleet.scale(1)
        assert list(watched.states()) == ["gateway", "engine-0"]
        assert watched.urls() == [watched.view("engine-0").url]
        assert [psutil.pid_exists(pid) for pid in pids] == [True, True, False, False]
        await watched.fleet.scale(0)
        assert watched.urls() == []


async def test_an_engine_leaves_the_file_before_it_is_told_to_end(
    make_fleet: MakeFleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "LEAVE_SECONDS", 0.5)
    async with make_fleet() as watched:
        await watched.fleet.scale(1)
        await watched.ready(1)
        pid = pid_of(watched, "engine-0")
        scaling = asyncio.create_task(watched.fleet.scale(0))
        await until(lambda: watched.urls() == [])
        assert psutil.pid_exists(pid)
        await scaling
        assert not psutil.pid_exists(pid)


async def test_the_gateway_ends_before_the_engines(make_fleet: MakeFleet) -> None:
    async with make_fleet() as watched:
        await watched.fleet.scale(2)
        await watched.ready(2)
        pids = watched.pids()
        del watched.changes[:]
        await watched.fleet.drain()
        assert watched.changes[:2] == ["gateway draining", "gateway stopped"]
        assert sorted(watched.changes[2:4]) == ["engine-0 draining", "engine-1 draining"]
        assert set(watched.states().values()) == {"stopped"}
        assert not any(map(psutil.pid_exists, pids))
        assert watched.view("engine-0").state.exit_code == 0


async def test_who_does_not_end_is_killed(make_fleet: MakeFleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "GRACE_SECONDS", 0.1)
    async with make_fleet("--stubborn", drain_seconds=0.1) as watched:
        await watched.fleet.scale(1)
        await watched.ready(1)
        await watched.fleet.drain()
        assert watched.view("engine-0").state.exit_code == -signal.SIGKILL


async def test_draining_does_not_wait_for_a_restart(make_fleet: MakeFleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backoff, "SECOND_DELAY", 600.0)
    monkeypatch.setattr(backoff, "LONGEST_DELAY", 600.0)
    async with make_fleet("--fail", "1") as watched:
        await watched.fleet.scale(1)
        await until(lambda: watched.changes.count("engine-0 restarting") == 2)
        async with asyncio.timeout(10):
            await watched.fleet.drain()
        assert watched.states()["engine-0"] == "stopped"


async def test_leaving_without_draining_kills(make_fleet: MakeFleet) -> None:
    async with make_fleet("--stubborn") as watched:
        await watched.fleet.scale(2)
        await watched.ready(2)
        pids = watched.pids()
    assert not any(map(psutil.pid_exists, pids))


async def test_engines_are_bound_to_their_cores_from_birth(make_fleet: MakeFleet) -> None:
    shares = share(os.sched_getaffinity(0), 2)
    async with make_fleet() as watched:
        await watched.fleet.scale(2)
        await watched.ready(2)
        for index, cores in enumerate(shares):
            view = watched.view(f"engine-{index}")
            assert view.cores == cores
            assert f"cores {list(cores)}\n" in (watched.directory / f"engine-{index}.log").read_text()
        assert f"cores {sorted(os.sched_getaffinity(0))}\n" in (watched.directory / "gateway.log").read_text()


async def test_a_terminals_signals_do_not_reach_the_children(make_fleet: MakeFleet) -> None:
    async with make_fleet() as watched:
        await watched.ready(0)
        pid = pid_of(watched, "gateway")
        assert os.getsid(pid) == os.getpgid(pid) == pid != os.getsid(0)


async def test_loads_are_looked_up(make_fleet: MakeFleet) -> None:
    async with make_fleet() as watched:
        await watched.fleet.scale(1)
        await watched.ready(1)
        await watched.fleet.look()
        load = watched.view("engine-0").load
        assert (load.running, load.waiting) == (3, None)
        assert watched.view("engine-0").last_line == "here I am"


_FLEET = """
import asyncio, sys
from pathlib import Path
from beaufort.fleet.member import Job
from beaufort.fleet.supervisor import Fleet

def job(index, port, cores):
    return Job(f"engine-{index}", (sys.executable, sys.argv[1], "--port", str(port)), f"http://127.0.0.1:{port}",
               cores=cores)

async def main():
    directory = Path(sys.argv[2])
    fleet = Fleet(job(9, 0, ()), job, endpoints_file=directory / "endpoints.json", logs=directory)
    async with fleet:
        await fleet.scale(2)
        while any(view.state.phase != "ready" for view in fleet.views()[1:]):
            await asyncio.sleep(0.01)
        print(*(view.pid for view in fleet.views()), flush=True)
        await asyncio.sleep(600)

asyncio.run(main())
"""


def test_a_killed_fleet_takes_its_children_with_it(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _FLEET, str(FAKE), str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as fleet:
        assert fleet.stdout is not None
        pids = [int(word) for word in fleet.stdout.readline().split()]
        assert len(pids) == 3
        fleet.kill()
    wait_gone(pids)
