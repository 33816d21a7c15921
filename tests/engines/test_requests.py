from __future__ import annotations

import json

import pytest

from beaufort.engines.parsing import parse
from beaufort.engines.requests import ChatBody, CompletionBody

MESSAGES = [{"role": "user", "content": "x"}]


def _chat(**fields: object) -> ChatBody:
    return parse(ChatBody, json.dumps({"messages": MESSAGES, **fields}).encode())


def _completion(**fields: object) -> CompletionBody:
    return parse(CompletionBody, json.dumps({"prompt": "x", **fields}).encode())


def test_null_means_left_out_for_every_optional_parameter() -> None:
    optional = {name for name, field in ChatBody.model_fields.items() if not field.is_required()}
    body = _chat(**dict.fromkeys(optional))
    assert body.model_fields_set == {"messages", *optional}
    assert (body.stops, body.limit) == ((), None)
    optional = {name for name, field in CompletionBody.model_fields.items() if not field.is_required()}
    assert _completion(**dict.fromkeys(optional)).limit == 16
    nested = _chat(stream=True, stream_options={"include_usage": None}, response_format={"type": "text"})
    assert nested.stream_options is not None
    assert not nested.stream_options.include_usage


@pytest.mark.parametrize(
    ("stop", "stops"), [(None, ()), ([], ()), ("a", ("a",)), (["a", "b"], ("a", "b")), ([" \n"], (" \n",))]
)
def test_stop_is_a_text_or_a_list(stop: object, stops: tuple[str, ...]) -> None:
    assert _chat(stop=stop).stops == stops


def test_max_completion_tokens_goes_before_max_tokens() -> None:
    assert _chat(max_tokens=5, max_completion_tokens=7).limit == 7
    assert _chat(max_tokens=5).limit == 5


def test_a_seed_may_have_mistrals_name() -> None:
    assert _chat(random_seed=3).seed == 3
    assert _chat(seed=-1, random_seed=3).seed == -1


@pytest.mark.parametrize(
    ("prompt", "prompts"),
    [
        ("", [""]),
        (["a", ""], ["a", ""]),
        ([1, 2], [[1, 2]]),
        ([[1], [2, 3]], [[1], [2, 3]]),
        ([[]], [[]]),
        ([10**30], [[10**30]]),
    ],
)
def test_prompts_are_texts_or_tokens(prompt: object, prompts: list[object]) -> None:
    assert _completion(prompt=prompt).prompts == prompts


def test_the_last_of_two_like_named_parameters_counts() -> None:
    assert parse(CompletionBody, b'{"prompt": "x", "n": 1, "n": 2}').n == 2
