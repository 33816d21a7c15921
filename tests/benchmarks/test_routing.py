"""The choice of a replica, on a simulated fleet: near an oracle, and better than not to look at prompts."""

import json
import subprocess
import sys
from pathlib import Path

PROGRAM = Path(__file__).parents[2] / "benchmarks" / "routing.py"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, PROGRAM, *arguments], capture_output=True, text=True, check=False)


def test_the_choice_is_near_the_oracles_and_shares_a_popular_prompt(tmp_path: Path) -> None:
    trace = tmp_path / "trace.jsonl"
    rows = [
        {
            "timestamp": 400 * at,
            "input_length": 2500,
            "output_length": 50,
            "hash_ids": [1, at % 7, at % 7 + 9, at, at + 1],
        }
        for at in range(300)
    ]
    trace.write_text("\n".join(map(json.dumps, rows)))
    done = run("-o", "json", "--requests", "600", "--trace", str(trace), "--gateways", "2")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert {row["load"] for row in found["rows"]} == {"trace", "turns", "system"}
    for load in ("trace", "turns", "system"):
        assert found[f"{load}_hit_rate_vs_oracle"] > 0.85
    assert found["turns_p90_ttft_vs_round_robin"] < 0.7
    assert found["system_p90_ttft_vs_round_robin"] < 1.5


def test_a_trace_that_is_none_is_an_error_and_no_traceback(tmp_path: Path) -> None:
    trace = tmp_path / "trace.jsonl"
    trace.write_text("{}")
    done = run("--trace", str(trace))
    assert done.returncode == 1
    assert "error:" in done.stderr
    assert "Traceback" not in done.stderr
