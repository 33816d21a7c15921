"""OpenAI's Python client, unchanged."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Literal

import openai
import pytest
from openai.types.chat import ChatCompletionMessageParam, ChatCompletionToolParam
from pydantic import BaseModel, Field
from tests.clients.conftest import KEY, QUESTION, Service, until

pytestmark = pytest.mark.model

MESSAGES: list[ChatCompletionMessageParam] = [{"role": "user", "content": QUESTION}]
WEATHER: ChatCompletionToolParam = {
    "type": "function",
    "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}},
}


class City(BaseModel):
    name: str
    continent: Literal["Africa", "Asia", "Europe"]


class Figures(BaseModel):
    coastal: bool
    rivers: int = Field(ge=0, le=9)
    continents: list[Literal["Africa", "Asia", "Europe"]] = Field(min_length=1, max_length=2)


@pytest.fixture
def client(demo: Service) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=demo.url, api_key=KEY, max_retries=0) as made:
        yield made


@pytest.fixture
async def aclient(demo: Service) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=demo.url, api_key=KEY, max_retries=0) as made:
        yield made


def test_the_model_is_listed_and_found(client: openai.OpenAI) -> None:
    listed = list(client.models.list())
    assert [model.id for model in listed] == ["demo"]
    assert client.models.retrieve("demo") == listed[0]
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("other")


def test_a_chat_is_answered_and_counted(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(model="demo", messages=MESSAGES, max_tokens=20, temperature=0)
    assert "Paris" in (answer.choices[0].message.content or "")
    assert answer.choices[0].finish_reason == "stop"
    assert answer.model == "demo"
    usage = answer.usage
    assert usage is not None
    assert usage.prompt_tokens > 10
    assert 3 < usage.completion_tokens < 20
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens


def test_a_stream_is_the_same_answer_in_pieces(client: openai.OpenAI) -> None:
    whole = client.chat.completions.create(model="demo", messages=MESSAGES, max_tokens=20, temperature=0)
    stream = client.chat.completions.create(
        model="demo",
        messages=MESSAGES,
        max_tokens=20,
        temperature=0,
        stream=True,
        stream_options={"include_usage": True},
    )
    *chunks, last = list(stream)
    pieces = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices[0].delta.content]
    assert len(pieces) > 3
    assert "".join(pieces) == whole.choices[0].message.content
    assert [chunk.choices[0].finish_reason for chunk in chunks[-2:]] == [None, "stop"]
    assert last.choices == []
    assert last.usage == whole.usage
    assert all(chunk.usage is None for chunk in chunks)


def test_usage_comes_only_when_it_is_asked_for(client: openai.OpenAI) -> None:
    stream = client.chat.completions.create(model="demo", messages=MESSAGES, max_tokens=4, stream=True)
    assert all(chunk.usage is None and chunk.choices for chunk in stream)


def test_the_clients_own_stream_helper_adds_the_pieces_up(client: openai.OpenAI) -> None:
    with client.chat.completions.stream(model="demo", messages=MESSAGES, max_tokens=20, temperature=0) as stream:
        deltas = [event.delta for event in stream if event.type == "content.delta"]
        final = stream.get_final_completion()
    assert len(deltas) > 3
    assert final.choices[0].message.content == "".join(deltas)


async def test_asynchronously_whole_and_in_pieces(aclient: openai.AsyncOpenAI) -> None:
    whole = await aclient.chat.completions.create(model="demo", messages=MESSAGES, max_tokens=20, temperature=0)
    pieces = [
        chunk.choices[0].delta.content or ""
        async for chunk in await aclient.chat.completions.create(
            model="demo", messages=MESSAGES, max_tokens=20, temperature=0, stream=True
        )
    ]
    assert "".join(pieces) == whole.choices[0].message.content


def test_several_choices_whole_and_in_pieces(client: openai.OpenAI) -> None:
    whole = client.chat.completions.create(model="demo", messages=MESSAGES, max_tokens=6, n=3, seed=1)
    assert [choice.index for choice in whole.choices] == [0, 1, 2]
    assert len({choice.message.content for choice in whole.choices}) > 1
    assert whole.usage is not None
    assert whole.usage.completion_tokens > 6
    stream = client.chat.completions.create(model="demo", messages=MESSAGES, max_tokens=6, n=3, stream=True)
    ended = [chunk.choices[0].index for chunk in stream if chunk.choices[0].finish_reason]
    assert sorted(ended) == [0, 1, 2]


def test_a_stop_string_ends_the_text_before_it(client: openai.OpenAI) -> None:
    free = client.chat.completions.create(model="demo", messages=MESSAGES, max_tokens=20, temperature=0)
    text = free.choices[0].message.content or ""
    for stop in ("Paris", " Par", [" is Paris", "never"]):  # in a token, across tokens, one of several
        answer = client.chat.completions.create(
            model="demo", messages=MESSAGES, max_tokens=20, temperature=0, stop=stop
        )
        first = stop if isinstance(stop, str) else stop[0]
        assert answer.choices[0].message.content == text[: text.index(first)]
        assert answer.choices[0].finish_reason == "stop"


def test_max_tokens_under_either_name_ends_the_text(client: openai.OpenAI) -> None:
    for limit in ({"max_tokens": 3}, {"max_completion_tokens": 3}):
        answer = client.chat.completions.create(model="demo", messages=MESSAGES, temperature=0, extra_body=limit)
        assert answer.choices[0].finish_reason == "length"
        assert answer.usage is not None
        assert answer.usage.completion_tokens == 3


def test_temperature_0_and_a_seed_repeat_an_answer(client: openai.OpenAI) -> None:
    def ask(temperature: float, seed: int | None) -> str | None:
        answer = client.chat.completions.create(
            model="demo", messages=MESSAGES, max_tokens=12, temperature=temperature, seed=seed
        )
        return answer.choices[0].message.content

    assert ask(0, None) == ask(0, 5)
    assert ask(1, 7) == ask(1, 7)
    assert len({ask(1, seed) for seed in range(4)}) > 1


def test_logprobs_are_of_the_tokens_of_the_text(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(
        model="demo", messages=MESSAGES, max_tokens=5, temperature=0, logprobs=True, top_logprobs=1
    )
    logprobs = answer.choices[0].logprobs
    assert logprobs is not None
    assert logprobs.content is not None
    assert "".join(token.token for token in logprobs.content) == answer.choices[0].message.content
    assert all(token.logprob <= 0 for token in logprobs.content)
    assert [token.top_logprobs[0].token for token in logprobs.content] == [token.token for token in logprobs.content]


def test_parse_returns_the_type_that_was_asked_for(client: openai.OpenAI) -> None:
    answer = client.chat.completions.parse(
        model="demo", messages=MESSAGES, max_tokens=60, temperature=0, response_format=City
    )
    city = answer.choices[0].message.parsed
    assert isinstance(city, City)
    assert city.name == "Paris"


def test_every_sampled_answer_follows_its_schema(client: openai.OpenAI) -> None:
    answer = client.chat.completions.parse(
        model="demo", messages=MESSAGES, max_tokens=200, temperature=1.5, n=4, response_format=Figures
    )
    assert [choice.finish_reason for choice in answer.choices] == ["stop"] * 4
    assert all(isinstance(choice.message.parsed, Figures) for choice in answer.choices)


def test_prompts_are_completed(client: openai.OpenAI) -> None:
    answer = client.completions.create(model="demo", prompt=["Once upon", "The sea"], max_tokens=8, temperature=0)
    assert [choice.index for choice in answer.choices] == [0, 1]
    assert all(choice.text and choice.finish_reason == "length" for choice in answer.choices)
    assert answer.usage is not None
    assert answer.usage.completion_tokens == 16
    stream = client.completions.create(model="demo", prompt="Once upon", max_tokens=8, temperature=0, stream=True)
    assert "".join(chunk.choices[0].text for chunk in stream) == answer.choices[0].text


def test_tools_are_refused_where_the_template_knows_none(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="knows no tools") as caught:
        client.chat.completions.create(model="demo", messages=MESSAGES, max_tokens=5, tools=[WEATHER])
    assert caught.value.param == "tools"


@pytest.mark.parametrize(
    ("wrong", "param", "code", "said"),
    [
        ({"temperature": 5}, "temperature", None, "less than or equal to 2"),
        ({"max_tokens": "many"}, "max_tokens", None, "integer"),
        ({"messages": [{"role": "user", "content": "word " * 9000}]}, "prompt", "context_length_exceeded", "8192"),
        ({"max_tokens": 9000}, "max_tokens", "context_length_exceeded", "8192"),
        ({"model": "other"}, "model", "model_not_found", "'demo' is"),
        ({"logit_bias": {"1": 1}}, "logit_bias", "unsupported_parameter", "leave it out"),
        ({"top_logprobs": 5, "logprobs": True}, "top_logprobs", None, "chosen token"),
    ],
)
def test_a_mistake_is_a_bad_request_that_names_it(
    client: openai.OpenAI, wrong: dict[str, object], param: str, code: str | None, said: str
) -> None:
    with pytest.raises(openai.BadRequestError, match=said) as caught:
        client.chat.completions.create(model="demo", messages=MESSAGES, extra_body=wrong)
    assert (caught.value.param, caught.value.code) == (param, code)
    assert caught.value.type == "invalid_request_error"
    assert caught.value.request_id


def test_a_mistake_in_a_stream_is_told_before_it_begins(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError):
        client.chat.completions.create(model="demo", messages=MESSAGES, temperature=5, stream=True)


def test_what_is_not_served_is_not_found(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="/v1/chat/completions"):
        client.embeddings.create(model="demo", input="x")


def test_a_client_that_gives_up_frees_the_engine(client: openai.OpenAI, demo: Service) -> None:
    body = {"ignore_eos": True}
    with pytest.raises(openai.APITimeoutError):
        client.chat.completions.create(model="demo", messages=MESSAGES, max_tokens=4000, timeout=0.5, extra_body=body)
    until(lambda: demo.busy == 0)
