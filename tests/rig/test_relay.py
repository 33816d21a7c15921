import asyncio
import socket

from rig import relay
from rig.network import LOOPBACK


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"heard " + await reader.read())
    writer.close()


async def _ask(port: int, text: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    writer.write(text)
    writer.write_eof()
    answer = await reader.read()
    writer.close()
    return answer


async def _relayed(there: int, text: bytes) -> bytes:
    way = relay._Way(there)
    async with await asyncio.start_server(way.connected, LOOPBACK, 0) as here:
        return await asyncio.wait_for(_ask(here.sockets[0].getsockname()[1], text), 20)


async def test_what_is_said_on_one_side_is_heard_on_the_other() -> None:
    async with await asyncio.start_server(_echo, LOOPBACK, 0) as there:
        port = there.sockets[0].getsockname()[1]
        for text in (b"", b"hello", b"x" * (1 << 20)):
            assert await _relayed(port, text) == b"heard " + text


async def test_a_client_is_let_go_when_nobody_listens_there() -> None:
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))  # and does not listen
        assert await _relayed(taken.getsockname()[1], b"") == b""


async def test_a_side_that_is_reset_does_not_keep_the_other() -> None:
    async def reset(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    async with await asyncio.start_server(reset, LOOPBACK, 0) as there:
        assert await _relayed(there.sockets[0].getsockname()[1], b"hello") == b""
