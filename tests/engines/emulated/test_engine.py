"""The emulated engine through real sockets, ten times faster than the accelerator."""

from __future__ import annotations

import asyncio
import json
import math
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from prometheus_client.parser import text_string_to_metric_families

from beaufort.engines.emulated.load import Settings, load
from beaufort.engines.refusal import render_refusal
from beaufort.engines.surface import Surface
from beaufort.errors import BeaufortError
from beaufort.wire import ClientConnection, Pool, ResponseHead, Server, WireError, fetch, sse
from beaufort.wire.fetch import encode

Start = Callable[[Settings], Awaitable[str]]
FAST = Settings("mistral-7b-v0.3", "H100", time_scale=0.1)


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    servers: list[Server] = []

    async def started(settings: Settings) -> str:
        engine = load(settings)
        server = Server(Surface(engine).handle, render_refusal=render_refusal)
        servers.append(server)
        await server.listen("127.0.0.1", 0)
        engine.start()
        return f"http://127.0.0.1:{server.port}"

    yield started
    for server in servers:
        await server.close()


async def post(url: str, **body: object) -> tuple[int, dict[str, object]]:
    answer = await fetch(f"{url}/v1/completions", method="POST", body=json.dumps(body).encode(), seconds=60)
    return answer.status, json.loads(answer.body)


async def metrics(url: str) -> dict[str, float]:
    text = (await fetch(f"{url}/metrics")).body.decode()
    return {sample.name: sample.value for family in text_string_to_metric_families(text) for sample in family.samples}


class Stream:
    """One streamed completion."""

    def __init__(self) -> None:
        self.events: list[bytes] = []
        self.begun = asyncio.Event()
        self.done = asyncio.Event()
        self._decoder = sse.Decoder()

    def on_head(self, head: ResponseHead) -> None:
        assert head.status == 200

    def on_body(self, data: bytes) -> None:
        self.events += self._decoder.feed(data)
        self.begun.set()

    def on_end(self) -> None:
        self.done.set()

    def on_lost(self, error: WireError) -> None:
        raise AssertionError(error)


async def stream(url: str, prompt: str, tokens: int) -> tuple[Stream, ClientConnection]:
    host, _, port = url.removeprefix("http://").partition(":")
    connection = await Pool(host, int(port)).connect()
    body = {"prompt": prompt, "max_tokens": tokens, "ignore_eos": True, "temperature": 0, "stream": True}
    sink = Stream()
    connection.send(encode("POST", "/v1/completions", host, (), json.dumps(body).encode()), sink)
    return sink, connection


async def test_greedy_text_is_the_same_on_every_replica(start: Start) -> None:
    first, second = await start(FAST), await start(FAST)
    answers = [await post(url, prompt="A long way", max_tokens=40, temperature=0) for url in (first, second, first)]
    texts = [answer["choices"] for _, answer in answers]
    assert texts[0] == texts[1] == texts[2]


async def test_a_repeated_prompt_hits_the_prefix_cache(start: Start) -> None:
    url = await start(FAST)
    prompt = "wind and wave " * 200
    for _ in range(2):
        status, answer = await post(url, prompt=prompt, max_tokens=2, ignore_eos=True)
        assert status == 200
        assert answer["usage"]["completion_tokens"] == 2  # type: ignore[index] # JSON
    state = await metrics(url)
    assert 0.4 < state["vllm:prefix_cache_hits_total"] / state["vllm:prefix_cache_queries_total"] <= 0.5


async def test_hundreds_of_streams_finish_and_aborted_ones_free_everything(start: Start) -> None:
    url = await start(Settings("mistral-7b-v0.3", "H100", time_scale=0.3))
    streams = await asyncio.gather(*(stream(url, f"stream {number}", 150) for number in range(300)))
    async with asyncio.timeout(60):
        await asyncio.gather(*(sink.begun.wait() for sink, _ in streams))
        assert (await metrics(url))["vllm:num_requests_running"] > 0
        for _, connection in streams[::2]:
            connection.close()
        await asyncio.gather(*(sink.done.wait() for sink, _ in streams[1::2]))
        while (state := await metrics(url))["vllm:num_requests_running"] + state["vllm:num_requests_waiting"]:
            await asyncio.sleep(0.02)
    assert state["vllm:kv_cache_usage_perc"] == 0
    for sink, _ in streams[1::2]:
        assert sink.events[-1] == b"[DONE]"
        assert len(sink.events) == 151


async def test_small_memory_preempts_and_still_finishes(start: Start) -> None:
    url = await start(Settings("mistral-7b-v0.3", "H100", time_scale=0.02, kv_cache_tokens=1600, max_model_len=800))
    answers = await asyncio.gather(
        *(post(url, prompt=f"{number} sail " * 20, max_tokens=300, ignore_eos=True) for number in range(12))
    )
    assert [answer["usage"]["completion_tokens"] for _, answer in answers] == [300] * 12  # type: ignore[index] # JSON
    assert (await metrics(url))["vllm:num_preemptions_total"] > 0


async def test_a_slow_fault_takes_as_many_times_longer(start: Start) -> None:
    loop = asyncio.get_running_loop()
    took = []
    for settings in (FAST, Settings("mistral-7b-v0.3", "H100", time_scale=0.1, faults=("slow=8",))):
        url = await start(settings)
        began = loop.time()
        await post(url, prompt="x", max_tokens=120, ignore_eos=True)
        took.append(loop.time() - began)
    assert took[1] / took[0] > 3


@pytest.mark.parametrize(
    ("fault", "status"),
    [("error=1", 500), ("loading", 503)],
)
async def test_faults_that_answer(start: Start, fault: str, status: int) -> None:
    url = await start(Settings("mistral-7b-v0.3", "H100", faults=(fault,)))
    assert (await post(url, prompt="x"))[0] == status
    assert (await fetch(f"{url}/health")).status == (503 if fault == "loading" else 200)


async def test_starting_up_ends(start: Start) -> None:
    url = await start(Settings("mistral-7b-v0.3", "H100", startup_seconds=0.2))
    assert (await fetch(f"{url}/health")).status == 503
    async with asyncio.timeout(20):
        while (await fetch(f"{url}/health")).status != 200:
            await asyncio.sleep(0.02)
    assert (await post(url, prompt="x", max_tokens=2))[0] == 200


async def test_metrics_that_are_not_numbers(start: Start) -> None:
    url = await start(Settings("mistral-7b-v0.3", "H100", faults=("nan",)))
    assert math.isnan((await metrics(url))["vllm:num_requests_running"])


async def test_a_hanging_engine_answers_nothing_until_it_wakes(start: Start) -> None:
    url = await start(Settings("mistral-7b-v0.3", "H100", time_scale=0.1, faults=("hang@0+0.4",)))
    with pytest.raises(WireError):
        await fetch(f"{url}/health", seconds=0.2)
    await asyncio.sleep(0.4)
    assert (await post(url, prompt="x", max_tokens=2))[0] == 200


@pytest.mark.parametrize("asked", [{"logprobs": 0}, {"response_format": {"type": "json_object"}}, {"n": 0}])
async def test_what_it_cannot_do_is_refused(start: Start, asked: dict[str, object]) -> None:
    url = await start(FAST)
    status, answer = await post(url, prompt="x", **asked)
    assert status == 400
    assert answer["error"]


async def test_its_model_is_as_every_client_knows_models(start: Start) -> None:
    url = await start(Settings("mistral-7b-v0.3", "H100", name="team/small", max_model_len=640))
    listed = json.loads((await fetch(f"{url}/v1/models")).body)["data"]
    one = await fetch(f"{url}/v1/models/team%2Fsmall")
    assert [json.loads(one.body)] == listed
    assert listed[0]["id"] == "team/small"
    assert (listed[0]["max_model_len"], listed[0]["max_context_length"]) == (640, 640)
    assert (listed[0]["type"], listed[0]["capabilities"]["function_calling"]) == ("base", False)


async def test_another_model_is_not_found(start: Start) -> None:
    url = await start(FAST)
    answer = await fetch(f"{url}/v1/models/other")
    error = json.loads(answer.body)["error"]
    assert (answer.status, error["code"]) == (404, "model_not_found")
    assert "'mistral-7b-v0.3' is" in error["message"]


async def test_a_prompt_that_leaves_no_room_is_told_apart_from_too_many_tokens(start: Start) -> None:
    url = await start(Settings("mistral-7b-v0.3", "H100", max_model_len=640))
    for prompt, blamed, said in (("a " * 640, "prompt", "the prompt alone"), ("a", "max_tokens", "1 in the prompt")):
        status, answer = await post(url, prompt=prompt, max_tokens=640)
        error = answer["error"]
        assert isinstance(error, dict)
        assert (status, error["param"], error["code"]) == (400, blamed, "context_length_exceeded")
        assert "This model's maximum context length is 640 tokens" in error["message"]
        assert said in error["message"]


@pytest.mark.parametrize(
    "settings",
    [
        Settings("mistral-7b-v3", "H100"),
        Settings("mistral-7b-v0.3", "H1000"),
        Settings("mistral-small-24b", "L4"),
        Settings("mistral-7b-v0.3", "H100", max_model_len=10**7),
    ],
)
def test_what_cannot_be_emulated_is_said(settings: Settings) -> None:
    with pytest.raises(BeaufortError) as caught:
        load(settings)
    assert all(problem.remedy for problem in caught.value.problems)


def test_a_crash_ends_the_process() -> None:
    command = [sys.executable, "-m", "beaufort", "engine", "emulated", "--port", "0", "--fault", "crash@0.2"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "serving mistral-7b-v0.3" in done.stderr
