from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import IO, cast
from urllib.request import ProxyHandler, build_opener

import pytest
from click.testing import CliRunner

from beaufort.cli.gateway import Options, _settings, gateway

COMMAND = [sys.executable, "-m", "beaufort", "gateway"]
NOWHERE = "http://127.0.0.1:9"  # the discard port: nothing listens there


class Process:
    """A gateway as its user starts it."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [*COMMAND, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self.process.stderr is not None
        self.stderr: IO[str] = self.process.stderr

    def url(self) -> str:
        for line in self.stderr:
            event = json.loads(line)
            if event["message"] == "listening":
                return str(event["url"])
        pytest.fail("it ended before it listened")

    def end(self) -> None:
        with self.process:  # closes the pipes, and waits
            self.process.kill()


@pytest.fixture
def running() -> Iterator[Process]:
    process = Process("--port", "0", "--endpoint", NOWHERE, "--exit-with-parent")
    yield process
    process.end()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_order(running: Process, number: signal.Signals) -> None:
    running.url()
    running.process.send_signal(number)
    rest = running.stderr.read()
    assert running.process.wait(10) == 0
    assert "stopped, 0 requests cut" in rest
    assert "Traceback" not in rest


def test_it_answers_and_goes_with_its_parent(running: Process) -> None:
    opener = build_opener(ProxyHandler({}))
    with opener.open(running.url() + "/metrics", timeout=10) as response:
        assert b"beaufort_gateway_connections" in response.read()
    assert running.process.stdin is not None
    running.process.stdin.close()
    assert running.process.wait(10) == 0


def test_a_busy_port_is_one_clear_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = subprocess.run(
            [*COMMAND, "--endpoint", NOWHERE, "--port", str(port)], capture_output=True, text=True, check=False
        )
    assert result.returncode == 3
    assert f"error: 127.0.0.1:{port}: the port is in use\n" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "there is no engine to send requests to"),
        (["--endpoint", "https://a"], "https://a: this is no endpoint's address"),
        (["--endpoint", NOWHERE, "--access-log", "/nowhere/log"], "/nowhere/log: cannot be written"),
    ],
)
def test_what_cannot_be_used_is_said(arguments: list[str], complaint: str) -> None:
    result = subprocess.run([*COMMAND, "--port", "0", *arguments], capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert complaint in result.stderr
    assert "try: " in result.stderr


def test_help_has_an_example() -> None:
    result = CliRunner().invoke(gateway, ["--help"])
    assert result.exit_code == 0
    assert "beaufort gateway --endpoint http://127.0.0.1:9001" in result.output


def test_every_option_reaches_the_settings(tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("gateway") / "endpoints.json"
    arguments = f"""--host 0.0.0.0 --port 1 --endpoint http://a --endpoint http://b --endpoints-file {file}
        --access-log off --drain-seconds 2 --wait-seconds 3 --wait-requests 4 --connect-seconds 5
        --answer-seconds 6 --silence-seconds 7 --attempts 8 --probe-interval 0.05 --probe-seconds 9
        --max-body-mib 10""".split()
    params = gateway.make_context("gateway", arguments).params
    settings = _settings(cast("Options", params))
    assert (settings.host, settings.port, settings.endpoints) == ("0.0.0.0", 1, ("http://a", "http://b"))  # noqa: S104 - asked for
    assert (settings.endpoints_file, settings.access_log, settings.drain_seconds) == (file, "off", 2)
    patience = settings.patience
    assert (patience.ready, patience.waiters, patience.connect, patience.answer) == (3, 4, 5, 6)
    assert (patience.silence, patience.attempts, settings.probe_seconds) == (7, 8, 9)
    assert (settings.health.interval, settings.health.first_retry) == (0.05, 0.05)
    assert settings.limits.body_bytes == 10 * 2**20
