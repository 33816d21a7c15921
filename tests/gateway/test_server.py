from __future__ import annotations

import asyncio
import json

import pytest
from tests.gateway.conftest import CHAT, StartEngine, StartGateway, until

from beaufort.gateway import Settings
from beaufort.gateway.server import Gateway
from beaufort.wire import Limits


async def test_health_says_whether_a_request_would_be_served(engine: StartEngine, gateway: StartGateway) -> None:
    one = await engine()
    running = await gateway(one)
    response = await running.ask("/health", method="GET")
    assert response.status == 200
    assert json.loads(response.body) == {"status": "ok", "healthy_endpoints": 1, "endpoints": 1}
    await one.kill()
    await until(lambda: not running.healthy)
    response = await running.ask("/health", method="GET")
    assert response.status == 503
    assert json.loads(response.body)["reason"] == "none of 1 endpoints is healthy"


async def test_health_without_endpoints(gateway: StartGateway) -> None:
    response = await (await gateway()).ask("/health", method="GET")
    assert (response.status, json.loads(response.body)["reason"]) == (503, "there is no endpoint")


async def test_other_paths_are_refused_in_openais_shape(engine: StartEngine, gateway: StartGateway) -> None:
    one = await engine()
    running = await gateway(one)
    for path in ("/", "/metric", "/v1", "/v2/models", "/admin"):
        response = await running.ask(path)
        assert response.status == 404
        error = json.loads(response.body)["error"]
        assert error["code"] == "not_found"
        assert error["type"] == "invalid_request_error"
        assert error["param"] is None
    assert (await running.ask("/health")).status == 405
    assert not one.exchanges
    assert {each["outcome"] for each in await running.entries(6)} == {"refused"}


async def test_a_malformed_request_is_refused_in_openais_shape(gateway: StartGateway) -> None:
    client = await (await gateway()).connect()
    client.writer.write(b"POST /v1/models HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n")
    assert (await client.head()).startswith(b"HTTP/1.1 400 ")
    assert json.loads(await client.rest())["error"]["code"] == "malformed_request"


async def test_a_body_over_the_limit_is_413(engine: StartEngine, gateway: StartGateway) -> None:
    one = await engine()
    running = await gateway(one, settings=Settings(limits=Limits(body_bytes=100)))
    client = await running.connect()
    client.post(CHAT, b"x" * 101)
    assert (await client.head()).startswith(b"HTTP/1.1 413 ")
    client.close()
    assert not one.exchanges


async def test_draining_finishes_what_runs_and_refuses_the_rest(engine: StartEngine, gateway: StartGateway) -> None:
    one = await engine(lambda _: None)
    running = await gateway(one)
    busy, idle = await running.connect(), await running.connect()
    busy.post()
    await until(lambda: one.exchanges)
    running.stop.set()
    assert await idle.rest() == b""
    await until(lambda: running.gateway.server.draining)
    one.exchanges[0].respond(200, b"done")
    assert (await busy.rest()).endswith(b"connection: close\r\n\r\ndone")


async def test_while_it_leaves_requests_are_taken_and_connections_are_not_kept(
    engine: StartEngine, gateway: StartGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, forgotten = await engine(), asyncio.Event()
    monkeypatch.setattr(Gateway, "_forgotten", lambda _: forgotten.wait())
    running = await gateway(one, settings=Settings(leave_seconds=1))
    kept = await running.connect()
    kept.post()
    assert b"connection: close" not in (await kept.head()).lower()
    await kept.exactly(len(b'{"ok": true}'))
    running.stop.set()
    await until(lambda: running.gateway.server.draining)
    assert (await running.ask("/ready", method="GET")).status == 503
    new = await running.connect()
    for client in (kept, new):
        client.post()
        assert b"connection: close" in (await client.head()).lower()
        assert await client.rest() == b'{"ok": true}'
    assert len(one.exchanges) == 3
    forgotten.set()
    await until(lambda: running.gateway.server._listener is None)


async def test_health_is_503_while_draining(engine: StartEngine, gateway: StartGateway) -> None:
    one = await engine(lambda _: None)
    running = await gateway(one)
    client = await running.connect()
    client.writer.write(b"GET /heal")  # a request that has begun is still answered
    await until(lambda: running.gateway.server.connections == 1)
    await asyncio.sleep(0.02)
    running.stop.set()
    await until(lambda: running.gateway.server.draining)
    client.writer.write(b"th HTTP/1.1\r\nhost: a\r\n\r\n")
    assert b"the gateway is shutting down" in await client.rest()


async def test_what_does_not_finish_is_cut(engine: StartEngine, gateway: StartGateway) -> None:
    one = await engine(lambda _: None)
    running = await gateway(one)
    client = await running.connect()
    client.post()
    await until(lambda: one.exchanges)
    await running.close()
    assert await client.rest() == b""
    await until(lambda: one.exchanges[0].aborted)
