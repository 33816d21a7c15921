"""A service whose traffic is recorded: planned and rendered from its trace."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from tests.cli.conftest import MISTRAL, Call, written

NODES = "  accelerators: [{product: L40S, pricePerHour: 1.9, maxNodes: 9}]\n"


def azure(seconds: int) -> str:
    """Return two requests a second, in the form of Azure's traces."""
    rows = [
        f"2023-11-16 18:{15 + at // 120:02d}:{at // 2 % 60:02d}.{5 * (at % 2)},{300 + 37 * at % 900},{40 + at % 90}"
        for at in range(2 * seconds)
    ]
    return "\n".join(["TIMESTAMP,ContextTokens,GeneratedTokens", *rows]) + "\n"


def mooncake(seconds: int) -> str:
    """Return two requests a second that share their first block, in the form of Mooncake's traces."""
    rows = (
        {"timestamp": 500 * at, "input_length": 1500, "output_length": 50 + at % 50, "hash_ids": [0, 2 * at + 1]}
        for at in range(2 * seconds)
    )
    return "".join(json.dumps(row) + "\n" for row in rows)


def traced(tmp_path: Path, form: str, text: str | bytes, more: str = "") -> str:
    file = tmp_path / "trace"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    traffic = f"  traffic: {{trace: {{file: {file}, format: {form}{more}}}}}\n"
    return written(tmp_path, MISTRAL + traffic + NODES)


@pytest.mark.parametrize(("form", "text"), [("azure", azure(600)), ("mooncake", mooncake(600))])
def test_a_trace_is_planned_and_rendered(call: Call, tmp_path: Path, form: str, text: str) -> None:
    file = traced(tmp_path, form, text)
    made = call("plan", file, "-o", "json")
    plan = json.loads(made.output)
    assert plan["regions"][0]["rate"] == pytest.approx(2, rel=0.01)
    why = {reason["path"]: reason["why"] for reason in plan["reasons"]}
    assert f"the trace {tmp_path / 'trace'}" in why["regions[0].rate"]
    rendered = call("render", file)
    assert rendered.code == 0
    assert "kind: Deployment" in rendered.output


def test_shared_blocks_are_expected_in_the_cache(call: Call, tmp_path: Path) -> None:
    plan = json.loads(call("plan", traced(tmp_path, "mooncake", mooncake(600)), "-o", "json").output)
    why = {reason["path"]: reason["why"] for reason in plan["reasons"]}
    assert "of the shared tokens are expected to be found" in why["engine.prefixCaching"]


def test_a_faster_replay_is_more_traffic(call: Call, tmp_path: Path) -> None:
    plan = json.loads(call("plan", traced(tmp_path, "azure", azure(600), ", speed: 4"), "-o", "json").output)
    assert plan["regions"][0]["rate"] == pytest.approx(8, rel=0.01)


@pytest.mark.parametrize(
    ("form", "text", "what"),
    [
        ("azure", "", "lacks the column TIMESTAMP"),
        ("azure", mooncake(1), "lacks the column TIMESTAMP"),
        ("mooncake", azure(1), "is not JSON"),
        ("mooncake", "", "holds no request"),
        ("azure", b"\xff\xfe\x00\x01", "is not UTF-8 text"),
        ("azure", azure(1).replace(",40\n", ",many\n"), "trace:2: GeneratedTokens is 'many'"),
        ("azure", "x" * 3_000_000, "trace:1: is longer than 1 MiB"),
        ("mooncake", "[" * 100_000, "is not JSON"),
    ],
    ids=lambda value: repr(value[:20]),
)
def test_what_is_no_trace_is_told(call: Call, tmp_path: Path, form: str, text: str | bytes, what: str) -> None:
    told = call("plan", traced(tmp_path, form, text))
    assert (told.code, told.output) == (2, "")
    assert what in told.errors
    assert "  try: " in told.errors


@pytest.mark.parametrize("kind", ["missing", "folder", "pipe"])
def test_what_is_no_file_is_told_and_not_waited_for(call: Call, tmp_path: Path, kind: str) -> None:
    trace = tmp_path / "trace"
    if kind == "folder":
        trace.mkdir()
    elif kind == "pipe":
        os.mkfifo(trace)
    file = written(tmp_path, MISTRAL + f"  traffic: {{trace: {{file: {trace}, format: azure}}}}\n" + NODES)
    told = call("plan", file)
    assert told.code == 2
    assert "error: spec.traffic.trace.file: " in told.errors
