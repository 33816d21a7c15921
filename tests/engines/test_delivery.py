from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types import Completion
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from prometheus_client.parser import text_string_to_metric_families
from tests.engines.scripted import LOGPROB, Client, ScriptedEngine, Submission, judged

from beaufort.engines.surface import Surface
from beaufort.engines.tools import ToolSyntax

_CHAT = "/v1/chat/completions"
_COMPLETION = "/v1/completions"
_TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
_CALL = '<tool_call>\n{"name": "f", "arguments": {"a": 1}}\n</tool_call>'


class Desk:
    """An engine's surface with a clock that the test sets."""

    def __init__(self, tools: ToolSyntax | None = None) -> None:
        self.engine = ScriptedEngine(tools=tools)
        self.now = 0.0
        self.surface = Surface(self.engine, lambda: self.now)

    def chat(self, **fields: object) -> tuple[Client, Submission]:
        client = self._post(_CHAT, {"messages": [{"role": "user", "content": "hi"}], **fields})
        return client, self.engine.submissions[-1]

    def complete(self, **fields: object) -> tuple[Client, list[Submission]]:
        before = len(self.engine.submissions)
        client = self._post(_COMPLETION, {"prompt": "hi", **fields})
        return client, self.engine.submissions[before:]

    def _post(self, path: str, body: dict[str, object]) -> Client:
        client = Client("POST", path, json.dumps(body).encode())
        self.surface.handle(client.exchange)
        return client

    def metrics(self) -> dict[str, float]:
        text = self.surface.metrics.exposition().decode()
        return {
            sample.name + sample.labels.get("finished_reason", ""): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def tool_desk() -> Desk:
    return Desk(ToolSyntax.HERMES)


def _chunks(client: Client) -> list[ChatCompletionChunk]:
    *events, last = client.events
    assert last == b"[DONE]"
    return [judged(ChatCompletionChunk, event) for event in events]


def _content(chunks: Sequence[ChatCompletionChunk], index: int = 0) -> str:
    deltas = [choice.delta for chunk in chunks for choice in chunk.choices if choice.index == index]
    return "".join(delta.content or "" for delta in deltas)


# Whole answers


def test_a_whole_chat(desk: Desk) -> None:
    client, asked = desk.chat()
    asked.say("good ")
    assert client.silent
    asked.say("wind", finish="stop")
    answer = judged(ChatCompletion, client.body)
    assert client.header(b"content-type") == b"application/json"
    assert answer.id.startswith("chatcmpl-")
    assert answer.model == "scripted/model"
    (choice,) = answer.choices
    assert (choice.message.role, choice.message.content, choice.finish_reason) == ("assistant", "good wind", "stop")
    assert choice.logprobs is None
    assert answer.usage is not None
    prompt = len(asked.prompt.encode())
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (prompt, 9)
    assert answer.usage.total_tokens == prompt + 9


def test_a_whole_completion_of_several_prompts_and_choices(desk: Desk) -> None:
    client, (first, second) = desk.complete(prompt=["a", "bc"], n=2)
    assert (first.prompt, second.prompt) == ("^a", "^bc")
    second.say("4", 1, "stop")
    first.step((0, b"1", "stop"), (1, b"2", "length"))
    assert client.silent
    second.say("3", 0, "stop")
    answer = judged(Completion, client.body)
    assert [(each.index, each.text) for each in answer.choices] == [(0, "1"), (1, "2"), (2, "3"), (3, "4")]
    assert [each.finish_reason for each in answer.choices] == ["stop", "length", "stop", "stop"]
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (5, 4)


def test_an_answer_without_a_token_is_empty(desk: Desk) -> None:
    client, asked = desk.chat()
    asked.say("", finish="stop")
    assert judged(ChatCompletion, client.body).choices[0].message.content == ""


# Streams


def test_a_streamed_chat(desk: Desk) -> None:
    client, asked = desk.chat(stream=True)
    assert client.silent
    asked.say("good ")
    assert len(client.events) == 2
    asked.say("wind")
    asked.say("", finish="length")
    chunks = _chunks(client)
    assert client.header(b"cache-control") == b"no-cache"
    assert len({chunk.id for chunk in chunks}) == 1
    assert [chunk.choices[0].delta.role for chunk in chunks] == ["assistant", None, None, None]
    assert [chunk.choices[0].finish_reason for chunk in chunks] == [None, None, None, "length"]
    assert _content(chunks) == "good wind"
    assert all(b'"usage"' not in event for event in client.events)


def test_a_first_step_without_a_token_opens_once(desk: Desk) -> None:
    client, asked = desk.chat(stream=True)
    asked.step((0, b"", None))
    asked.step((0, b"", None))
    asked.say("a", finish="stop")
    assert [chunk.choices[0].delta.role for chunk in _chunks(client)] == ["assistant", None]


def test_the_usage_is_null_before_it_comes(desk: Desk) -> None:
    client, asked = desk.chat(stream=True, stream_options={"include_usage": True})
    asked.say("wind", finish="stop")
    *pieces, last, done = client.events
    assert all(json.loads(piece)["usage"] is None for piece in pieces)
    usage = judged(ChatCompletionChunk, last)
    assert usage.choices == []
    assert usage.usage is not None
    assert usage.usage.completion_tokens == 4
    assert done == b"[DONE]"
    client, (submission,) = desk.complete(stream=True, stream_options={"include_usage": True})
    submission.say("wind", finish="stop")
    piece, last, done = client.events
    assert json.loads(piece)["usage"] is None
    assert judged(Completion, last).choices == []


def test_a_streamed_completion_of_several_choices(desk: Desk) -> None:
    client, (asked,) = desk.complete(stream=True, n=2)
    asked.step((0, b"a", None), (1, b"x", None))
    asked.step((1, b"y", "stop"))
    asked.say("b", 0, "stop")
    *events, done = client.events
    chunks = [judged(Completion, event).choices[0] for event in map(_finished, events)]
    assert [(chunk.index, chunk.text) for chunk in chunks] == [(0, "a"), (1, "x"), (1, "y"), (0, "b")]
    assert [json.loads(event)["choices"][0]["finish_reason"] for event in events] == [None, None, "stop", "stop"]
    assert done == b"[DONE]"


def _finished(event: bytes) -> bytes:
    """Return an event as a whole answer: OpenAI's type has no finish reason that is null, its API has."""
    return event.replace(b'"finish_reason":null', b'"finish_reason":"stop"')


def test_a_character_split_over_tokens_comes_whole(desk: Desk) -> None:
    client, asked = desk.chat(stream=True)
    asked.spell("né 日😀", finish="stop")
    pieces = [chunk.choices[0].delta.content for chunk in _chunks(client)]
    assert [piece for piece in pieces if piece] == ["n", "é", " ", "日", "😀"]


# Stop strings


def test_a_stop_string_over_several_tokens_ends_one_choice_of_several(desk: Desk) -> None:
    client, asked = desk.chat(stop=["END"], n=2)
    asked.step((0, b"one E", None), (1, b"two EN", None))
    asked.step((0, b"ND three", None), (1, b"E", None))
    assert asked.live == {1}
    asked.say("!", 1, "stop")
    answer = judged(ChatCompletion, client.body)
    assert [choice.message.content for choice in answer.choices] == ["one ", "two ENE!"]
    assert [choice.finish_reason for choice in answer.choices] == ["stop", "stop"]


def test_a_stop_string_with_the_last_token_is_the_reason(desk: Desk) -> None:
    client, asked = desk.chat(stop="END")
    asked.say("one END", finish="length")
    choice = judged(ChatCompletion, client.body).choices[0]
    assert (choice.message.content, choice.finish_reason) == ("one ", "stop")


def test_what_was_held_back_for_a_stop_string_comes_at_the_end(desk: Desk) -> None:
    client, asked = desk.chat(stop="END", stream=True)
    asked.say("one EN")
    asked.say("", finish="length")
    chunks = _chunks(client)
    assert _content(chunks) == "one EN"
    assert chunks[-1].choices[0].finish_reason == "length"


def test_no_stop_string_is_looked_for_before_min_tokens(desk: Desk) -> None:
    client, asked = desk.chat(stop="b", min_tokens=3)
    asked.spell("abcabc", finish="stop")
    assert judged(ChatCompletion, client.body).choices[0].message.content == "abca"


@given(st.text("ab", max_size=12), st.lists(st.text("ab", min_size=1, max_size=3), max_size=2), st.data())
def test_a_stream_says_what_a_whole_answer_says(text: str, stops: list[str], data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=4)))
    pieces = [text[start:end] for start, end in itertools.pairwise([0, *cuts, len(text)])]
    whole, streamed = Desk().chat(stop=stops), Desk().chat(stop=stops, stream=True)
    for _, asked in (whole, streamed):
        for piece in pieces:
            asked.say(piece)
        asked.say("", finish="stop")
    choice = judged(ChatCompletion, whole[0].body).choices[0]
    chunks = _chunks(streamed[0])
    assert _content(chunks) == choice.message.content
    assert chunks[-1].choices[0].finish_reason == choice.finish_reason


# Log-probabilities


def test_logprobs_of_a_chat_have_the_tokens_bytes(desk: Desk) -> None:
    client, asked = desk.chat(logprobs=True, top_logprobs=1, temperature=0)
    asked.spell("aé", finish="stop")
    logprobs = judged(ChatCompletion, client.body).choices[0].logprobs
    assert logprobs is not None
    assert logprobs.content is not None
    assert [each.token for each in logprobs.content] == ["a", "\\xc3", "\\xa9"]
    assert b"".join(bytes(each.bytes or ()) for each in logprobs.content).decode() == "aé"
    assert {each.logprob for each in logprobs.content} == {LOGPROB}
    assert [top.token for each in logprobs.content for top in each.top_logprobs] == ["a", "\\xc3", "\\xa9"]


def test_logprobs_without_alternatives(desk: Desk) -> None:
    client, asked = desk.chat(logprobs=True)
    asked.say("a", finish="stop")
    logprobs = judged(ChatCompletion, client.body).choices[0].logprobs
    assert logprobs is not None
    assert logprobs.content is not None
    assert logprobs.content[0].top_logprobs == []
    client, (submission,) = desk.complete(logprobs=0)
    submission.say("a", finish="stop")
    assert client.json["choices"][0]["logprobs"]["top_logprobs"] is None


def test_offsets_are_those_of_the_text_whole_and_streamed(desk: Desk) -> None:
    def spoken(client: Client, asked: Submission) -> Client:
        asked.say("ab")
        asked.spell("é日")
        asked.say("c", finish="stop")
        return client

    client, (asked,) = desk.complete(logprobs=1, temperature=0, stop=["zz"])
    whole = judged(Completion, spoken(client, asked).body).choices[0]
    assert whole.logprobs is not None
    assert whole.logprobs.text_offset == [0, 1, 2, 2, 3, 3, 3, 4]
    assert whole.text[4] == "c"
    assert whole.logprobs.tokens == ["a", "b", "\\xc3", "\\xa9", "\\xe6", "\\x97", "\\xa5", "c"]
    assert whole.logprobs.top_logprobs == [{token: LOGPROB} for token in whole.logprobs.tokens or ()]
    client, (asked,) = desk.complete(logprobs=1, temperature=0, stop=["zz"], stream=True)
    events = spoken(client, asked).events[:-1]
    pieces = [judged(Completion, _finished(event)).choices[0].logprobs for event in events]
    assert [offset for piece in pieces if piece for offset in piece.text_offset or ()] == whole.logprobs.text_offset


def test_tokens_without_text_still_have_their_logprobs_in_a_stream(desk: Desk) -> None:
    client, asked = desk.chat(logprobs=True, stream=True, stop="zz")
    asked.say("z")
    asked.say("a", finish="stop")
    tokens = [
        each.token
        for chunk in _chunks(client)
        if (logprobs := chunk.choices[0].logprobs)
        for each in logprobs.content or ()
    ]
    assert tokens == ["z", "a"]


# Tool calls


def test_a_call_is_told_apart_from_the_text(tool_desk: Desk) -> None:
    client, asked = tool_desk.chat(tools=[_TOOL])
    asked.spell(f"Well: {_CALL}", finish="stop")
    choice = judged(ChatCompletion, client.body).choices[0]
    assert (choice.message.content, choice.finish_reason) == ("Well: ", "tool_calls")
    assert choice.message.tool_calls is not None
    (call,) = choice.message.tool_calls
    assert call.type == "function"
    assert (call.function.name, json.loads(call.function.arguments)) == ("f", {"a": 1})


def test_a_call_alone_has_no_content(tool_desk: Desk) -> None:
    client, asked = tool_desk.chat(tools=[_TOOL])
    asked.spell(_CALL, finish="stop")
    assert judged(ChatCompletion, client.body).choices[0].message.content is None


def test_a_streamed_call_comes_whole_before_its_reason(tool_desk: Desk) -> None:
    client, asked = tool_desk.chat(tools=[_TOOL], stream=True)
    asked.spell(f"Well: {_CALL}\n{_CALL}", finish="stop")
    chunks = _chunks(client)
    assert _content(chunks) == "Well: "
    (calls,) = [chunk.choices[0].delta.tool_calls for chunk in chunks if chunk.choices[0].delta.tool_calls]
    assert [call.index for call in calls] == [0, 1]
    assert len({call.id for call in calls}) == 2
    assert chunks[-1].choices[0].finish_reason == "tool_calls"
    assert [chunk.choices[0].finish_reason for chunk in chunks[:-1]] == [None] * (len(chunks) - 1)


def test_one_call_where_one_is_wanted(tool_desk: Desk) -> None:
    client, asked = tool_desk.chat(tools=[_TOOL], parallel_tool_calls=False)
    asked.say(f"{_CALL}\n{_CALL}", finish="stop")
    assert len(judged(ChatCompletion, client.body).choices[0].message.tool_calls or ()) == 1


def test_an_answer_cut_by_its_length_says_so(tool_desk: Desk) -> None:
    client, asked = tool_desk.chat(tools=[_TOOL])
    asked.say(f"{_CALL}\n{_CALL[:20]}", finish="length")
    choice = judged(ChatCompletion, client.body).choices[0]
    assert choice.finish_reason == "length"
    assert len(choice.message.tool_calls or ()) == 1
    client, asked = tool_desk.chat(tools=[_TOOL])
    asked.say(_CALL[:20], finish="length")
    choice = judged(ChatCompletion, client.body).choices[0]
    assert (choice.message.content, choice.message.tool_calls) == (_CALL[:20], None)


# Ends before the end


def test_a_failure_before_the_first_token_has_a_status(desk: Desk) -> None:
    client, asked = desk.chat(stream=True, n=2)
    asked.fail("the cache is full")
    assert client.status == 500
    assert client.error["message"] == "the cache is full"
    assert desk.metrics()["vllm:request_success_totalerror"] == 2
    assert desk.surface.idle.is_set()


def test_a_failure_within_a_stream_is_its_last_event(desk: Desk) -> None:
    client, (first, second) = desk.complete(prompt=["a", "b"], stream=True)
    first.say("one", finish="stop")
    second.fail("the cache is full")
    *_, last = client.events
    assert json.loads(last)["error"]["message"] == "the cache is full"
    assert client.complete
    metrics = desk.metrics()
    assert (metrics["vllm:request_success_totalstop"], metrics["vllm:request_success_totalerror"]) == (1, 1)


def test_a_failure_of_one_prompt_ends_the_others(desk: Desk) -> None:
    client, (first, second) = desk.complete(prompt=["a", "b"])
    first.fail("the cache is full")
    assert second.live == set()
    assert client.status == 500


def _never(client: Client) -> None:
    client.exchange.lose()


def _after_a_token(client: Client) -> None:
    assert not client.silent
    client.exchange.lose()


@pytest.mark.parametrize("leave", [_never, _after_a_token])
def test_a_client_that_leaves_frees_everything(desk: Desk, leave: Callable[[Client], None]) -> None:
    client, submissions = desk.complete(prompt=["a", "b"], n=2, stream=True)
    if leave is _after_a_token:
        submissions[0].say("x")
    leave(client)
    assert [submission.live for submission in submissions] == [set(), set()]
    assert desk.surface.idle.is_set()
    assert desk.metrics()["vllm:request_success_totalabort"] == 4


def test_a_late_failure_says_nothing_more(desk: Desk) -> None:
    client, asked = desk.chat()
    asked.say("a", finish="stop")
    body = client.body
    desk.surface.fail_active("shutting down")
    assert client.body == body
    assert desk.metrics()["vllm:request_success_totalerror"] == 0


# What is counted


def test_times_and_tokens_are_counted(desk: Desk) -> None:
    desk.now = 10.0
    _, asked = desk.chat(n=2)
    desk.now = 10.5
    asked.step((0, b"a", None), (1, b"b", None))
    desk.now = 11.0
    asked.step((0, b"cd", "stop"))
    desk.now = 12.0
    asked.step((1, b"e", "length"))
    metrics = desk.metrics()
    assert metrics["vllm:prompt_tokens_total"] == len(asked.prompt)
    assert metrics["vllm:generation_tokens_total"] == 5
    assert (metrics["vllm:time_to_first_token_seconds_count"], metrics["vllm:time_to_first_token_seconds_sum"]) == (
        1,
        0.5,
    )
    assert (metrics["vllm:inter_token_latency_seconds_count"], metrics["vllm:inter_token_latency_seconds_sum"]) == (
        3,
        2.0,
    )
    assert (metrics["vllm:e2e_request_latency_seconds_count"], metrics["vllm:e2e_request_latency_seconds_sum"]) == (
        1,
        2.0,
    )
    assert metrics["vllm:request_prompt_tokens_sum"] == len(asked.prompt)
    assert metrics["vllm:request_generation_tokens_sum"] == 5
    assert metrics["vllm:request_success_totalstop"] == 1
    assert metrics["vllm:request_success_totallength"] == 1
