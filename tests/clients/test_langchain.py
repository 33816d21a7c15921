"""LangChain's model for OpenAI's API, unchanged."""

from __future__ import annotations

import openai
import pytest
from langchain_core.exceptions import ContextOverflowError
from langchain_openai import ChatOpenAI
from pydantic import BaseModel, SecretStr
from tests.clients.conftest import KEY, QUESTION, Service

pytestmark = pytest.mark.model


class City(BaseModel):
    name: str


@pytest.fixture
def chat(demo: Service) -> ChatOpenAI:
    return ChatOpenAI(
        model="demo", base_url=demo.url, api_key=SecretStr(KEY), temperature=0, max_completion_tokens=20, max_retries=0
    )


def test_invoke_answers_and_counts(chat: ChatOpenAI) -> None:
    answer = chat.invoke(QUESTION)
    assert "Paris" in answer.text
    assert answer.response_metadata["finish_reason"] == "stop"
    assert answer.usage_metadata is not None
    assert answer.usage_metadata["output_tokens"] > 3


def test_stream_gives_the_same_answer_in_pieces(chat: ChatOpenAI) -> None:
    chunks = list(chat.stream(QUESTION, stream_usage=True))
    pieces = [chunk.text for chunk in chunks if chunk.text]
    assert len(pieces) > 3
    whole = chat.invoke(QUESTION)
    assert "".join(pieces) == whole.text
    assert [chunk.usage_metadata for chunk in chunks if chunk.usage_metadata] == [whole.usage_metadata]


async def test_asynchronously(chat: ChatOpenAI) -> None:
    assert "Paris" in (await chat.ainvoke(QUESTION)).text


def test_batch_asks_at_once(chat: ChatOpenAI) -> None:
    answers = chat.batch([QUESTION] * 4)
    assert all("Paris" in answer.text for answer in answers)


def test_structured_output_is_of_the_type(chat: ChatOpenAI) -> None:
    assert chat.with_structured_output(City).invoke(QUESTION) == City(name="Paris")


def test_tools_are_refused_where_the_template_knows_none(chat: ChatOpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="knows no tools"):
        chat.bind_tools([City]).invoke(QUESTION)


def test_a_prompt_that_is_too_long_has_its_own_class(chat: ChatOpenAI) -> None:
    with pytest.raises(ContextOverflowError):
        chat.invoke("word " * 9000)
