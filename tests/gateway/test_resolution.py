from __future__ import annotations

import asyncio
import socket

import pytest
from tests.gateway.conftest import StartEngine, StartGateway, until

from beaufort.errors import BeaufortError, UsageError
from beaufort.gateway import Settings
from beaufort.gateway.resolution import EndpointsName, follow, parse, resolve


def test_a_name_and_a_port() -> None:
    assert parse("mistral-7b-engine.chat.svc.:8000") == EndpointsName("mistral-7b-engine.chat.svc.", 8000)
    assert str(parse("a:1")) == "a:1"


@pytest.mark.parametrize("text", ["", "a", "a:", ":1", "a:0", "a:65536", "a:b", "http://a:1", "a b:1", "-a:1"])
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(text)
    assert caught.value.problems[0].remedy


def test_addresses_are_sorted_and_each_is_kept_once() -> None:
    name = EndpointsName("a", 80)
    assert name.urls(["10.0.0.2", "10.0.0.1", "10.0.0.2", "fd00::1"]) == (
        "http://10.0.0.1:80",
        "http://10.0.0.2:80",
        "http://[fd00::1]:80",
    )


async def test_a_name_without_an_address_is_no_failure() -> None:
    assert await resolve("nothing.invalid", 80) == []


class _Names:
    """A name server that says what it is told."""

    def __init__(self) -> None:
        self.answer: list[str] | OSError = []
        self.asked = 0

    async def lookup(self, host: str, port: int) -> list[str]:
        assert (host, port) == ("engines", 80)
        self.asked += 1
        if isinstance(self.answer, OSError):
            raise self.answer
        return self.answer

    async def asked_again(self) -> None:
        seen = self.asked
        await until(lambda: self.asked > seen + 1)


async def test_the_list_changes_with_the_name_and_outlives_the_name_server() -> None:
    names, updates, complaints = _Names(), list[tuple[str, ...]](), list[BeaufortError]()
    task = asyncio.create_task(
        follow(EndpointsName("engines", 80), updates.append, complaints.append, names.lookup, poll_seconds=0.001)
    )
    await names.asked_again()
    assert updates == [()]
    names.answer = ["10.0.0.2", "10.0.0.1"]
    await until(lambda: len(updates) == 2)
    names.answer = ["10.0.0.1", "10.0.0.2"]
    await names.asked_again()
    assert len(updates) == 2, "another order is the same list"
    names.answer = socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
    await until(lambda: complaints)
    await names.asked_again()
    assert len(complaints) == 1, "one line for one outage"
    assert "engines:80" in str(complaints[0])
    assert updates[-1] == ("http://10.0.0.1:80", "http://10.0.0.2:80")
    names.answer = []
    await until(lambda: updates[-1] == ())
    names.answer = OSError("no sockets left")
    await until(lambda: len(complaints) == 2)
    task.cancel()


async def test_a_gateway_finds_its_engine_by_name(engine: StartEngine, gateway: StartGateway) -> None:
    one = await engine()
    port = int(one.url.rpartition(":")[2])
    running = await gateway(settings=Settings(endpoints_name=EndpointsName("localhost", port)), wait=False)
    await until(lambda: any(url.endswith(f":{port}") for url in running.healthy))
    assert (await running.ask()).status == 200
