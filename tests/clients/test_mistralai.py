"""Mistral's Python client, unchanged."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from mistralai.client import Mistral
from mistralai.client.errors import SDKError
from mistralai.client.models import BaseModelCard, ChatCompletionRequestMessageTypedDict, ChatCompletionResponse
from pydantic import BaseModel
from tests.clients.conftest import KEY, QUESTION, Service

pytestmark = pytest.mark.model

MESSAGES: list[ChatCompletionRequestMessageTypedDict] = [{"role": "user", "content": QUESTION}]


class City(BaseModel):
    name: str


def text(answer: ChatCompletionResponse) -> str:
    message = answer.choices[0].message
    assert message is not None
    return str(message.content)


@pytest.fixture
def client(demo: Service) -> Iterator[Mistral]:
    with Mistral(api_key=KEY, server_url=demo.server) as made:
        yield made


@pytest.fixture
async def aclient(demo: Service) -> AsyncIterator[Mistral]:
    async with Mistral(api_key=KEY, server_url=demo.server) as made:
        yield made


def test_the_model_is_listed_and_found(client: Mistral) -> None:
    cards = client.models.list().data
    assert cards is not None
    (card,) = cards
    assert isinstance(card, BaseModelCard)
    assert (card.id, card.max_context_length) == ("demo", 8192)
    assert (card.capabilities.completion_chat, card.capabilities.function_calling) == (True, False)
    assert client.models.retrieve(model_id="demo") == card


def test_a_chat_is_answered_and_counted(client: Mistral) -> None:
    answer = client.chat.complete(model="demo", messages=MESSAGES, max_tokens=20, temperature=0)
    assert "Paris" in text(answer)
    assert answer.choices[0].finish_reason == "stop"
    prompt, completion = answer.usage.prompt_tokens, answer.usage.completion_tokens
    assert prompt
    assert completion
    assert answer.usage.total_tokens == prompt + completion


def test_a_stream_is_the_same_answer_in_pieces(client: Mistral) -> None:
    whole = client.chat.complete(model="demo", messages=MESSAGES, max_tokens=20, temperature=0)
    with client.chat.stream(model="demo", messages=MESSAGES, max_tokens=20, temperature=0) as stream:
        choices = [event.data.choices[0] for event in stream]
    pieces = [choice.delta.content for choice in choices if choice.delta.content]
    assert len(pieces) > 3
    assert "".join(map(str, pieces)) == text(whole)
    assert choices[-1].finish_reason == "stop"


async def test_asynchronously_whole_and_in_pieces(aclient: Mistral) -> None:
    whole = await aclient.chat.complete_async(model="demo", messages=MESSAGES, max_tokens=20, temperature=0)
    async with await aclient.chat.stream_async(model="demo", messages=MESSAGES, max_tokens=20, temperature=0) as stream:
        pieces = [event.data.choices[0].delta.content or "" async for event in stream]
    assert "".join(map(str, pieces)) == text(whole)


def test_its_random_seed_repeats_an_answer(client: Mistral) -> None:
    def ask(seed: int) -> str:
        answer = client.chat.complete(model="demo", messages=MESSAGES, max_tokens=12, temperature=1, random_seed=seed)
        return text(answer)

    assert ask(7) == ask(7)
    assert len({ask(seed) for seed in range(4)}) > 1


def test_parse_returns_the_type_that_was_asked_for(client: Mistral) -> None:
    answer = client.chat.parse(City, model="demo", messages=MESSAGES, max_tokens=40, temperature=0)
    assert answer.choices is not None
    message = answer.choices[0].message
    assert message is not None
    assert message.parsed == City(name="Paris")


def test_a_mistake_is_told_in_the_servers_words(client: Mistral) -> None:
    with pytest.raises(SDKError, match="less than or equal to 2") as caught:
        client.chat.complete(model="demo", messages=MESSAGES, temperature=5)
    assert caught.value.status_code == 400
