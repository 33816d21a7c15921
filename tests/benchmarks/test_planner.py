"""The planner's queues and the simulated replica, which know nothing of each other, agree."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROGRAM = ROOT / "benchmarks" / "planner.py"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, PROGRAM, *arguments], capture_output=True, text=True, check=False)


def test_the_plan_holds_in_the_simulated_replica() -> None:
    services = [str(ROOT / "benchmarks" / "services" / f"{name}.yaml") for name in ("chat-7b-l40s", "bursty-7b-l4")]
    done = run("-o", "json", "--requests", "1000", *services)
    assert done.returncode == 0, done.stderr
    chat, bursty = json.loads(done.stdout)["services"]
    for row in (chat, bursty):
        assert 0.7 < row["planned_over_simulated"] < 1.1
        assert 0.7 < row["ttft_simulated_over_planned"] < 1.5
        assert 0.7 < row["tpot_simulated_over_planned"] < 1.5
    # What a planner promises that leaves the queues out: the bunches find it out.
    assert bursty["without_queues_over_simulated"] > 1.2


def test_a_file_that_cannot_be_planned_is_an_error_and_no_traceback(tmp_path: Path) -> None:
    done = run(str(tmp_path / "none.yaml"))
    assert done.returncode == 1
    assert "error:" in done.stderr
    assert "Traceback" not in done.stderr
