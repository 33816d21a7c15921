"""Calls that have to be made, by the demo model with chat templates that know tools, through OpenAI's own client."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, Protocol

import jsonschema
import openai
import pytest

from beaufort.engines.openvino.load import Settings, load
from beaufort.engines.openvino.pipeline import OpenVINOEngine
from beaufort.engines.refusal import render_refusal
from beaufort.engines.surface import Surface
from beaufort.engines.tools import tool_syntax
from beaufort.wire import Server

pytestmark = pytest.mark.model

_CHATML = (
    "{%- for message in messages %}{{ '<|im_start|>' + message.role + '\\n' + message.content }}"
    "{%- if message.tool_calls %}{{ message.tool_calls | tojson }}{%- endif %}{{ '<|im_end|>\\n' }}{%- endfor %}"
    "{{ '<|im_start|>assistant\\n' }}"
)
_TOOLS = "{%- if tools %}{{ '<|im_start|>system\\nTools: ' }}{{ tools | tojson }}{{ '<|im_end|>\\n' }}{%- endif %}"
_TEMPLATES = {
    "hermes": "{#- <tool_call> -#}" + _TOOLS + _CHATML,
    "mistral-list": "{#- [TOOL_CALLS] -#}" + _TOOLS + _CHATML,
    "mistral-args": "{#- [TOOL_CALLS]f[ARGS] -#}" + _TOOLS + _CHATML,
    "mistral-call-id": "{#- [TOOL_CALLS]f[CALL_ID]i[ARGS] -#}" + _TOOLS + _CHATML,
}
_WEATHER: dict[str, object] = {
    "type": "object",
    "properties": {
        "city": {"type": "string", "enum": ["Paris", "Oslo", "Porto"]},
        "days": {"type": "integer", "minimum": 1, "maximum": 14},
        "unit": {"enum": ["celsius", "fahrenheit"]},
    },
    "required": ["city", "days"],
}
_SCHEMAS: dict[str, dict[str, object]] = {"get_weather": _WEATHER, "get_time": {"type": "object", "properties": {}}}
_FUNCTIONS: list[dict[str, object]] = [
    {"type": "function", "function": {"name": name, "description": name, "parameters": schema}}
    for name, schema in _SCHEMAS.items()
]
_NAMED = {"type": "function", "function": {"name": "get_weather"}}


class Ask(Protocol):
    """Ask the engine with OpenAI's client."""

    async def __call__(self, **fields: object) -> Any: ...  # noqa: ANN401 - its type depends on `stream`


@pytest.fixture(scope="module")
def loaded() -> OpenVINOEngine:
    return load(Settings("demo", kv_cache_tokens=8192))


@pytest.fixture(params=_TEMPLATES)
def engine(request: pytest.FixtureRequest, loaded: OpenVINOEngine) -> OpenVINOEngine:
    """Return the engine as `--chat-template` makes it, without loading the model once more."""
    template = _TEMPLATES[request.param]
    loaded._tokenizer.set_chat_template(template)
    loaded._info = replace(loaded.info, tools=tool_syntax(template))
    return loaded


@pytest.fixture
async def ask(engine: OpenVINOEngine) -> AsyncIterator[Ask]:
    server = Server(Surface(engine).handle, render_refusal=render_refusal)
    await server.listen("127.0.0.1", 0)
    client = openai.AsyncOpenAI(base_url=f"http://127.0.0.1:{server.port}/v1", api_key="none", max_retries=0)

    async def completed(**fields: object) -> Any:  # noqa: ANN401 - its type depends on `stream`
        asked: dict[str, Any] = {
            "model": engine.info.name,
            "messages": [{"role": "user", "content": "What is the weather in Oslo?"}],
            "tools": _FUNCTIONS,
            "temperature": 1.0,
            "max_tokens": 120,
            **fields,
        }
        return await client.chat.completions.create(**asked)

    yield completed
    await client.close()
    await server.close()


def _assert_follows(call: Any) -> None:  # noqa: ANN401 - a call or the deltas of one
    jsonschema.validate(json.loads(call.function.arguments), _SCHEMAS[call.function.name])


@pytest.mark.parametrize("choice", ["required", _NAMED])
async def test_a_demanded_call_is_made_and_follows_its_schema(ask: Ask, choice: object) -> None:
    answer = await ask(tool_choice=choice, parallel_tool_calls=False, n=3)
    for made in answer.choices:
        assert made.finish_reason == "tool_calls"
        assert made.message.content is None
        (call,) = made.message.tool_calls
        _assert_follows(call)
        assert choice == "required" or call.function.name == "get_weather"


async def test_a_stream_has_the_call_as_well(ask: Ask) -> None:
    chunks = [chunk async for chunk in await ask(tool_choice=_NAMED, parallel_tool_calls=False, stream=True)]
    deltas = [chunk.choices[0].delta for chunk in chunks]
    assert "".join(delta.content or "" for delta in deltas) == ""
    (call,) = [call for delta in deltas for call in delta.tool_calls or ()]
    assert call.index == 0
    assert call.id
    _assert_follows(call)
    assert chunks[-1].choices[0].finish_reason == "tool_calls"


async def test_several_calls_each_follow_their_schema(ask: Ask) -> None:
    answer = await ask(tool_choice="required", n=3)
    calls = [call for choice in answer.choices for call in choice.message.tool_calls or ()]
    assert calls
    for call in calls:
        _assert_follows(call)


async def test_a_call_or_a_text_that_follows_the_schema(ask: Ask) -> None:
    schema = {"type": "object", "properties": {"sunny": {"type": "boolean"}}, "required": ["sunny"]}
    form = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}
    answer = await ask(response_format=form, n=4, parallel_tool_calls=False, temperature=1.5)
    for choice in answer.choices:
        assert choice.finish_reason in {"stop", "tool_calls"}
        for call in choice.message.tool_calls or ():
            _assert_follows(call)
        if choice.finish_reason == "stop":
            jsonschema.validate(json.loads(choice.message.content), schema)


async def test_the_answer_of_a_tool_goes_on_the_chat(ask: Ask) -> None:
    answer = await ask(tool_choice=_NAMED, parallel_tool_calls=False)
    message = answer.choices[0].message
    call = message.tool_calls[0]
    history = [
        {"role": "user", "content": "What is the weather in Oslo?"},
        message.model_dump(exclude_none=True),
        {"role": "tool", "tool_call_id": call.id, "content": "sunny"},
    ]
    answer = await ask(messages=history, tool_choice="none", max_tokens=8, extra_body={"min_tokens": 4})
    assert answer.choices[0].message.tool_calls is None
    assert answer.choices[0].message.content


@pytest.mark.parametrize(
    ("tools", "fields", "param"),
    [
        ([{"type": "function", "function": {"name": "f", "parameters": {"type": "array"}}}], {}, "tools"),
        (_FUNCTIONS, {"ignore_eos": True}, "ignore_eos"),
        (_FUNCTIONS, {"min_tokens": 5}, "min_tokens"),
    ],
)
async def test_what_cannot_be_demanded_is_refused_and_the_pipeline_lives(
    ask: Ask, tools: object, fields: dict[str, object], param: str
) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        await ask(tool_choice="required", tools=tools, extra_body=fields)
    assert caught.value.param == param
    assert (await ask(max_tokens=2)).choices
