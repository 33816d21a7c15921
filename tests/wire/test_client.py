"""The client's connections, as far as no server is needed for it; how they serve is in the tests of the gateway."""

from __future__ import annotations

import asyncio
import socket

from tests.wire.conftest import PATIENCE, Listen

from beaufort.wire import ClientConnection, Pool, ResponseHead, WireError


class Sink:
    """Keeps how it was lost."""

    def __init__(self) -> None:
        self.lost: asyncio.Future[WireError] = asyncio.get_running_loop().create_future()

    def on_head(self, head: ResponseHead) -> None:
        raise AssertionError(head)

    def on_body(self, data: bytes) -> None:
        raise AssertionError(data)

    def on_end(self) -> None:
        raise AssertionError

    def on_lost(self, error: WireError) -> None:
        self.lost.set_result(error)


async def connection_to(listen: Listen) -> ClientConnection:
    server = await listen(lambda _: None)  # it never answers
    return await Pool("127.0.0.1", server.port).connect()


async def test_the_kernel_finds_out_whether_the_peer_is_there(listen: Listen) -> None:
    connection = await connection_to(listen)
    assert connection._transport is not None
    own = connection._transport.get_extra_info("socket")
    assert own.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    idle, every, times = (
        own.getsockopt(socket.IPPROTO_TCP, option)
        for option in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
    )
    limit = own.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
    assert idle + every * times <= 10, "a lost machine is noticed before a user gives up"
    assert limit == every * times * 1000, "as soon when something was sent as when nothing was"
    connection.close()


async def test_who_waits_is_told_how_the_connection_was_lost(listen: Listen) -> None:
    connection = await connection_to(listen)
    sink = Sink()
    connection.send(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n", sink)
    connection.connection_lost(TimeoutError(110, "Connection timed out"))  # as asyncio passes on the kernel's verdict
    error = await asyncio.wait_for(sink.lost, PATIENCE)
    assert isinstance(error.__cause__, TimeoutError)
    assert "Connection timed out" in error.problems[0].what
