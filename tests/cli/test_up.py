"""``beaufort up`` as its user meets it: processes, signals, exit codes, output."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner
from tests.cli.running import BEAUFORT, PATIENCE, running

from beaufort.cli.root import beaufort
from beaufort.errors import UnavailableError, UsageError
from beaufort.fleet import memory

FAKES = (sys.executable, str(Path(__file__).with_name("up_with_fakes.py")))


def chat(url: object, model: object) -> str:
    """Ask for a few words and return them."""
    body = {"model": model, "max_tokens": 5, "messages": [{"role": "user", "content": "Hello!"}]}
    request = urllib.request.Request(  # noqa: S310 - an address of this test's own server
        f"{url}/chat/completions", json.dumps(body).encode(), {"content-type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=PATIENCE) as response:  # noqa: S310 - as above
        return str(json.load(response)["choices"][0]["message"]["content"])


def test_it_serves_until_it_is_told_to_end(tmp_path: Path) -> None:
    with running(tmp_path, *FAKES, "--", "--replicas", "2") as up:
        ready = up.until("ready")
        assert ready["models"] == ["fake"]
        with urllib.request.urlopen(f"{ready['url']}/models", timeout=PATIENCE) as response:  # noqa: S310 - our own
            assert json.load(response)["data"][0]["id"] == "fake"
        assert len(up.children()) == 3
        assert up.end(signal.SIGTERM) == 0


def test_ctrl_c_drains_and_a_second_one_does_not_wait(tmp_path: Path) -> None:
    with running(tmp_path, *FAKES, "--stubborn", "--", "--drain-seconds", "600") as up:
        up.until("ready")
        assert up.end(signal.SIGINT, signal.SIGINT) == 130


def test_the_end_of_its_terminal_is_its_end(tmp_path: Path) -> None:
    with running(tmp_path, *FAKES, "--") as up:
        up.until("ready")
        assert up.end(signal.SIGHUP) == 0


def test_it_outlives_its_terminal_under_nohup(tmp_path: Path) -> None:
    with running(tmp_path, "nohup", *FAKES, "--") as up:
        up.until("ready")
        up.process.send_signal(signal.SIGHUP)
        time.sleep(0.3)
        assert up.process.poll() is None
        assert up.end(signal.SIGTERM) == 0


def test_killed_it_takes_its_processes_with_it(tmp_path: Path) -> None:
    with running(tmp_path, *FAKES, "--") as up:
        up.until("ready")
        children = up.children()
        assert len(children) == 2
        up.process.kill()
        assert not psutil.wait_procs(children, timeout=PATIENCE)[1]


def test_a_killed_engine_is_back_soon(tmp_path: Path) -> None:
    with running(tmp_path, *FAKES, "--") as up:
        up.until("ready")
        up.kill("engine-0")
        assert up.end(signal.SIGTERM) == 0


def test_an_engine_that_cannot_start_says_why_and_nothing_is_left(tmp_path: Path) -> None:
    said = "error: --model x: there is no such model\n  try: y"
    with running(tmp_path, *FAKES, "--fail", "2", "--say", said, "--") as up:
        _, stderr = up.process.communicate(timeout=PATIENCE)
        assert up.process.returncode == 2
        assert stderr == said + "\n"
        assert not list(tmp_path.glob("beaufort-up-*"))


def test_a_busy_port_is_told_before_anything_is_started(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [*FAKES, "--", "--port", str(port)], capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    assert done.returncode == 3
    assert done.stdout == ""
    assert done.stderr == (
        f"error: 127.0.0.1:{port}: the port is in use\n  try: stop what uses it, or choose another --port\n"
    )
    assert not list(tmp_path.iterdir())


def test_logs_are_kept_where_the_user_wants_them(tmp_path: Path) -> None:
    logs = tmp_path / "some" / "logs"
    with running(tmp_path, *FAKES, "--", "--log-dir", str(logs)) as up:
        up.until("ready")
        assert up.end(signal.SIGTERM) == 0
    assert "here I am" in (logs / "engine-0.log").read_text()
    assert '"/v1/models"' in (logs / "access.log").read_text()
    assert (logs / "gateway.log").exists()


def test_logs_that_cannot_be_written_are_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    command = [*FAKES, "--", "--port", "0", "--log-dir", str(tmp_path / "file" / "logs")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 2
    assert "cannot be written: Not a directory" in done.stderr


def test_without_a_terminal_it_prints_lines(tmp_path: Path) -> None:
    with subprocess.Popen(
        [*FAKES, "--", "--port", "0"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    ) as process:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line)
            if line.startswith("curl"):
                process.terminate()
    text = "".join(lines)
    assert process.returncode == 0
    assert re.search(r"^ready in .*: http://127\.0\.0\.1:\d+/v1$", text, re.MULTILINE)
    assert "\x1b" not in text


def test_when_its_reader_leaves_it_ends(tmp_path: Path) -> None:
    with running(tmp_path, *FAKES, "--") as up:
        up.until("ready")
        children = up.children()
        assert up.process.stdout is not None
        up.process.stdout.close()
        children[0].kill()  # something to tell
        assert up.process.wait(PATIENCE) == 1
        assert not psutil.wait_procs(children, timeout=PATIENCE)[1]
        assert not list(tmp_path.glob("beaufort-up-*"))


def test_in_a_terminal_it_draws_a_table_and_ctrl_c_ends_it(tmp_path: Path) -> None:
    pid, terminal = pty.fork()
    if pid == 0:  # pragma: no cover - the child becomes another program
        os.environ.update(TMPDIR=str(tmp_path), TERM="xterm", COLUMNS="120")
        os.execv(FAKES[0], [*FAKES, "--", "--port", "0"])  # noqa: S606 - our own program
    shown = b""
    pressed = False
    while data := _read(terminal):
        shown += data
        if not pressed and b"Ctrl-C ends it" in shown:
            pressed = True
            os.write(terminal, b"\x03")
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown.decode())
    assert re.search(r"curl http://127\.0\.0\.1:\d+/v1/chat/completions", text)
    assert re.search(r"engine-0\s+ready\s+\d+\s+\S+\s+3\s", text)
    assert not list(tmp_path.glob("beaufort-up-*"))


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # the other end is closed
        return b""


def refused(*arguments: str) -> BaseException | None:
    return CliRunner().invoke(beaufort, ["up", *arguments]).exception


def test_a_missing_model_is_told_before_anything_is_started() -> None:
    error = refused("--model", "./no/such.gguf")
    assert isinstance(error, UsageError)
    assert str(error).startswith("./no/such.gguf: there is no")


def test_too_little_memory_is_told_with_the_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available", lambda: 1 << 30)
    error = refused("--replicas", "2", "--kv-cache-tokens", "100000")
    assert isinstance(error, UnavailableError)
    assert re.search(r"2 replicas need .* 1\.0 GiB is available", str(error))


def test_a_missing_engine_is_told_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("beaufort.fleet.preflight.find_spec", lambda _: None)
    error = refused()
    assert isinstance(error, UnavailableError)
    assert error.problems[0].remedy == 'pip install "beaufort[local]"'


def test_a_service_for_a_cluster_is_refused_with_the_way_out(tmp_path: Path) -> None:
    file = tmp_path / "service.yaml"
    file.write_text(
        "apiVersion: beaufort.dev/v1alpha1\nkind: MistralService\nmetadata: {name: x}\n"
        "spec: {model: {source: demo}, engine: vllm}\n"
    )
    error = refused("-f", str(file))
    assert isinstance(error, UsageError)
    assert "--engine openvino" in error.problems[0].remedy


def test_its_help_has_an_example() -> None:
    result = CliRunner().invoke(beaufort, ["up", "--help"])
    assert result.exit_code == 0
    assert "beaufort up -f service.yaml" in result.output


def test_emulated_engines_answer_and_one_is_lost(tmp_path: Path) -> None:
    with running(tmp_path, *BEAUFORT, "--engine", "emulated", "--replicas", "2") as up:
        ready = up.until("ready")
        models = ready["models"]
        assert isinstance(models, list)
        assert chat(ready["url"], models[0])
        up.ready("engine-1")
        before = up.ready("engine-0")
        assert isinstance(before["pid"], int)
        os.kill(before["pid"], signal.SIGKILL)
        assert all(chat(ready["url"], models[0]) for _ in range(10))
        up.until("state", after=before, name="engine-0", state="ready")
        assert up.end(signal.SIGTERM) == 0


def test_an_unknown_accelerator_is_told_in_the_engines_words(tmp_path: Path) -> None:
    with running(tmp_path, *BEAUFORT, "--engine", "emulated", "--accelerator", "H1000") as up:
        _, stderr = up.process.communicate(timeout=PATIENCE)
        assert up.process.returncode == 2
        assert "H1000" in stderr
        assert "H100" in stderr.split("try:")[1]


@pytest.mark.model
def test_the_demo_model_answers_and_comes_back(tmp_path: Path) -> None:
    example = Path(__file__).parents[2] / "examples" / "demo.yaml"
    with running(tmp_path, *BEAUFORT, "-f", str(example)) as up:
        ready = up.until("ready")
        assert ready["models"] == ["demo"]
        assert chat(ready["url"], "demo")
        up.kill("engine-0")
        assert chat(ready["url"], "demo")
        assert up.end(signal.SIGINT) == 0
