from __future__ import annotations

import asyncio

from tests.wire.conftest import Connect, Listen


async def test_x(listen: Listen, connect: Connect) -> None:
    s = await listen()
    c = await connect(s.port)
    assert "uvloop" in type(asyncio.get_running_loop()).__module__
    c.send(b"GET /a?b HTTP/1.1\r\nHost: a\r\n\r\n")
    assert await c.response() == (200, b"GET /a?b ")
