"""One connection over real sockets: order, limits of time and memory, and every way it may end."""

from __future__ import annotations

import asyncio
import logging
import re
import socket
from collections.abc import Callable

import pytest
from tests.wire.conftest import Connect, Listen, Raw, echo, until

from beaufort.wire import Exchange, Limits

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
HEAD = GET.replace(b"GET", b"HEAD")


def get(target: str) -> bytes:
    return f"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n".encode()


class Later:
    """A handler that answers when the test says so, and notes what happens meanwhile."""

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []
        self.events: list[str] = []

    def __call__(self, exchange: Exchange) -> None:
        self.exchanges.append(exchange)
        exchange.on_abort = lambda: self.events.append("abort")
        exchange.on_pause = lambda: self.events.append("pause")
        exchange.on_resume = lambda: self.events.append("resume")

    async def takes(self, count: int) -> Exchange:
        await until(lambda: len(self.exchanges) >= count)
        return self.exchanges[count - 1]


class Tap:
    """A handler that writes as long as the client keeps up."""

    piece = b"x" * 10_000

    def __init__(self, pieces: int) -> None:
        self.left = pieces
        self.aborted = 0
        self.pauses = 0

    def __call__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        exchange.on_pause = self._pause
        exchange.on_resume = self._pour
        exchange.on_abort = self._abort
        exchange.start(200, [])
        self._pour()

    def _pause(self) -> None:
        self.pauses += 1

    def _abort(self) -> None:
        self.aborted += 1

    def _pour(self) -> None:
        while self.left and not self.exchange.paused:
            self.left -= 1
            self.exchange.write(self.piece)
        if not self.left:
            self.exchange.end()


def small_window(client: Raw) -> None:
    """Let little wait in the kernel, so that it is the server that waits."""
    client.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)


# ---- order


async def test_answers_keep_the_order_of_the_requests(listen: Listen, connect: Connect) -> None:
    later = Later()
    client = await connect((await listen(later)).port)
    client.send(get("/1") + get("/2") + get("/3"))
    for number in (1, 2, 3):
        exchange = await later.takes(number)
        assert len(later.exchanges) == number, "the next request begins when the one before it has ended"
        exchange.respond(200, exchange.request.path.encode())
        assert await client.response() == (200, b"/%d" % number)


async def test_a_long_pipeline_is_answered_to_the_end(listen: Listen, connect: Connect) -> None:
    client = await connect((await listen()).port)
    count = 3000
    client.send(b"".join(get(f"/{number}") for number in range(count)))
    for number in range(count):
        assert await client.response() == (200, b"GET /%d? " % number)


async def test_pipelined_bodies_stay_with_their_requests(listen: Listen, connect: Connect) -> None:
    client = await connect((await listen()).port)
    head = b"POST /%d HTTP/1.1\r\nHost: a\r\n"
    client.send(
        head % 1 + b"Content-Length: 3\r\n\r\none" + head % 2 + b"Transfer-Encoding: chunked\r\n\r\n"
        b"2\r\ntw\r\n1\r\no\r\n0\r\nX: y\r\n\r\n" + get("/3")
    )
    assert [await client.response() for _ in range(3)] == [
        (200, b"POST /1? one"),
        (200, b"POST /2? two"),
        (200, b"GET /3? "),
    ]


@pytest.mark.parametrize("body", [b"", b"x" * 1000])
async def test_reading_pauses_when_too_much_is_pipelined(listen: Listen, connect: Connect, body: bytes) -> None:
    later = Later()
    server = await listen(later, Limits(pipelined=4 if not body else 10_000, body_bytes=4000))
    client = await connect(server.port)
    request = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    count = 4_000_000 // len(request)
    client.send(request * count)
    await later.takes(1)
    (connection,) = server._connections
    await until(lambda: not connection._reading)
    unsent = client.writer.transport.get_write_buffer_size()
    assert unsent > 0
    await asyncio.sleep(0.1)
    assert client.writer.transport.get_write_buffer_size() == unsent
    answered = 0
    while answered < 3 * len(later.exchanges) // 2 and answered < 500:
        exchange = await later.takes(answered + 1)
        assert exchange.request.body == body
        exchange.respond(204)
        answered += 1
        assert (await client.head()).startswith(b"HTTP/1.1 204 No Content\r\n")


async def test_a_client_that_reads_no_answers_gets_no_more_of_them(listen: Listen, connect: Connect) -> None:
    begun = 0

    def large(exchange: Exchange) -> None:
        nonlocal begun
        begun += 1
        exchange.respond(200, b"x" * 100_000)

    server = await listen(large)
    client = await connect(server.port)
    small_window(client)
    client.writer.transport.pause_reading()  # type: ignore[attr-defined]
    client.send(GET * 5000)
    (connection,) = server._connections
    await until(lambda: not connection._writable)
    await asyncio.sleep(0.1)
    assert begun < 500
    assert connection._transport.get_write_buffer_size() < 300_000
    client.writer.transport.resume_reading()  # type: ignore[attr-defined]
    for _ in range(3):
        assert await client.response() == (200, b"x" * 100_000)


# ---- the forms of a response


@pytest.mark.parametrize(
    ("request_bytes", "answer", "expected"),
    [
        (GET, lambda it: it.respond(200, b"ok", b"a/b"), b"content-type: a/b\r\ncontent-length: 2\r\n\r\nok"),
        (GET, lambda it: it.respond(200), b"content-length: 0\r\n\r\n"),
        (GET, lambda it: it.respond(204), b"\r\n"),
        (GET, lambda it: it.respond(204, b"never sent", b"a/b"), b"content-type: a/b\r\n\r\n"),
        (GET, lambda it: it.respond(304, b"", headers=[(b"etag", b"x")]), b"etag: x\r\n\r\n"),
        (HEAD, lambda it: it.respond(200, b"ok", b"a/b"), b"content-type: a/b\r\ncontent-length: 2\r\n\r\n"),
        (HEAD, lambda it: stream(it, 2), b"content-length: 2\r\n\r\n"),
        (HEAD, lambda it: stream(it, None), b"transfer-encoding: chunked\r\n\r\n"),
        (GET, lambda it: stream(it, 2), b"content-length: 2\r\n\r\nok"),
        (GET, lambda it: stream(it, None), b"transfer-encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\n\r\n"),
    ],
)  # fmt: skip
async def test_a_response_has_the_right_form(
    listen: Listen, connect: Connect, request_bytes: bytes, answer: Callable[[Exchange], None], expected: bytes
) -> None:
    def handle(exchange: Exchange) -> None:
        if exchange.request.path == "/end":
            exchange.respond(299, b"the end")
        else:
            answer(exchange)

    client = await connect((await listen(handle)).port)
    client.send(request_bytes + get("/end"))
    async with asyncio.timeout(10):
        text = await client.reader.readuntil(b"the end")
    first, second, _ = re.split(rb"HTTP/1.1 299 \r\n|the end", text)
    assert first.partition(b"\r\n")[2] == expected
    assert b"content-length: 7" in second


def stream(exchange: Exchange, length: int | None) -> None:
    exchange.start(200, [], length)
    exchange.write(b"o")
    exchange.write(b"")
    exchange.write(b"k")
    exchange.end()
    exchange.end()
    exchange.write(b"after the end")


async def test_http_10_gets_no_chunks_and_the_connection_it_asks_for(listen: Listen, connect: Connect) -> None:
    def handle(exchange: Exchange) -> None:
        stream(exchange, 2 if exchange.request.path == "/length" else None)

    port = (await listen(handle)).port
    closing = await connect(port)
    closing.send(b"GET / HTTP/1.0\r\n\r\n")
    assert await closing.rest() == b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nok"
    living = await connect(port)
    living.send(b"GET /length HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" * 2 + b"GET / HTTP/1.0\r\n\r\n")
    for _ in range(2):
        assert b"connection: keep-alive" in await living.head()
        assert await living.reader.readexactly(2) == b"ok"
    assert (await living.rest()).endswith(b"connection: close\r\n\r\nok")


@pytest.mark.parametrize("length", [1, 3])
async def test_a_body_that_is_not_as_long_as_said_breaks_the_connection(
    listen: Listen, connect: Connect, length: int
) -> None:
    client = await connect((await listen(lambda exchange: stream(exchange, length))).port)
    client.send(GET * 2)
    answer = await ended(client)
    assert answer.count(b"HTTP/1.1") <= 1


async def ended(client: Raw) -> bytes:
    """Return what came before the connection ended, be it in order or by a reset."""
    data = b""
    async with asyncio.timeout(10):
        try:
            while piece := await client.reader.read(65536):
                data += piece
        except ConnectionError:
            pass
    return data


async def test_a_response_is_given_once(listen: Listen, connect: Connect) -> None:
    later = Later()
    client = await connect((await listen(later)).port)
    client.send(GET)
    exchange = await later.takes(1)
    exchange.write(b"too early")
    with pytest.raises(RuntimeError, match="begun"):
        exchange.end()
    exchange.respond(200)
    with pytest.raises(RuntimeError, match="begun already"):
        exchange.respond(200)
    assert await client.response() == (200, b"")


async def test_connection_close_is_kept_by_both_sides(listen: Listen, connect: Connect) -> None:
    def handle(exchange: Exchange) -> None:
        exchange.start(200, [], 0, close=exchange.request.path == "/close")
        exchange.end()

    port = (await listen(handle)).port
    asked = await connect(port)
    asked.send(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" + GET)
    assert await asked.rest() == b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    told = await connect(port)
    told.send(get("/close") + GET)
    assert await told.rest() == b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


# ---- 100-continue and upgrades


async def test_a_client_that_waits_is_told_to_continue(listen: Listen, connect: Connect) -> None:
    client = await connect((await listen()).port)
    client.send(b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
    assert await client.head() == b"HTTP/1.1 100 Continue\r\n\r\n"
    client.send(b"ok")
    assert await client.response() == (200, b"POST /? ok")


async def test_an_earlier_answer_is_not_preceded_by_a_continue(listen: Listen, connect: Connect) -> None:
    later = Later()
    client = await connect((await listen(later)).port)
    client.send(GET + b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
    (await later.takes(1)).respond(200, b"first")
    assert await client.response() == (200, b"first")


async def test_an_upgrade_is_answered_as_a_plain_request(listen: Listen, connect: Connect) -> None:
    client = await connect((await listen()).port)
    client.send(
        b"POST /u HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
        b"HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\nContent-Length: 4\r\n\r\nbo"
    )
    client.send(b"dy")
    assert await client.response() == (200, b"POST /u? body")
    assert await client.rest() == b""


# ---- refusals and lingering


async def test_a_refusal_comes_after_the_answers_before_it(listen: Listen, connect: Connect) -> None:
    later = Later()
    client = await connect((await listen(later)).port)
    client.send(get("/1") + get("/2") + b"BAD\r\n\r\n" + get("/3"))
    for number in (1, 2):
        (await later.takes(number)).respond(200, b"%d" % number)
        assert await client.response() == (200, b"%d" % number)
    refusal = await client.rest()
    assert refusal.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b"connection: close" in refusal
    assert len(later.exchanges) == 2


async def test_a_client_that_keeps_sending_still_reads_the_refusal(listen: Listen, connect: Connect) -> None:
    client = await connect((await listen(limits=Limits(body_bytes=1000))).port)
    client.send(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(200):
        client.send(b"3e8\r\n" + b"x" * 1000 + b"\r\n")
        await asyncio.sleep(0)
    assert (await client.response())[0] == 413


async def test_a_client_that_never_stops_sending_is_ended(listen: Listen, connect: Connect) -> None:
    server = await listen(limits=Limits(body_bytes=1000, linger_seconds=0.1))
    client = await connect(server.port)
    client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n")
    async with asyncio.timeout(10):
        while server.connections:
            client.send(b"x" * 1000)
            await asyncio.sleep(0.01)


async def test_a_slow_reader_gets_the_whole_of_the_last_answer(listen: Listen, connect: Connect) -> None:
    body = b"x" * 4_000_000
    limits = Limits(linger_seconds=0.05, write_seconds=0.5)
    server = await listen(lambda exchange: exchange.respond(200, body), limits)
    client = await connect(server.port)
    small_window(client)
    client.send(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    await client.head()
    received = 0
    async with asyncio.timeout(20):
        while piece := await client.reader.read(50_000):
            received += len(piece)
            await asyncio.sleep(0.01)
    assert received == len(body)


# ---- deadlines


@pytest.mark.parametrize(
    ("sent", "limits", "status"),
    [
        (b"", Limits(idle_seconds=0.1), b""),
        (GET, Limits(idle_seconds=0.1), b"200"),
        (GET + b"GET", Limits(header_seconds=0.1), b"408"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX", Limits(header_seconds=0.1), b"408"),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx", Limits(body_seconds=0.1), b"408"),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3", Limits(body_seconds=0.1), b"408"),
    ],
)
async def test_a_silent_client_is_ended(
    listen: Listen, connect: Connect, sent: bytes, limits: Limits, status: bytes
) -> None:
    server = await listen(limits=limits)
    client = await connect(server.port)
    client.send(sent)
    answers = (await client.rest()).split(b"HTTP/1.1 ")
    assert answers[-1][:3] == status
    client.close()
    await until(lambda: server.connections == 0)


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\nHost: a\r\nX: ",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;x=",
    ],
)
async def test_a_client_that_trickles_is_ended(listen: Listen, connect: Connect, head: bytes) -> None:
    client = await connect((await listen(limits=Limits(header_seconds=0.2, body_seconds=0.2))).port)
    client.send(head)
    answer = asyncio.create_task(client.rest())
    async with asyncio.timeout(10):
        while not answer.done():
            client.send(b"y")
            await asyncio.sleep(0.02)
    assert (await answer).startswith(b"HTTP/1.1 408 Request Timeout")


async def test_a_body_that_comes_fast_enough_may_take_long(listen: Listen, connect: Connect) -> None:
    client = await connect((await listen(limits=Limits(body_seconds=0.5, body_bytes_per_second=100))).port)
    for _ in range(2):
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2000\r\n\r\n")
        for _ in range(20):
            client.send(b"y" * 100)
            await asyncio.sleep(0.05)
        assert await client.response() == (200, b"POST /? " + b"y" * 2000)


async def test_a_handler_may_take_longer_than_any_deadline(listen: Listen, connect: Connect) -> None:
    later = Later()
    limits = Limits(idle_seconds=0.05, header_seconds=0.05, body_seconds=0.05, write_seconds=0.05)
    client = await connect((await listen(later, limits)).port)
    client.send(GET + GET[:10])
    exchange = await later.takes(1)
    await asyncio.sleep(0.3)
    exchange.respond(200, b"late")
    assert await client.response() == (200, b"late")
    assert later.events == []


async def test_a_client_that_does_not_read_is_ended(listen: Listen, connect: Connect) -> None:
    tap = Tap(100_000)
    server = await listen(tap, Limits(write_seconds=0.2))
    client = await connect(server.port)
    small_window(client)
    client.writer.transport.pause_reading()  # type: ignore[attr-defined]
    client.send(GET)
    await until(lambda: tap.aborted)
    await until(lambda: server.connections == 0)
    assert tap.aborted == 1
    assert tap.left > 0


# ---- back-pressure


async def test_a_slow_reader_makes_the_handler_pause(listen: Listen, connect: Connect) -> None:
    pieces = 2000
    tap = Tap(pieces)
    server = await listen(tap)
    client = await connect(server.port)
    small_window(client)
    client.writer.transport.pause_reading()  # type: ignore[attr-defined]
    client.send(GET)
    await until(lambda: tap.pauses)
    (connection,) = server._connections
    assert tap.left > 0
    assert connection._transport.get_write_buffer_size() <= Limits().write_buffer_bytes + 2 * len(Tap.piece)
    client.writer.transport.resume_reading()  # type: ignore[attr-defined]
    await client.head()
    received = 0
    async with asyncio.timeout(10):
        while (size := int(await client.reader.readline(), 16)) > 0:
            received += len((await client.reader.readexactly(size + 2))[:-2])
    assert received == pieces * len(Tap.piece)
    assert tap.pauses > 1
    assert tap.aborted == 0


# ---- a client that goes away


@pytest.mark.parametrize("how", ["abort", "close", "half-close"])
@pytest.mark.parametrize("begun", [False, True])
async def test_an_abort_is_told_once(listen: Listen, connect: Connect, how: str, *, begun: bool) -> None:
    later = Later()
    server = await listen(later)
    client = await connect(server.port)
    client.send(GET * 3)
    exchange = await later.takes(1)
    if begun:
        exchange.start(200, [])
        exchange.write(b"x")
    if how == "abort":
        client.close()
    elif how == "close":
        client.writer.close()
    else:
        client.writer.write_eof()
    await until(lambda: later.events)
    assert exchange.aborted
    exchange.write(b"to nobody")
    if not begun:
        exchange.start(200, [])
    exchange.end()
    exchange.cut()
    await until(lambda: server.connections == 0)
    assert later.events == ["abort"]
    assert len(later.exchanges) == 1, "what was pipelined behind is not begun for a client that is gone"


async def test_a_client_that_is_gone_is_noticed_though_it_read_nothing(listen: Listen, connect: Connect) -> None:
    tap = Tap(100_000)
    server = await listen(tap)
    client = await connect(server.port)
    small_window(client)
    client.writer.transport.pause_reading()  # type: ignore[attr-defined]
    client.send(GET)
    await until(lambda: tap.pauses)
    client.writer.write_eof()
    await until(lambda: tap.aborted)
    await until(lambda: server.connections == 0)


async def test_no_abort_after_the_end(listen: Listen, connect: Connect) -> None:
    later = Later()
    server = await listen(later)
    client = await connect(server.port)
    client.send(GET)
    (await later.takes(1)).respond(200, b"x")
    await client.response()
    client.close()
    await until(lambda: server.connections == 0)
    assert later.events == []


async def test_a_client_that_half_closes_after_its_request_gets_what_is_answered_already(
    listen: Listen, connect: Connect
) -> None:
    client = await connect((await listen()).port)
    client.send(GET)
    client.writer.write_eof()
    assert (await client.rest()).endswith(b"GET /? ")


async def test_a_handler_may_cut(listen: Listen, connect: Connect) -> None:
    later = Later()
    server = await listen(later)
    client = await connect(server.port)
    client.send(GET)
    exchange = await later.takes(1)
    exchange.start(200, [])
    exchange.write(b"x")
    exchange.cut()
    exchange.write(b"y")
    exchange.end()
    assert not (await ended(client)).endswith(b"0\r\n\r\n")
    await until(lambda: server.connections == 0)
    assert later.events == []


# ---- a handler that fails


@pytest.mark.parametrize("pipelined", [1, 2])
async def test_a_failing_handler_is_answered_for(
    listen: Listen, connect: Connect, caplog: pytest.LogCaptureFixture, pipelined: int
) -> None:
    def handle(exchange: Exchange) -> None:
        if exchange.request.path == "/fail":
            message = "out of wind"
            raise ValueError(message)
        echo(exchange)

    client = await connect((await listen(handle)).port)
    client.send(get("/fail") * pipelined + GET)
    for _ in range(pipelined):
        assert await client.response() == (500, b"the server failed on this request\n")
    assert await client.response() == (200, b"GET /? ")
    (record, *_) = [each for each in caplog.records if each.levelno == logging.ERROR]
    assert record.name == "beaufort.wire.connection"
    assert record.getMessage() == "the handler failed on GET /fail"
    assert "out of wind" in str(record.exc_info)
    assert all(each.name == "beaufort.wire.connection" for each in caplog.records)


@pytest.mark.parametrize("when", ["begun", "ended"])
async def test_a_handler_that_fails_too_late_is_cut_off(listen: Listen, connect: Connect, when: str) -> None:
    def handle(exchange: Exchange) -> None:
        exchange.start(200, [], 2)
        exchange.write(b"ok" if when == "ended" else b"o")
        if when == "ended":
            exchange.end()
        raise KeyError(when)

    client = await connect((await listen(handle)).port)
    client.send(GET)
    if when == "ended":
        assert await client.response() == (200, b"ok")
    else:
        assert not (await ended(client)).endswith(b"ok")
