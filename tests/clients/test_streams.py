"""Many streams at once: all of them finish, and those whose clients leave cost nothing any more."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator

import openai
import pytest
from tests.cli.running import PATIENCE
from tests.clients.conftest import KEY, Service, until

_log = logging.getLogger(__name__)

ENDLESS = {"max_tokens": 8000, "ignore_eos": True}  # longer than any test waits


@pytest.fixture(params=[pytest.param("demo", marks=pytest.mark.model), "emulated"])
def service(request: pytest.FixtureRequest) -> Service:
    chosen: Service = request.getfixturevalue(request.param)
    return chosen


@pytest.fixture
async def client(service: Service) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=service.url, api_key=KEY, max_retries=0, timeout=3 * PATIENCE) as made:
        yield made


async def events(client: openai.AsyncOpenAI, model: str, number: int, **options: object) -> AsyncIterator[str]:
    """Ask the question ``number`` and give the events of the answer as they come."""
    async with client.chat.completions.with_streaming_response.create(
        model=model,
        messages=[{"role": "user", "content": f"Tell me something about the number {number}."}],
        stream=True,
        stream_options={"include_usage": True},
        extra_body=options,
    ) as response:
        async for line in response.iter_lines():
            if line:
                yield line.removeprefix("data: ")


async def finish(client: openai.AsyncOpenAI, service: Service, number: int) -> dict[str, int]:
    """Ask for a few tokens, check that the stream is complete, and return its usage."""
    limit = 4 + number % 3
    *chunks, last, done = [
        each async for each in events(client, service.model, number, max_tokens=limit, ignore_eos=True)
    ]
    assert done == "[DONE]"
    choices = [json.loads(chunk)["choices"][0] for chunk in chunks]
    assert [choice["finish_reason"] for choice in choices] == [None] * (len(choices) - 1) + ["length"]
    assert "".join(choice["delta"].get("content", "") for choice in choices)
    usage: dict[str, int] = json.loads(last)["usage"]
    assert usage["completion_tokens"] == limit
    return usage


async def test_64_streams_finish_and_every_token_is_counted(service: Service, client: openai.AsyncOpenAI) -> None:
    names = {"prompt_tokens": "vllm:prompt_tokens_total", "completion_tokens": "vllm:generation_tokens_total"}
    before = {field: service.engines(name) for field, name in names.items()}
    usages = await asyncio.gather(*(finish(client, service, number) for number in range(64)))
    for field, name in names.items():
        assert service.engines(name) - before[field] == sum(usage[field] for usage in usages)


async def test_streams_whose_clients_leave_free_the_engines_and_the_others_finish(
    service: Service, client: openai.AsyncOpenAI
) -> None:
    def arrived() -> float:
        return service.gateway("beaufort_gateway_in_flight") + service.gateway("beaufort_gateway_requests_total")

    async def leave(number: int) -> None:
        async for _ in events(client, service.model, number, **ENDLESS):
            pass
        pytest.fail("an endless stream ended")

    asked = arrived()
    aborted = service.engines("vllm:request_success_total", finished_reason="abort")
    left = service.gateway("beaufort_gateway_aborts_total")
    leaving = [asyncio.create_task(leave(number)) for number in range(100)]
    staying = [asyncio.create_task(finish(client, service, number)) for number in range(100, 200)]
    await asyncio.to_thread(until, lambda: arrived() - asked == 200 and service.busy >= 100)
    for task in leaving:
        task.cancel()
    freed = await asyncio.to_thread(until, lambda: service.busy <= sum(not task.done() for task in staying))
    await asyncio.gather(*staying)
    idle = await asyncio.to_thread(until, lambda: service.busy == 0)
    _log.info("freed %.2f s after the clients had left, idle %.2f s after the last token", freed, idle)
    assert service.engines("vllm:request_success_total", finished_reason="abort") - aborted == 100
    assert service.gateway("beaufort_gateway_aborts_total") - left == 100
    assert service.gateway("beaufort_gateway_in_flight") == 0
    assert service.engines("vllm:kv_cache_usage_perc") == 0
    await asyncio.to_thread(until, lambda: service.at_rest)
    await asyncio.gather(*leaving, return_exceptions=True)
