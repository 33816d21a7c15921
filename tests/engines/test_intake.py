from __future__ import annotations

import json

import pytest
from tests.engines.scripted import ScriptedEngine

from beaufort.engines.generation import Constraint, PlacedSchema
from beaufort.engines.intake import Intake, Job
from beaufort.engines.parsing import parse
from beaufort.engines.refusal import RequestError
from beaufort.engines.requests import ChatBody, CompletionBody
from beaufort.engines.tools import ToolSyntax

_SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}}
_FORMAT = {"type": "json_schema", "json_schema": {"name": "n", "schema": _SCHEMA}}
_PLACED = PlacedSchema(_SCHEMA, "response_format.json_schema.schema")


def _tool(name: str, **function: object) -> dict[str, object]:
    return {"type": "function", "function": {"name": name, **function}}


_F = _tool("f", parameters=_SCHEMA)
_G = _tool("g")
_CHOOSE_G = {"type": "function", "function": {"name": "g"}}
_F_PLACED = PlacedSchema(_SCHEMA, "tools[0].function.parameters")
_G_PLACED = PlacedSchema({"type": "object", "properties": {}}, "tools[1].function.parameters")


def _chat(engine: ScriptedEngine, **fields: object) -> Job:
    body = {"messages": [{"role": "user", "content": "hi"}], **fields}
    return Intake(engine).chat(parse(ChatBody, json.dumps(body).encode()))


def _complete(engine: ScriptedEngine, **fields: object) -> Job:
    return Intake(engine).completion(parse(CompletionBody, json.dumps({"prompt": "hi", **fields}).encode()))


@pytest.fixture
def engine() -> ScriptedEngine:
    return ScriptedEngine(tools=ToolSyntax.HERMES, max_model_len=1000)


def test_a_prompt_in_words_gets_the_models_first_token_one_in_tokens_does_not(engine: ScriptedEngine) -> None:
    assert [prompt for prompt, _ in _complete(engine, prompt=["a", "b"]).prompts] == [[*b"^a"], [*b"^b"]]
    assert [prompt for prompt, _ in _complete(engine, prompt=[97, 98]).prompts] == [[97, 98]]
    assert [prompt for prompt, _ in _complete(engine, prompt=[[97], [98]]).prompts] == [[97], [98]]


def test_a_chat_is_what_the_template_makes_of_it(engine: ScriptedEngine) -> None:
    ((prompt, _),) = _chat(engine).prompts
    assert bytes(prompt) == b"user: hi"


def test_without_a_limit_a_completion_has_16_tokens_and_a_chat_the_rest_of_the_context(engine: ScriptedEngine) -> None:
    assert _complete(engine).prompts[0][1].max_tokens == 16
    assert _chat(engine).prompts[0][1].max_tokens == 1000 - len("user: hi")
    assert _chat(engine, max_tokens=7).prompts[0][1].max_tokens == 7


def test_sampling_is_as_asked(engine: ScriptedEngine) -> None:
    ((_, sampling),) = _chat(
        engine,
        temperature=0.5,
        top_p=0.9,
        top_k=10,
        min_p=0.1,
        seed=3,
        presence_penalty=0.1,
        frequency_penalty=-0.2,
        repetition_penalty=1.1,
        min_tokens=2,
        ignore_eos=True,
        logprobs=True,
    ).prompts
    assert (sampling.temperature, sampling.top_p, sampling.top_k, sampling.min_p) == (0.5, 0.9, 10, 0.1)
    assert (sampling.presence_penalty, sampling.frequency_penalty, sampling.repetition_penalty) == (0.1, -0.2, 1.1)
    assert (sampling.seed, sampling.min_tokens, sampling.ignore_eos, sampling.logprobs) == (3, 2, True, True)
    assert (sampling.special_text, sampling.grammar) == (False, None)


def test_null_and_left_out_give_the_same_sampling(engine: ScriptedEngine) -> None:
    nothing = dict.fromkeys(name for name in ChatBody.model_fields if name != "messages")
    assert _chat(engine, **nothing) == _chat(engine)


@pytest.mark.parametrize(
    ("top_k", "kept"), [(None, None), (-1, None), (0, None), (1, 1), (255, 255), (256, None), (10**30, None)]
)
def test_a_top_k_of_every_token_is_none(engine: ScriptedEngine, top_k: int | None, kept: int | None) -> None:
    assert _complete(engine, top_k=top_k).prompts[0][1].top_k == kept


def test_the_order_says_how_the_answer_is_wanted(engine: ScriptedEngine) -> None:
    job = _complete(engine, prompt=["a", "bc"], n=3, stop=["x"], min_tokens=2, stream=True, logprobs=1, temperature=0)
    order = job.order
    assert (job.choices, order.choices, order.prompt_tokens) == (3, 6, 5)
    assert (order.stops, order.min_tokens, order.stream, order.usage_event) == (("x",), 2, True, False)
    assert (order.logprobs, order.top, order.scanner) == (True, True, None)
    assert _complete(engine, stream=True, stream_options={"include_usage": True}).order.usage_event


@pytest.mark.parametrize("model", [None, "", "scripted/model"])
def test_the_served_model_may_go_without_saying(engine: ScriptedEngine, model: str | None) -> None:
    assert _chat(engine, model=model) == _chat(engine)


def _refusal(engine: ScriptedEngine, fields: dict[str, object], *, chat: bool = True) -> RequestError:
    with pytest.raises(RequestError) as caught:
        (_chat if chat else _complete)(engine, **fields)
    return caught.value


def test_another_model_is_not_found(engine: ScriptedEngine) -> None:
    refusal = _refusal(engine, {"model": "gpt" * 1000})
    assert (refusal.status, refusal.param, refusal.code) == (400, "model", "model_not_found")
    assert "scripted/model" in refusal.message
    assert len(refusal.message) < 300


@pytest.mark.parametrize(
    ("fields", "param", "code"),
    [
        ({"prompt": "x" * 999}, "prompt", "context_length_exceeded"),
        ({"prompt": [1] * 100_000, "max_tokens": 5}, "prompt", "context_length_exceeded"),
        ({"prompt": "x" * 600, "max_tokens": 600}, "max_tokens", "context_length_exceeded"),
        ({"prompt": "x", "max_tokens": 10**30}, "max_tokens", "context_length_exceeded"),
        ({"prompt": [[]]}, "prompt", None),
        ({"prompt": [256] * 2000}, "prompt", "context_length_exceeded"),
        ({"prompt": [256]}, "prompt", None),
        ({"prompt": [-1]}, "prompt", None),
        ({"prompt": [10**30]}, "prompt", None),
        ({"min_tokens": 17}, "min_tokens", None),
        ({"response_format": {"type": "json_schema"}}, "response_format", None),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"schema": {"pattern": ""}}}},
            "response_format",
            None,
        ),
        ({"response_format": _FORMAT, "ignore_eos": True}, "ignore_eos", None),
        ({"response_format": _FORMAT, "min_tokens": 1}, "min_tokens", None),
    ],
)
def test_what_the_model_cannot_do_is_refused(
    engine: ScriptedEngine, fields: dict[str, object], param: str, code: str | None
) -> None:
    refusal = _refusal(engine, fields, chat=False)
    assert (refusal.status, refusal.param, refusal.code) == (400, param, code)


def test_a_context_may_be_filled_to_the_last_token(engine: ScriptedEngine) -> None:
    assert _complete(engine, prompt=[1] * 600, max_tokens=400).prompts[0][1].max_tokens == 400
    assert _complete(engine, prompt=[1] * 999, max_tokens=1).prompts[0][1].max_tokens == 1


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"logprobs": True}, "logprobs"),
        ({"response_format": {"type": "json_object"}}, "response_format"),
        ({"tools": [_F]}, "tools"),
        ({"tools": [_F], "tool_choice": "required"}, "tools"),
    ],
)
def test_what_an_engine_cannot_do_is_refused(fields: dict[str, object], param: str) -> None:
    refusal = _refusal(ScriptedEngine(tools=None, grammars=False, logprobs=False), fields)
    assert (refusal.param, refusal.code) == (param, "unsupported_parameter")


def test_an_engine_without_grammars_demands_no_call() -> None:
    engine = ScriptedEngine(tools=ToolSyntax.HERMES, grammars=False)
    assert _chat(engine, tools=[_F]).order.scanner
    assert _refusal(engine, {"tools": [_F], "tool_choice": "any"}).param == "tool_choice"


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({}, None),
        ({"response_format": {"type": "text"}}, None),
        ({"response_format": {"type": "json_object"}}, Constraint(PlacedSchema({"type": "object"}, "response_format"))),
        ({"response_format": _FORMAT}, Constraint(_PLACED)),
        ({"tools": [_F, _G]}, None),
        ({"tools": [_F, _G], "tool_choice": "auto", "parallel_tool_calls": False}, None),
        ({"tools": [_F, _G], "tool_choice": "none", "response_format": _FORMAT}, Constraint(_PLACED)),
        ({"tools": [_F, _G], "tool_choice": "required"}, Constraint(None, {"f": _F_PLACED, "g": _G_PLACED})),
        ({"tools": [_F, _G], "tool_choice": "any"}, Constraint(None, {"f": _F_PLACED, "g": _G_PLACED})),
        ({"tools": [_F, _G], "tool_choice": _CHOOSE_G}, Constraint(None, {"g": _G_PLACED})),
        (
            {"tools": [_F], "tool_choice": "required", "parallel_tool_calls": False, "response_format": _FORMAT},
            Constraint(None, {"f": _F_PLACED}, several=False),
        ),
        ({"tools": [_F], "response_format": _FORMAT}, Constraint(_PLACED, {"f": _F_PLACED})),
    ],
)
def test_what_the_output_is_held_to(
    engine: ScriptedEngine, fields: dict[str, object], constraint: Constraint | None
) -> None:
    ((_, sampling),) = _chat(engine, **fields).prompts
    assert engine.constraints == ([] if constraint is None else [constraint])
    assert sampling.grammar == (None if constraint is None else "grammar 1")


def test_all_tools_are_shown_to_the_model_unless_none_may_be_called() -> None:
    def shown(**fields: object) -> list[dict[str, object]]:
        ((prompt, sampling),) = _chat(ScriptedEngine(tools=ToolSyntax.HERMES), tools=[_F, _G], **fields).prompts
        first, *_ = bytes(prompt).decode().split("\n")
        assert sampling.special_text is first.startswith("[")
        listed: list[dict[str, object]] = json.loads(first) if first.startswith("[") else []
        return listed

    assert shown() == shown(tool_choice=_CHOOSE_G) == [_F, _G]
    assert shown(tool_choice="none") == []


@pytest.mark.parametrize(
    ("fields", "param", "words"),
    [
        ({"tool_choice": "required"}, "tool_choice", "no 'tools'"),
        ({"tool_choice": _CHOOSE_G, "tools": []}, "tool_choice", "no 'tools'"),
        ({"tool_choice": _CHOOSE_G, "tools": [_F]}, "tool_choice", "'g'"),
        ({"tools": [_F, _F]}, "tools[1].function.name", "'f'"),
        ({"tools": [_F], "tool_choice": "required", "ignore_eos": True}, "ignore_eos", "after the end"),
    ],
)
def test_tools_that_make_no_sense_are_refused(
    engine: ScriptedEngine, fields: dict[str, object], param: str, words: str
) -> None:
    refusal = _refusal(engine, fields)
    assert refusal.param == param
    assert words in refusal.message


@pytest.mark.parametrize("choice", ["none", "auto", None])
def test_a_choice_of_no_tools_is_harmless(engine: ScriptedEngine, choice: str | None) -> None:
    assert _chat(engine, tool_choice=choice, tools=[]).order.scanner is None
