from __future__ import annotations

import asyncio

import pytest
from tests.gateway.conftest import StartEngine, StartGateway, until

from beaufort.gateway.probes import probe
from beaufort.routing import ProbeOutcome


@pytest.mark.parametrize(
    ("health", "outcome"),
    [(200, ProbeOutcome.READY), (503, ProbeOutcome.NOT_READY), (500, ProbeOutcome.FAILED), (404, ProbeOutcome.FAILED)],
)
async def test_a_probe_reads_the_status(health: int, outcome: ProbeOutcome, engine: StartEngine) -> None:
    one = await engine()
    one.health = health
    assert await probe(one.url, 5.0) is outcome


async def test_a_probe_of_nothing_is_refused(engine: StartEngine) -> None:
    one = await engine()
    await one.kill()
    assert await probe(one.url, 5.0) is ProbeOutcome.REFUSED


async def test_a_probe_of_an_engine_that_hangs_fails() -> None:
    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    assert await probe(f"http://127.0.0.1:{port}", 0.1) is ProbeOutcome.FAILED
    server.close()
    await server.wait_closed()


async def test_an_engine_that_drains_gets_no_more_and_comes_back(engine: StartEngine, gateway: StartGateway) -> None:
    one, two = await engine(), await engine()
    running = await gateway(one, two)
    one.health = 503
    await until(lambda: running.healthy == {two.url})
    for _ in range(4):
        await running.ask()
    assert len(two.exchanges) == 4
    one.health = 200
    await until(lambda: running.healthy == {one.url, two.url})


async def test_probes_keep_coming(engine: StartEngine, gateway: StartGateway) -> None:
    one = await engine()
    await gateway(one)
    before = one.probes
    await until(lambda: one.probes >= before + 3)
