from __future__ import annotations

import asyncio
import json
import os

import psutil
import pytest
from tests.gateway.conftest import CHAT, EVENTS, PATIENCE, Raw, StartEngine, StartGateway, until

from beaufort.gateway import Patience
from beaufort.units import MIB
from beaufort.wire import Exchange, sse

EVENT = sse.event(b'{"token": 1}')


class Stream:
    """An engine's side of streams that the test writes to."""

    def __init__(self) -> None:
        self.open: list[Exchange] = []

    def __call__(self, exchange: Exchange) -> None:
        exchange.start(200, EVENTS)
        exchange.write(EVENT)
        self.open.append(exchange)


async def test_each_piece_of_a_stream_arrives_when_it_is_sent(engine: StartEngine, gateway: StartGateway) -> None:
    stream = Stream()
    running = await gateway(await engine(stream))
    client = await running.connect()
    client.post()
    head = await client.head()
    assert head.startswith(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n")
    assert b"transfer-encoding: chunked\r\n" in head
    for _ in range(5):
        assert await client.until(b"\n\n\r\n") == b"%x\r\n%b\r\n" % (len(EVENT), EVENT)
        stream.open[0].write(EVENT)
    stream.open[0].end()
    assert (await client.until(b"0\r\n\r\n")).count(EVENT) == 1
    entry = (await running.entries())[0]
    assert (entry["outcome"], entry["bytes"]) == ("ok", 6 * len(EVENT))


async def test_a_stream_that_breaks_ends_with_an_error_event(engine: StartEngine, gateway: StartGateway) -> None:
    stream = Stream()
    running = await gateway(await engine(stream))
    client = await running.connect()
    client.post()
    await client.until(EVENT)
    stream.open[0].write(b'data: {"half')
    await client.until(b"half")
    stream.open[0].cut()
    body = await client.until(b"0\r\n\r\n")
    decoder = sse.Decoder()
    last = decoder.feed(body.split(b"\r\n")[2])[-1]
    assert json.loads(last)["error"]["code"] == "upstream_failed"
    assert b"[DONE]" not in body
    assert (await running.entries())[0]["outcome"] == "broken"
    assert "beaufort_gateway_broken_responses_total 1.0" in await running.metrics()


async def test_a_stream_that_falls_silent_ends_with_an_error_event(engine: StartEngine, gateway: StartGateway) -> None:
    stream = Stream()
    running = await gateway(await engine(stream), patience=Patience(silence=0.2))
    client = await running.connect()
    client.post()
    assert b"upstream_timeout" in await client.until(b"0\r\n\r\n")
    await until(lambda: stream.open[0].aborted)


@pytest.mark.parametrize("length", [100, None])
async def test_another_response_that_breaks_is_cut(
    length: int | None, engine: StartEngine, gateway: StartGateway
) -> None:
    def half(exchange: Exchange) -> None:
        exchange.start(200, [(b"content-type", b"application/json")], length)
        exchange.write(b'{"half')
        asyncio.get_running_loop().call_later(0.02, exchange.cut)

    running = await gateway(await engine(half))
    client = await running.connect()
    client.post()
    await client.until(b"half")
    with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
        await client.until(b"0\r\n\r\n")
    assert (await running.entries())[0]["outcome"] == "broken"


async def test_an_event_stream_to_an_http_10_client_ends_with_its_connection(
    engine: StartEngine, gateway: StartGateway
) -> None:
    stream = Stream()
    running = await gateway(await engine(stream))
    client = await running.connect()
    client.post(CHAT, b"{}", version=b"1.0")
    head = await client.head()
    assert b"chunked" not in head
    stream.open[0].end()
    assert await client.rest() == EVENT


async def test_head_has_no_body(engine: StartEngine, gateway: StartGateway) -> None:
    one = await engine(lambda exchange: exchange.respond(200, b"twelve bytes"))
    running = await gateway(one)
    response = await running.ask("/v1/models", method="HEAD", body=b"")
    assert (response.status, response.body, response.head.header(b"content-length")) == (200, b"", b"12")


async def test_an_empty_answer_is_relayed(engine: StartEngine, gateway: StartGateway) -> None:
    running = await gateway(await engine(lambda exchange: exchange.respond(204)))
    assert (await running.ask()).status == 204


async def test_pipelined_requests_are_answered_in_order(engine: StartEngine, gateway: StartGateway) -> None:
    def later_is_quicker(exchange: Exchange) -> None:
        delay = 0.05 if exchange.request.body == b"1" else 0.0
        asyncio.get_running_loop().call_later(delay, exchange.respond, 200, b"=" + exchange.request.body + b";")

    running = await gateway(await engine(later_is_quicker))
    client = await running.connect()
    for number in (b"1", b"2", b"3"):
        client.post(CHAT, number)
    assert [(await client.until(b";"))[-3:] for _ in range(3)] == [b"=1;", b"=2;", b"=3;"]


async def test_a_large_prompt_arrives_whole(engine: StartEngine, gateway: StartGateway) -> None:
    one = await engine()
    running = await gateway(one)
    prompt = os.urandom(220_000)
    assert (await running.ask(body=prompt)).status == 200
    assert one.exchanges[0].request.body == prompt


async def test_a_chunked_request_arrives_with_its_length(engine: StartEngine, gateway: StartGateway) -> None:
    one = await engine()
    running = await gateway(one)
    client = await running.connect()
    client.writer.write(b"POST %b HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n" % CHAT.encode())
    client.writer.write(b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
    await client.until(b"}")
    request = one.exchanges[0].request
    assert (request.body, request.header(b"content-length")) == (b"abcde", b"5")
    assert request.header(b"transfer-encoding") is None


async def test_an_engine_waits_for_a_slow_client_and_memory_stays_bounded(
    engine: StartEngine, gateway: StartGateway
) -> None:
    size, piece = 48 * MIB, b"x" * (64 * 1024)

    def pour(exchange: Exchange) -> None:
        async def write() -> None:
            exchange.start(200, [], size)
            for _ in range(size // len(piece)):
                while exchange.paused:
                    await asyncio.sleep(0.001)
                exchange.write(piece)
                sent.append(len(piece))
            exchange.end()

        tasks.append(asyncio.get_running_loop().create_task(write()))

    sent: list[int] = []
    tasks: list[asyncio.Task[None]] = []
    one = await engine(pour)
    running = await gateway(one)
    before = psutil.Process().memory_info().rss
    client = await running.connect()
    client.post()
    await until(lambda: one.exchanges and one.exchanges[0].paused)
    stuck = -1
    while stuck != sum(sent):
        stuck = sum(sent)
        await asyncio.sleep(0.1)
    assert stuck < size // 2, "the engine was not slowed down"
    assert psutil.Process().memory_info().rss - before < size // 2
    head = await client.head()
    assert b"content-length: %d\r\n" % size in head
    left = size
    while left:
        left -= len(await client.exactly(min(left, 256 * 1024)))
    await tasks[0]
    client.post()  # the connection to the engine reads again
    await client.head()
    client.close()
    for task in tasks:
        task.cancel()


async def test_a_pause_is_not_silence(engine: StartEngine, gateway: StartGateway) -> None:
    def pour(exchange: Exchange) -> None:
        exchange.start(200, EVENTS)
        exchange.write(b"x" * (16 * MIB))
        exchange.end()

    running = await gateway(await engine(pour), patience=Patience(silence=0.1))
    client = await running.connect()
    client.post()
    await client.head()
    await asyncio.sleep(0.4)
    assert running.running == 1
    async with asyncio.timeout(PATIENCE):
        await drain(client)


async def drain(client: Raw) -> None:
    tail = b""
    while not tail.endswith(b"\r\n0\r\n\r\n"):
        tail = (tail + await client.reader.read(MIB))[-16:]
