"""curl, as people paste it."""

from __future__ import annotations

import json
import subprocess

import pytest
from tests.cli.running import PATIENCE
from tests.clients.conftest import QUESTION, Service, until

pytestmark = pytest.mark.model


def curl(demo: Service, *options: str, **other: object) -> list[str]:
    body = {"model": "demo", "messages": [{"role": "user", "content": QUESTION}], "temperature": 0, **other}
    return [
        *("curl", "-sS", *options, f"{demo.url}/chat/completions"),
        *("-H", "Content-Type: application/json", "-d", json.dumps(body)),
    ]


def run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)


def test_it_is_answered(demo: Service) -> None:
    done = run(curl(demo, "-f", max_tokens=20))
    assert (done.returncode, done.stderr) == (0, "")
    assert "Paris" in json.loads(done.stdout)["choices"][0]["message"]["content"]


def test_a_stream_is_events_up_to_done(demo: Service) -> None:
    done = run(curl(demo, "-fNi", max_tokens=20, stream=True))
    head, _, body = done.stdout.partition("\n\n")
    assert "content-type: text/event-stream" in head.lower()
    events = body.strip().split("\n\n")
    assert all(event.startswith("data: ") for event in events)
    assert events[-1] == "data: [DONE]"
    chunks = [json.loads(event.removeprefix("data: ")) for event in events[:-1]]
    assert "Paris" in "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks)


def test_a_stream_arrives_while_it_is_made_and_its_end_is_the_requests_end(demo: Service) -> None:
    command = curl(demo, "-N", max_tokens=4000, stream=True, ignore_eos=True)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("data: {")
        assert demo.busy == 1
        process.terminate()
    until(lambda: demo.busy == 0)


def test_a_mistake_fails_with_its_reason(demo: Service) -> None:
    done = run(curl(demo, "--fail-with-body", temperature=5))
    assert done.returncode == 22
    assert "less than or equal to 2" in json.loads(done.stdout)["error"]["message"]
