"""A replica is killed without warning under load: no whole answer is lost, no stream ends as if it were complete."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from itertools import cycle, islice
from typing import Self

import openai
import pytest
from openai.types import CompletionUsage
from tests.cli.running import PATIENCE
from tests.clients.conftest import KEY, Service, service, until

# Tokens of a whole and of a streamed answer by model: so many that both kinds are under way at any moment.
LENGTHS = {"demo": (8, 40), "mistral-7b-v0.3": (60, 200)}
CLIENTS = 6  # of each kind
MOST_KILLS = 10
COMPLETE = "complete"
BROKEN = "APIError upstream_failed"  # what OpenAI's client raises for the event of an error


@pytest.fixture(scope="module")
def demo_pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with service(tmp_path_factory.mktemp("pair"), "--replicas", "2") as started:
        yield started


@pytest.fixture(params=[pytest.param("demo_pair", marks=[pytest.mark.model, pytest.mark.slow]), "emulated"])
def pair(request: pytest.FixtureRequest) -> Service:
    chosen: Service = request.getfixturevalue(request.param)
    return chosen


@pytest.fixture
async def client(pair: Service) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=pair.url, api_key=KEY, max_retries=0, timeout=PATIENCE) as made:
        yield made


class Load:
    """Clients that never try again; each asks one question after another.

    Attributes:
        kills: How many replicas were killed meanwhile.
        whole: How many answers came that were not streamed; one that fails ends the load.
        streams: Streams by their end.
    """

    def __init__(self, client: openai.AsyncOpenAI, model: str) -> None:
        self._client = client
        self._model = model
        self._whole_tokens, self._stream_tokens = LENGTHS[model]
        self._going = True
        self._tasks: list[asyncio.Task[None]] = []
        self.kills = 0
        self.whole = 0
        self.streams: Counter[str] = Counter()

    async def __aenter__(self) -> Self:
        kinds = [self._ask_whole, self._ask_streamed] * CLIENTS
        self._tasks = [asyncio.create_task(self._keep_on(kind, number)) for number, kind in enumerate(kinds)]
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Let every client have its last answer, unless the test has failed."""
        self._going = False
        if kind is not None:
            for task in self._tasks:
                task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=kind is not None)

    async def _keep_on(self, ask: Callable[[str], Awaitable[None]], number: int) -> None:
        turn = 0
        while self._going:
            turn += 1
            await ask(f"What comes after {number} and {turn}?")

    async def _ask_whole(self, question: str) -> None:
        answer = await self._client.chat.completions.create(
            model=self._model, messages=[{"role": "user", "content": question}], max_tokens=self._whole_tokens
        )
        assert answer.choices[0].message.content
        self.whole += 1

    async def _ask_streamed(self, question: str) -> None:
        usage: CompletionUsage | None = None
        try:
            async for chunk in await self._client.chat.completions.create(
                model=self._model,
                messages=[{"role": "user", "content": question}],
                max_tokens=self._stream_tokens,
                stream=True,
                stream_options={"include_usage": True},
                extra_body={"ignore_eos": True},
            ):
                usage = chunk.usage
        except openai.APIError as error:
            self.streams[f"{type(error).__name__} {error.code}"] += 1
        else:
            complete = usage is not None and usage.completion_tokens == self._stream_tokens
            self.streams[COMPLETE if complete else "ended silently"] += 1

    async def more(self, count: int) -> None:
        """Wait until so many more answers of both kinds have come."""
        whole, streams = self.whole + count, self.streams.total() + count
        async with asyncio.timeout(PATIENCE):
            while self.whole < whole or self.streams.total() < streams:
                for failed in (task for task in self._tasks if task.done()):
                    failed.result()
                await asyncio.sleep(0.02)


def _serves(pair: Service, engine: str) -> None:
    until(lambda: pair.served(engine) > 0)


async def test_a_killed_replica_loses_no_answer_and_serves_again(pair: Service, client: openai.AsyncOpenAI) -> None:
    back: dict[str, dict[str, object]] = {}
    async with Load(client, pair.model) as load:
        # Each is killed, and again until a stream was under way then: a busy machine may keep clients waiting.
        for victim in islice(cycle(("engine-0", "engine-1")), MOST_KILLS):
            if load.kills >= 2 and load.streams[BROKEN] and pair.gateway("beaufort_gateway_retries_total"):
                break
            load.kills += 1
            await load.more(CLIENTS)
            back[victim] = await asyncio.to_thread(pair.up.kill, victim, back.get(victim))
            await asyncio.to_thread(until, lambda: pair.gateway("beaufort_gateway_endpoint_healthy") == 2)
            await asyncio.to_thread(_serves, pair, str(back[victim]["url"]))
    assert set(load.streams) == {COMPLETE, BROKEN}
    assert pair.gateway("beaufort_gateway_broken_responses_total") == load.streams[BROKEN]
    assert pair.gateway("beaufort_gateway_retries_total") > 0
