"""From the bytes of a body to its checked form, or to a refusal that names every mistake.

A parameter that is known, would change the answer and is not served is refused with what to do instead. A parameter
that is not known is ignored, as the field's servers do: clients of every age and make send some.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from beaufort.engines.messages import Message
from beaufort.engines.refusal import RequestError
from beaufort.engines.requests import ChatBody, CompletionBody, GenerateBody

MAX_STOPS = 16
MAX_CHOICES = 1024  # of all prompts together: each is a sequence of the engine with state of its own
_NAMED_MISTAKES = 16
_MISTAKE_LENGTH = 300

# What pydantic puts into a mistake's place beside the names of fields: a part's tag after its index, a union's members.
_TAGS = frozenset(("text", "input_text", "refusal"))
_FORMS = frozenset(("str", "int", "NamedTool"))

_LEAVE_OUT = "leave it out"
_USE_FORMAT = "use 'response_format'"
# OpenAI's parameters and vLLM's.
_UNSERVED: Mapping[str, str] = {
    "logit_bias": _LEAVE_OUT,
    "functions": "use 'tools'",
    "function_call": "use 'tool_choice'",
    "audio": "only text is generated",
    "suffix": _LEAVE_OUT,
    "echo": "prepend the prompt to the answer",
    "stop_token_ids": "use 'stop'",
    "include_stop_str_in_output": "append the stop string to the answer",
    "use_beam_search": "use 'n'",
    "prompt_logprobs": _LEAVE_OUT,
    "bad_words": _LEAVE_OUT,
    "allowed_token_ids": _LEAVE_OUT,
    "truncate_prompt_tokens": "send a shorter prompt",
    "continue_final_message": "use /v1/completions",
    "chat_template": "start the engine with it",
    "structured_outputs": _USE_FORMAT,
    "guided_json": _USE_FORMAT,
    "guided_regex": _USE_FORMAT,
    "guided_choice": _USE_FORMAT,
    "guided_grammar": _USE_FORMAT,
}

_BodyT = TypeVar("_BodyT", bound=GenerateBody)


def parse(kind: type[_BodyT], data: bytes) -> _BodyT:
    """Return the checked body.

    Raises:
        RequestError: It is not JSON, or a parameter is missing, wrong, or not served.
    """
    try:
        body = kind.model_validate_json(data)
    except ValidationError as error:
        raise _refusal(error.errors(include_url=False, include_context=False, include_input=False)) from None
    _check_unserved(body.model_extra or {})
    _check(body)
    return body


def _check_unserved(unknown: Mapping[str, object]) -> None:
    for name, value in unknown.items():
        if value and name in _UNSERVED:
            message = f"'{name}' is not served here: {_UNSERVED[name]}"
            raise RequestError(message, param=name, code="unsupported_parameter")


def _check(body: GenerateBody) -> None:
    if len(body.stops) > MAX_STOPS:
        message = f"'stop' takes at most {MAX_STOPS} strings"
        raise RequestError(message, param="stop")
    if body.stream_options is not None and not body.stream:
        message = "'stream_options' needs 'stream': true"
        raise RequestError(message, param="stream_options")
    if isinstance(body, ChatBody):
        _check_chat(body)
    elif isinstance(body, CompletionBody):
        _check_completion(body)


def _check_chat(body: ChatBody) -> None:
    for i, said in enumerate(body.messages):
        _check_message(said, f"messages[{i}]")
    if body.top_logprobs and not body.logprobs:
        message = "'top_logprobs' needs 'logprobs': true"
        raise RequestError(message, param="top_logprobs")
    _check_alternatives(body, body.top_logprobs, "top_logprobs")


def _check_message(said: Message, at: str) -> None:
    if said.role == "assistant":
        return
    if said.content is None:
        message = f"'{at}.content': field required"
        raise RequestError(message, param=f"{at}.content")
    if said.tool_calls:
        message = f"'{at}.tool_calls': only an assistant makes calls"
        raise RequestError(message, param=f"{at}.tool_calls")


def _check_completion(body: CompletionBody) -> None:
    if not body.prompts:
        message = "'prompt' is empty"
        raise RequestError(message, param="prompt")
    if body.best_of is not None and body.best_of != (body.n or 1):
        message = "'best_of' is not served here: use 'n'"
        raise RequestError(message, param="best_of", code="unsupported_parameter")
    if len(body.prompts) * (body.n or 1) > MAX_CHOICES:
        message = f"at most {MAX_CHOICES} choices are served at once: send fewer prompts, or a smaller 'n'"
        raise RequestError(message, param="prompt")
    _check_alternatives(body, body.logprobs, "logprobs")


def _check_alternatives(body: GenerateBody, alternatives: int | None, param: str) -> None:
    # What is chosen greedily is the most probable token, so one alternative is known then; more never are.
    if alternatives and (alternatives > 1 or body.temperature != 0):
        message = (
            "only the log-probability of the chosen token is known here: "
            "ask for 0 alternatives, or for 1 at temperature 0"
        )
        raise RequestError(message, param=param)


def _refusal(problems: Sequence[ErrorDetails]) -> RequestError:
    first = problems[0]
    if first["type"] == "json_invalid":
        return RequestError(f"the body is not JSON: {first['msg'].removeprefix('Invalid JSON: ')}", code="invalid_json")
    mistakes: dict[str, list[str]] = {}
    for problem in _deepest(problems):
        texts = mistakes.setdefault(_path(problem["loc"]), [])
        if (text := _readable(problem)) not in texts:
            texts.append(text)
    lines = [f"'{path}': {' or '.join(texts)}" if path else texts[0] for path, texts in mistakes.items()]
    more = len(lines) - _NAMED_MISTAKES
    message = "; ".join(lines[:_NAMED_MISTAKES]) + (f"; and {more} more" if more > 0 else "")
    return RequestError(message, param=next(iter(mistakes)) or None)


def _deepest(problems: Sequence[ErrorDetails]) -> Iterable[ErrorDetails]:
    """Give the mistakes that no other one explains better.

    Where several forms are allowed, each tells what it misses: whoever wrote a list wants to hear of its third
    element, not that it is no string.
    """
    paths = {_path(problem["loc"]) for problem in problems}
    explained = {path[:end] for path in paths for end in range(1, len(path)) if path[end] in ".["}
    return [problem for problem in problems if _path(problem["loc"]) not in explained]


def _path(place: Sequence[int | str]) -> str:
    """Return ``messages[0].content`` for a place in the body; the names of a union's members are left out."""
    path = ""
    for before, step in pairwise(["", *place]):
        if isinstance(step, int):
            path += f"[{step}]"
        elif step.isidentifier() and step not in (_TAGS if isinstance(before, int) else _FORMS):
            path += f".{step}" if path else step
    return path


def _readable(problem: ErrorDetails) -> str:
    if problem["type"] == "union_tag_invalid":  # a message's part is the only union with tags
        return "only text is served: no images, audio or files"
    message = problem["msg"].replace("Input should", "should")
    return (message[:1].lower() + message[1:])[:_MISTAKE_LENGTH]
