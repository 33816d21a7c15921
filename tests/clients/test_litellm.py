"""LiteLLM, unchanged, which speaks of a server like ours as any server of OpenAI's API, or of vLLM."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import litellm
import pytest
from litellm.exceptions import BadRequestError, ContextWindowExceededError, NotFoundError
from tests.clients.conftest import KEY, QUESTION, Service

pytestmark = [
    pytest.mark.model,
    # Its own types and its use of pydantic warn with every answer.
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


@pytest.fixture(autouse=True)
def loop() -> Iterator[None]:
    """Lend an event loop to its synchronous calls, which otherwise make one and leave it behind."""
    lent = asyncio.new_event_loop()
    asyncio.set_event_loop(lent)
    yield
    asyncio.set_event_loop(None)
    lent.close()


def ask(demo: Service, **other: object) -> dict[str, object]:
    return {
        "model": "openai/demo",
        "api_base": demo.url,
        "api_key": KEY,
        "messages": [{"role": "user", "content": QUESTION}],
        "max_tokens": 20,
        "temperature": 0,
        "num_retries": 0,
        **other,
    }


@pytest.mark.parametrize("model", ["openai/demo", "hosted_vllm/demo", "mistral/demo"])
def test_a_chat_is_answered_and_counted(demo: Service, model: str) -> None:
    answer = litellm.completion(**ask(demo, model=model))
    assert "Paris" in answer.choices[0].message.content
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens


def test_a_stream_is_the_same_answer_in_pieces(demo: Service) -> None:
    whole = litellm.completion(**ask(demo))
    chunks = list(litellm.completion(**ask(demo, stream=True, stream_options={"include_usage": True})))
    pieces = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices[0].delta.content]
    assert len(pieces) > 3
    assert "".join(pieces) == whole.choices[0].message.content
    assert chunks[-1].usage.completion_tokens == whole.usage.completion_tokens


def test_many_at_once(demo: Service) -> None:
    async def main() -> None:
        answers = await asyncio.gather(*(litellm.acompletion(**ask(demo)) for _ in range(8)))
        assert all("Paris" in answer.choices[0].message.content for answer in answers)
        await litellm.close_litellm_async_clients()  # type: ignore[attr-defined,no-untyped-call] # it has no types

    asyncio.run(main())


@pytest.mark.parametrize(
    ("wrong", "kind"),
    [
        ({"temperature": 5}, BadRequestError),
        ({"model": "openai/other"}, NotFoundError),
        ({"messages": [{"role": "user", "content": "word " * 9000}]}, ContextWindowExceededError),
    ],
)
def test_a_mistake_has_its_own_class(demo: Service, wrong: dict[str, object], kind: type[Exception]) -> None:
    with pytest.raises(kind):
        litellm.completion(**ask(demo, **wrong))
