from __future__ import annotations

import asyncio
import gc
import json

import pytest
from tests.gateway.conftest import CHAT, EVENTS, StartEngine, StartGateway, answer, status, until

from beaufort.gateway import Patience
from beaufort.gateway.attempt import Attempt
from beaufort.gateway.relay import Relay
from beaufort.wire import Exchange


async def test_a_request_reaches_the_engine_and_its_answer_the_client(
    engine: StartEngine, gateway: StartGateway
) -> None:
    one = await engine(
        lambda exchange: exchange.respond(
            201, b"done", b"text/x", [(b"x-engine", b"yes"), (b"connection", b"x-hop"), (b"x-hop", b"1")]
        )
    )
    running = await gateway(one)
    response = await running.ask(f"{CHAT}?a=b&c", body=b'{"x": 1}')
    request = one.exchanges[0].request
    assert (request.method, request.path, request.query, request.body) == ("POST", CHAT, "a=b&c", b'{"x": 1}')
    assert request.header(b"host") == one.url.removeprefix("http://").encode()
    assert request.header(b"connection") is None
    assert request.header(b"x-request-id") == response.head.header(b"x-request-id")
    assert (response.status, response.body) == (201, b"done")
    assert response.head.header(b"x-engine") == b"yes"
    assert response.head.header(b"content-length") == b"4"
    assert response.head.header(b"x-hop") is None


async def test_the_clients_request_id_is_kept_and_a_harmful_one_is_not(
    engine: StartEngine, gateway: StartGateway
) -> None:
    one = await engine()
    running = await gateway(one)
    for given, kept in ((b"abc-1", True), (b"a b", False), (b"x" * 200, False), (b'"\xff', False)):
        client = await running.connect()
        client.post(CHAT, b"{}", b"x-request-id: " + given)
        head = await client.head()
        client.close()
        assert (b"x-request-id: " + given + b"\r\n" in head) == kept
        assert (one.exchanges[-1].request.header(b"x-request-id") == given) == kept


async def test_requests_are_spread(engine: StartEngine, gateway: StartGateway) -> None:
    engines = [await engine() for _ in range(3)]
    running = await gateway(*engines)
    for _ in range(9):
        await running.ask()
    assert [len(each.exchanges) for each in engines] == [3, 3, 3]


async def test_the_least_loaded_engine_is_chosen(engine: StartEngine, gateway: StartGateway) -> None:
    held: list[Exchange] = []
    slow = await engine(held.append)
    quick = await engine(held.append)
    running = await gateway(slow, quick)
    first = asyncio.create_task(running.ask())
    await until(lambda: held)
    busy, idle = (slow, quick) if slow.exchanges else (quick, slow)
    idle.behave = answer
    for _ in range(5):
        await running.ask()
    assert (len(busy.exchanges), len(idle.exchanges)) == (1, 5)
    held[0].respond(200)
    await first


@pytest.mark.parametrize("code", [500, 502, 503, 504])
async def test_a_server_error_is_tried_elsewhere(code: int, engine: StartEngine, gateway: StartGateway) -> None:
    bad, good = await engine(status(code)), await engine()
    running = await gateway(bad, good)
    for _ in range(2):
        assert (await running.ask()).status == 200
    assert len(good.exchanges) == 2
    assert len(bad.exchanges) >= 1


@pytest.mark.parametrize("code", [400, 404, 429, 501])
async def test_other_errors_are_relayed(code: int, engine: StartEngine, gateway: StartGateway) -> None:
    one = await engine(status(code))
    running = await gateway(one, await engine(status(code)))
    response = await running.ask()
    assert (response.status, response.body) == (code, b'{"engine": true}')
    assert (await running.entries())[0]["attempts"] == 1


async def test_the_last_answer_is_relayed_when_the_attempts_are_used_up(
    engine: StartEngine, gateway: StartGateway
) -> None:
    engines = [await engine(status(500)) for _ in range(2)]
    running = await gateway(*engines)
    response = await running.ask()
    assert (response.status, response.body) == (500, b'{"engine": true}')
    counts = sorted(len(each.exchanges) for each in engines)
    assert counts == [1, 2], "both are tried before one is tried again"


async def test_an_engine_that_breaks_off_before_its_head_is_replaced(
    engine: StartEngine, gateway: StartGateway
) -> None:
    bad, good = await engine(Exchange.cut), await engine()
    running = await gateway(bad, good)
    assert [(await running.ask()).status for _ in range(4)] == [200] * 4
    assert bad.exchanges


async def test_an_engine_that_dies_between_head_and_first_token_is_replaced(
    engine: StartEngine, gateway: StartGateway
) -> None:
    def die(exchange: Exchange) -> None:
        exchange.start(200, EVENTS)
        asyncio.get_running_loop().call_later(0.02, exchange.cut)

    bad, good = await engine(die), await engine()
    running = await gateway(bad, good)
    assert [(await running.ask()).status for _ in range(4)] == [200] * 4
    assert bad.exchanges


async def test_nothing_left_to_try_is_a_502(engine: StartEngine, gateway: StartGateway) -> None:
    running = await gateway(await engine(Exchange.cut))
    response = await running.ask()
    assert response.status == 502
    error = json.loads(response.body)["error"]
    assert error["code"] == "upstream_failed"
    assert "broke off" in error["message"]
    assert (await running.entries())[0]["attempts"] == 3


async def test_a_stale_connection_is_not_blamed(engine: StartEngine, gateway: StartGateway) -> None:
    def close_after_one(exchange: Exchange) -> None:
        # Keep-alive is promised, but the next request on the connection finds it closed.
        if exchange.client in seen:
            exchange.cut()
        else:
            seen.add(exchange.client)
            exchange.respond(200)

    seen: set[str] = set()
    one = await engine(close_after_one)
    running = await gateway(one, patience=Patience(attempts=1))
    assert [(await running.ask()).status for _ in range(5)] == [200] * 5
    health = next(iter(running.gateway._endpoints)).health
    assert health.failed_requests == 0
    assert 'retries_total{reason="stale"}' in await running.metrics()


async def test_an_engine_whose_machine_is_gone_is_not_tried_again(engine: StartEngine, gateway: StartGateway) -> None:
    one, two = await engine(), await engine()
    running = await gateway(one, two)
    for _ in range(4):  # both have a connection that is kept
        assert (await running.ask()).status == 200
    held: list[Exchange] = []
    one.behave = two.behave = held.append
    asking = asyncio.create_task(running.ask())
    await until(lambda: held)
    gone, other = (one, two) if held[0] in one.exchanges else (two, one)
    other.behave = answer
    (upstream,) = (each for each in running.gateway._endpoints if each.url == gone.url)
    (relay,) = running.gateway._crew.running
    connection = relay._attempt._connection if relay._attempt is not None else None
    assert connection is not None
    assert connection.used > 1
    connection.connection_lost(TimeoutError(110, "Connection timed out"))  # as asyncio passes on the kernel's verdict
    assert (await asking).status == 200
    assert len(held) == 1, "nothing more was sent to the lost one"
    assert upstream.health.failed_requests == 1
    held[0].cut()


async def test_every_engine_that_refuses_is_passed_over(engine: StartEngine, gateway: StartGateway) -> None:
    engines = [await engine() for _ in range(6)]
    running = await gateway(*engines, patience=Patience(attempts=2))
    for each in engines[:5]:
        await each.kill()
    responses = await asyncio.gather(*(running.ask() for _ in range(12)))
    assert [each.status for each in responses] == [200] * 12


async def test_a_request_waits_for_an_engine_to_come_back(engine: StartEngine, gateway: StartGateway) -> None:
    one = await engine()
    running = await gateway(one)
    await one.kill()
    asking = [asyncio.create_task(running.ask()) for _ in range(3)]
    await until(lambda: running.gateway._endpoints.waiting == 3)
    assert "beaufort_gateway_waiting 3.0" in await running.metrics()
    await one.start()
    assert [(await each).status for each in asking] == [200] * 3


async def test_an_engine_that_says_503_is_waited_for(engine: StartEngine, gateway: StartGateway) -> None:
    one = await engine(status(503))
    running = await gateway(one)
    one.health = 503
    asking = asyncio.create_task(running.ask())
    await until(lambda: running.gateway._endpoints.waiting)
    one.health, one.behave = 200, answer
    assert (await asking).status == 200


async def test_waiting_ends_with_503(engine: StartEngine, gateway: StartGateway) -> None:
    one = await engine()
    one.health = 503
    running = await gateway(one, patience=Patience(ready=0.2), wait=False)
    response = await running.ask()
    assert response.status == 503
    assert response.head.header(b"retry-after") == b"5"
    assert json.loads(response.body)["error"]["code"] == "no_endpoint_ready"
    entry = (await running.entries())[0]
    assert (entry["outcome"], entry["endpoint"], entry["attempts"]) == ("unavailable", "", 0)


async def test_so_many_may_wait_and_no_more(gateway: StartGateway) -> None:
    running = await gateway(patience=Patience(waiters=1, ready=60))
    first = await running.connect()
    first.post()
    await until(lambda: running.gateway._endpoints.waiting == 1)
    assert (await running.ask()).status == 503
    first.close()
    await until(lambda: running.gateway._endpoints.waiting == 0)
    assert [each["outcome"] for each in await running.entries(2)] == ["unavailable", "aborted"]


async def test_a_client_that_leaves_is_gone_from_the_engine_at_once(engine: StartEngine, gateway: StartGateway) -> None:
    one = await engine(lambda _: None)
    running = await gateway(one)
    clients = [await running.connect() for _ in range(8)]
    for client in clients:
        client.post()
    await until(lambda: len(one.exchanges) == 8)
    for client in clients[:5]:
        client.close()
    await until(lambda: sum(each.aborted for each in one.exchanges) == 5)
    assert running.in_flight == 3
    for each in one.exchanges:
        each.respond(200)
    assert {each["outcome"] for each in await running.entries(8)} == {"aborted", "ok"}
    assert "beaufort_gateway_aborts_total 5.0" in await running.metrics()
    for client in clients:
        client.close()


async def test_an_answer_that_does_not_come_is_a_504(engine: StartEngine, gateway: StartGateway) -> None:
    one = await engine(lambda _: None)
    running = await gateway(one, patience=Patience(answer=0.2))
    response = await running.ask()
    assert response.status == 504
    assert json.loads(response.body)["error"]["code"] == "upstream_timeout"
    await until(lambda: one.exchanges[0].aborted)
    assert len(one.exchanges) == 1, "the time is used up, so it is not tried again"


async def test_an_engine_that_left_the_list_finishes_what_it_has(engine: StartEngine, gateway: StartGateway) -> None:
    old, new = await engine(lambda _: None), await engine()
    running = await gateway(old)
    asking = asyncio.create_task(running.ask())
    await until(lambda: old.exchanges)
    running.gateway._fixed = (new.url,)
    running.gateway._update(())
    await until(lambda: running.healthy == {new.url})
    assert (await running.ask()).status == 200
    old.exchanges[0].respond(200, b"old")
    assert (await asking).body == b"old"
    await until(lambda: old.connections == 0)


async def test_a_request_leaves_no_circle_behind(engine: StartEngine, gateway: StartGateway) -> None:
    running = await gateway(await engine(), await engine(status(500)))
    await running.ask()
    gc.collect()
    gc.disable()
    try:
        for _ in range(10):
            await running.ask()
        await until(lambda: not running.running)
        left = [each for each in gc.get_objects() if isinstance(each, (Relay, Attempt))]
    finally:
        gc.enable()
    assert len(left) <= 1, "the last one may still be on the stack"
