"""The arguments that are rendered start a real vLLM, sharded over two workers, and drain it: run by `make test-vllm`.

What differs from the pod: the numbers of the plan, which are those of a tiny model (and blocks of 32 tokens, the
smallest on processors); the address; and that processors are bound to the workers. Every other argument and the
environment are the pod's.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import ProxyHandler, Request, build_opener

import pytest
from tests.render.conftest import PLANS
from tests.vllm.tiny_mistral import write

from beaufort.render import Setting
from beaufort.render.engine import render
from beaufort.render.vllm import server

PATIENCE = 240.0  # seconds for the start: half a minute on an idle machine
_OPEN = build_opener(ProxyHandler({}))
_MODEL = "mistral-nemo-instruct-2407"


def settled() -> Setting:
    """Return the setting of a plan of two accelerators, with figures of a tiny model."""
    plan = PLANS["two-gpus"]()
    model = plan.model.model_copy(update={"max_model_len": 2048})
    engine = plan.engine.model_copy(update={"block_size": 32, "max_num_seqs": 8, "max_num_batched_tokens": 2048})
    plan = plan.model_copy(update={"model": model, "engine": engine})
    return Setting(plan, plan.regions[0], 30)


def container() -> Mapping[str, Any]:
    """Return the engine's container."""
    objects: list[Any] = json.loads(json.dumps(render(settled()).manifests))
    deployment = next(each for each in objects if each["kind"] == "Deployment")
    found: Mapping[str, Any] = deployment["spec"]["template"]["spec"]["containers"][0]
    return found


class Vllm:
    """A running server."""

    def __init__(self, folder: Path) -> None:
        rendered = container()
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = int(free.getsockname()[1])
        self.log = folder / "log"
        address = ("--host", "--port")
        kept = [each for each in rendered["args"][1:] if not each.startswith(address)]
        program = str(Path(os.environ["BEAUFORT_VLLM"]).with_name(rendered["command"][0]))
        command = [program, *rendered["command"][1:], str(folder / "model"), *kept, "--host=127.0.0.1"]
        environment = {each["name"]: each["value"] for each in rendered["env"] if "value" in each}
        home = folder / "home"
        home.mkdir()
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*command, f"--port={self.port}"],
                env={
                    "PATH": os.environ["PATH"],
                    **environment,
                    "HOME": str(home),
                    "TMPDIR": str(home),
                    "VLLM_HOST_IP": "127.0.0.1",
                    "VLLM_CPU_OMP_THREADS_BIND": "0|1",
                    "VLLM_CPU_KVCACHE_SPACE": "1",
                },
                cwd=home,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def get(self, path: str) -> str:
        with _OPEN.open(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
            return str(answer.read().decode())

    def post(self, path: str, **body: object) -> Any:  # noqa: ANN401 - http.client's answer
        data = json.dumps({"model": _MODEL, **body}).encode()
        request = Request(f"http://127.0.0.1:{self.port}{path}", data, {"content-type": "application/json"})
        return _OPEN.open(request, timeout=120)

    def until_ready(self) -> None:
        ends = time.monotonic() + PATIENCE
        while True:
            assert self.process.poll() is None, self.log.read_text()[-5000:]
            assert time.monotonic() < ends, self.log.read_text()[-5000:]
            try:
                self.get(server(settled(), "/m").ready)
            except (URLError, OSError):
                time.sleep(0.5)
            else:
                return


@pytest.fixture(scope="module")
def vllm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vllm]:
    folder = tmp_path_factory.mktemp("vllm")
    write(folder / "model")
    running = Vllm(folder)
    yield running
    if running.process.poll() is None:
        running.process.kill()
        running.process.wait()


def test_it_is_ready_when_it_names_the_model(vllm: Vllm) -> None:
    vllm.until_ready()
    names = [each["id"] for each in json.loads(vllm.get("/v1/models"))["data"]]
    assert names == [_MODEL]


def test_it_runs_as_it_was_told(vllm: Vllm) -> None:
    vllm.until_ready()
    log = vllm.log.read_text()
    assert "Worker_TP1" in log, "two workers"
    assert json.loads(vllm.get("/v1/models"))["data"][0]["max_model_len"] == 2048


def test_it_answers_the_same_twice(vllm: Vllm) -> None:
    vllm.until_ready()
    asked = {"prompt": "The Beaufort scale", "max_tokens": 12, "temperature": 0}
    answers = [json.load(vllm.post("/v1/completions", **asked)) for _ in range(2)]
    assert answers[0]["usage"]["completion_tokens"] == 12
    assert answers[0]["choices"][0]["text"] == answers[1]["choices"][0]["text"]


def test_it_has_the_metrics_that_autoscaling_asks_for(vllm: Vllm) -> None:
    vllm.until_ready()
    series = {line.partition("{")[0] for line in vllm.get("/metrics").splitlines() if not line.startswith("#")}
    told = server(settled(), "/m")
    assert {told.waiting, told.running} <= series


def test_probes_are_not_logged(vllm: Vllm) -> None:
    vllm.until_ready()
    json.load(vllm.post("/v1/completions", prompt="x", max_tokens=1))
    log = vllm.log.read_text()
    assert "POST /v1/completions" in log
    assert "GET /v1/models" not in log


def test_a_stream_that_runs_at_sigterm_ends_whole(vllm: Vllm) -> None:
    vllm.until_ready()
    stream = vllm.post("/v1/completions", prompt="x", max_tokens=400, temperature=0, ignore_eos=True, stream=True)
    assert stream.readline().startswith(b"data: ")
    vllm.process.send_signal(signal.SIGTERM)
    rest = stream.read().decode()
    assert rest.rstrip().endswith("data: [DONE]")
    assert vllm.process.wait(timeout=settled().plan.lifecycle.shutdown_seconds + 30) == 0
