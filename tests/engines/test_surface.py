"""The routes through real sockets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from urllib.parse import quote

import pytest
from openai.types import Model
from tests.engines.scripted import ScriptedEngine

from beaufort.engines.refusal import RequestError, render_refusal
from beaufort.engines.surface import Surface
from beaufort.wire import Response, Server, fetch

_PATIENCE = 20.0


class Site:
    """A surface behind a real server."""

    def __init__(self, surface: Surface, engine: ScriptedEngine, port: int) -> None:
        self.surface = surface
        self.engine = engine
        self.port = port

    async def ask(self, method: str, path: str, body: bytes = b"") -> Response:
        return await fetch(f"http://127.0.0.1:{self.port}{path}", method=method, body=body, seconds=_PATIENCE)

    async def complete(self, **fields: object) -> Response:
        return await self.ask("POST", "/v1/completions", json.dumps({"prompt": "hi", **fields}).encode())

    async def asked(self, count: int) -> None:
        """Wait until the engine has so many requests."""
        async with asyncio.timeout(_PATIENCE):
            while len(self.engine.submissions) < count:
                await asyncio.sleep(0.005)


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    engine = ScriptedEngine()
    surface = Surface(engine)
    server = Server(surface.handle, render_refusal=render_refusal)
    await server.listen("127.0.0.1", 0)
    yield Site(surface, engine, server.port)
    await server.close()


def _error(response: Response) -> dict[str, object]:
    assert response.head.header(b"content-type") == b"application/json"
    (error,) = json.loads(response.body).values()
    assert sorted(error) == ["code", "message", "param", "type"]
    return dict(error)


@pytest.mark.parametrize("path", ["/health", "/metrics", "/v1/models", "/v1/models/scripted%2Fmodel", "/health?a=b"])
async def test_head_says_what_get_would_say(site: Site, path: str) -> None:
    got, headed = await site.ask("GET", path), await site.ask("HEAD", path)
    assert got.status == headed.status == 200
    assert got.body
    assert headed.body == b""
    for name in (b"content-type", b"content-length"):
        assert got.head.header(name) == headed.head.header(name) is not None


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/v1/chat/completions", b"POST"),
        ("HEAD", "/v1/completions", b"POST"),
        ("OPTIONS", "/v1/completions", b"POST"),
        ("POST", "/v1/models", b"GET, HEAD"),
        ("DELETE", "/v1/models/scripted%2Fmodel", b"GET, HEAD"),
        ("PUT", "/health", b"GET, HEAD"),
    ],
)
async def test_a_wrong_method_is_told_the_right_one(site: Site, method: str, path: str, allowed: bytes) -> None:
    response = await site.ask(method, path)
    assert response.status == 405
    assert response.head.header(b"allow") == allowed
    assert method == "HEAD" or _error(response)["type"] == "invalid_request_error"


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/embeddings", "/health/", "/v1/modelsx", "/" + "x" * 1000])
async def test_there_is_nothing_elsewhere(site: Site, path: str) -> None:
    response = await site.ask("GET", path)
    assert response.status == 404
    error = _error(response)
    assert "/v1/chat/completions" in str(error["message"])
    assert len(str(error["message"])) < 400


async def test_the_model_can_be_looked_up(site: Site) -> None:
    listed = json.loads((await site.ask("GET", "/v1/models")).body)["data"]
    for name in ("scripted/model", quote("scripted/model", safe="")):
        response = await site.ask("GET", f"/v1/models/{name}")
        assert Model.model_validate_json(response.body).id == "scripted/model"
        assert listed == [json.loads(response.body)]
    response = await site.ask("GET", "/v1/models/gpt-4o")
    assert (response.status, _error(response)["code"]) == (404, "model_not_found")


async def test_a_mistake_has_its_status_and_place(site: Site) -> None:
    response = await site.complete(n=0)
    assert (response.status, _error(response)["param"]) == (400, "n")
    assert not site.engine.submissions
    response = await site.complete(model="gpt-4o")
    assert (response.status, _error(response)["code"]) == (400, "model_not_found")
    response = await site.ask("POST", "/v1/completions")
    assert (response.status, _error(response)["code"]) == (400, "invalid_json")


async def test_many_are_answered_at_once(site: Site) -> None:
    answers = [asyncio.ensure_future(site.complete(prompt=f"{number}")) for number in range(20)]
    await site.asked(20)
    assert not site.surface.idle.is_set()
    assert b"vllm:num_requests_running{" in (await site.ask("GET", "/metrics")).body
    for submission in reversed(site.engine.submissions):
        submission.say(f"answer to {submission.prompt}", finish="stop")
    texts = [json.loads((await answer).body)["choices"][0]["text"] for answer in answers]
    assert texts == [f"answer to ^{number}" for number in range(20)]
    assert site.surface.idle.is_set()


async def test_a_client_that_leaves_is_noticed(site: Site) -> None:
    answer = asyncio.ensure_future(site.complete())
    await site.asked(1)
    answer.cancel()
    async with asyncio.timeout(_PATIENCE):
        await site.surface.idle.wait()
    assert site.engine.submissions[0].live == set()


async def test_a_refusal_by_the_engine_is_the_answer(site: Site) -> None:
    site.engine.error = RequestError("it would never fit", code="context_length_exceeded")
    response = await site.complete()
    assert (response.status, _error(response)["code"]) == (400, "context_length_exceeded")
    assert site.surface.idle.is_set()


@pytest.mark.parametrize("error", [RequestError("the second does not fit"), ZeroDivisionError("a fault")])
async def test_what_one_prompt_meets_frees_the_others(
    site: Site, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    submit = site.engine.submit

    def submit_once(*arguments: object) -> object:
        submission = submit(*arguments)  # type: ignore[arg-type] # as they came
        site.engine.error = error
        return submission

    site.engine.submit = submit_once  # type: ignore[assignment,method-assign] # fails at the second prompt
    response = await site.complete(prompt=["a", "b"])
    assert response.status == (400 if isinstance(error, RequestError) else 500)
    assert _error(response)["code"] is None
    assert "division" not in str(_error(response))
    assert [submission.live for submission in site.engine.submissions] == [set()]
    assert site.surface.idle.is_set()
    assert ("the handler failed" in caplog.text) is isinstance(error, ZeroDivisionError)


async def test_draining_refuses_new_work_and_finishes_the_old(site: Site) -> None:
    answer = asyncio.ensure_future(site.complete())
    await site.asked(1)
    site.surface.draining = True
    for response in (await site.complete(), await site.ask("GET", "/health")):
        assert (response.status, _error(response)["code"]) == (503, "draining")
    assert (await site.ask("GET", "/v1/models")).status == 200
    site.engine.submissions[0].say("done", finish="stop")
    assert (await answer).status == 200


async def test_an_engine_that_failed_says_so(site: Site) -> None:
    answer = asyncio.ensure_future(site.complete())
    await site.asked(1)
    site.engine.fail("the pipeline broke")
    assert (await answer).status == 500
    for response in (await answer, await site.complete(), await site.ask("GET", "/health")):
        assert _error(response)["message"] == "the pipeline broke"
    assert (await site.complete()).status == 503


async def test_what_is_no_http_is_refused_in_the_same_shape(site: Site) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    writer.write(b"POST /v1/completions HTTP/1.1\r\nhost: a\r\ncontent-length: x\r\n\r\n")
    async with asyncio.timeout(_PATIENCE):
        received = await reader.read()
    writer.close()
    head, _, body = received.partition(b"\r\n\r\n")
    assert b" 400 " in head.split(b"\r\n")[0]
    assert json.loads(body)["error"]["code"] == "malformed_http"
