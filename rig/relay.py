"""Ports of the hub that answer on the machine's loopback: a process of two network namespaces."""

from __future__ import annotations

import asyncio
import ctypes
import os
import socket
from collections.abc import Sequence
from contextlib import suppress

from rig.network import LOOPBACK

_CLONE_NEWNET = 0x40000000
_CHUNK_BYTES = 1 << 16


def run(pid: int, ports: Sequence[int]) -> None:
    """Listen on the loopback of the namespace that we are in, and go on in that of another process, for ever.

    Args:
        pid: A process in the hub.
        ports: Each is listened on here, and leads to the same port there.

    Raises:
        OSError: A port is taken, or the process is not there.
    """
    listening = []
    for port in ports:
        one = socket.socket()
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        one.bind((LOOPBACK, port))
        one.listen(128)
        listening.append(one)
    # A socket stays in the namespace in which it was made: from here on, new ones are made in the hub.
    _enter(pid)
    asyncio.run(_serve(listening))


def _enter(pid: int) -> None:
    # os.setns comes with Python 3.12.
    handle = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY)
    try:
        if ctypes.CDLL(None, use_errno=True).setns(handle, _CLONE_NEWNET):
            error = ctypes.get_errno()
            raise OSError(error, os.strerror(error))
    finally:
        os.close(handle)


async def _serve(listening: Sequence[socket.socket]) -> None:
    servers = [await asyncio.start_server(_Way(each.getsockname()[1]).connected, sock=each) for each in listening]
    await asyncio.gather(*(server.serve_forever() for server in servers))


class _Way:
    """The way to one port of the hub."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Connect a client with the port until both sides are done."""
        try:
            there_reader, there_writer = await asyncio.open_connection(LOOPBACK, self._port)
        except OSError:
            writer.close()
            return
        await asyncio.gather(_copy(reader, there_writer), _copy(there_reader, writer))
        there_writer.close()
        writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    # A side that is reset is a side that is done.
    with suppress(OSError):
        while chunk := await reader.read(_CHUNK_BYTES):
            writer.write(chunk)
            await writer.drain()
    with suppress(OSError):
        writer.write_eof()
