"""The bodies of `/v1/chat/completions` and `/v1/completions`, checked.

A parameter that this surface knows and cannot serve is refused with the reason. A parameter that it does not
know is ignored, as the field's servers do: clients of every age and make send some.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, TypeVar

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from beaufort.engines.refusal import RequestError

_MAX_STOPS = 16
_PENALTY = Field(default=0.0, ge=-2.0, le=2.0, allow_inf_nan=False)
_Stop = Annotated[str, StringConstraints(min_length=1, max_length=1024)]


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", strict=True, protected_namespaces=())


class StreamOptions(_Body):
    """Of a streamed answer."""

    include_usage: bool = False


class Function(_Body):
    """A function that the model may call."""

    name: str = Field(min_length=1, max_length=64)
    description: str | None = None
    parameters: dict[str, object] | None = None


class Tool(_Body):
    """A tool that the model may use."""

    type: Literal["function"]
    function: Function


class NamedFunction(_Body):
    """The name of a function."""

    name: str


class NamedTool(_Body):
    """The tool that has to be used."""

    type: Literal["function"]
    function: NamedFunction


class JsonSchemaFormat(_Body):
    """The schema that the output follows."""

    name: str = ""
    json_schema: dict[str, object] = Field(alias="schema")
    strict: bool | None = None


class ResponseFormat(_Body):
    """What form the output has."""

    type: Literal["text", "json_object", "json_schema"]
    json_schema: JsonSchemaFormat | None = None


class TextPart(_Body):
    """A piece of a message's text."""

    type: Literal["text", "input_text"]
    text: str


class Message(_Body):
    """One message of a chat."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[TextPart] | None = None
    name: str | None = None
    tool_calls: list[dict[str, object]] | None = None
    tool_call_id: str | None = None

    def as_template_input(self) -> dict[str, object]:
        """Return the message as chat templates expect it: text joined, `developer` as `system`."""
        content = self.content
        text = "".join(part.text for part in content) if isinstance(content, list) else content or ""
        role = "system" if self.role == "developer" else self.role
        extra = {"name": self.name, "tool_calls": self.tool_calls, "tool_call_id": self.tool_call_id}
        return {"role": role, "content": text, **{key: value for key, value in extra.items() if value}}


class _Generate(_Body):
    """What both kinds of request share."""

    model: str = ""
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    n: int | None = Field(default=1, ge=1, le=64)
    temperature: float | None = Field(default=1.0, ge=0.0, le=2.0, allow_inf_nan=False)
    top_p: float | None = Field(default=1.0, gt=0.0, le=1.0, allow_inf_nan=False)
    top_k: int | None = Field(default=None, ge=-1)
    min_p: float | None = Field(default=0.0, ge=0.0, le=1.0, allow_inf_nan=False)
    seed: int | None = Field(default=None, ge=-(2**63), lt=2**63, validation_alias=AliasChoices("seed", "random_seed"))
    stop: _Stop | list[_Stop] | None = None
    presence_penalty: float | None = _PENALTY
    frequency_penalty: float | None = _PENALTY
    repetition_penalty: float | None = Field(default=1.0, gt=0.0, le=10.0, allow_inf_nan=False)
    min_tokens: int | None = Field(default=0, ge=0)
    ignore_eos: bool | None = False
    logit_bias: dict[str, float] | None = None
    response_format: ResponseFormat | None = None

    @property
    def stops(self) -> tuple[str, ...]:
        """The stop strings."""
        if self.stop is None:
            return ()
        return (self.stop,) if isinstance(self.stop, str) else tuple(self.stop)


class ChatBody(_Generate):
    """The body of `/v1/chat/completions`."""

    messages: list[Message] = Field(min_length=1)
    max_tokens: int | None = Field(default=None, ge=1)
    max_completion_tokens: int | None = Field(default=None, ge=1)
    logprobs: bool | None = False
    top_logprobs: int | None = Field(default=None, ge=0, le=20)
    tools: list[Tool] | None = None
    tool_choice: Literal["none", "auto", "required", "any"] | NamedTool | None = None
    functions: list[object] | None = None
    audio: object | None = None


class CompletionBody(_Generate):
    """The body of `/v1/completions`."""

    prompt: str | list[str] | list[int] | list[list[int]]
    max_tokens: int | None = Field(default=16, ge=1)
    logprobs: int | None = Field(default=None, ge=0, le=20)
    echo: bool | None = False
    suffix: str | None = None
    best_of: int | None = None

    @property
    def prompts(self) -> list[str | list[int]]:
        """Each prompt, as text or as tokens."""
        if isinstance(self.prompt, str):
            return [self.prompt]
        tokens = [each for each in self.prompt if isinstance(each, int)]
        return [tokens] if tokens else [each for each in self.prompt if not isinstance(each, int)]


@dataclass(frozen=True, slots=True)
class _Unserved:
    """A parameter that is known and not served, with what to do instead."""

    name: str
    remedy: str


_UNSERVED = (
    _Unserved("logit_bias", "leave it out"),
    _Unserved("functions", "use 'tools'"),
    _Unserved("audio", "only text is generated"),
    _Unserved("suffix", "leave it out"),
    _Unserved("echo", "prepend the prompt to the answer"),
)

_BodyT = TypeVar("_BodyT", ChatBody, CompletionBody)


def parse(kind: type[_BodyT], data: bytes) -> _BodyT:
    """Return the checked body.

    Raises:
        RequestError: It is not JSON, or a parameter is missing, wrong, or not served. Every mistake is named.
    """
    try:
        body = kind.model_validate_json(data)
    except ValidationError as error:
        raise _refusal(error) from error
    for unserved in _UNSERVED:
        if getattr(body, unserved.name, None):
            message = f"'{unserved.name}' is not served here: {unserved.remedy}"
            raise RequestError(message, param=unserved.name, code="unsupported_parameter")
    _check(body)
    return body


def _check(body: ChatBody | CompletionBody) -> None:
    if len(body.stops) > _MAX_STOPS:
        message = f"'stop' takes at most {_MAX_STOPS} strings"
        raise RequestError(message, param="stop")
    if body.stream_options is not None and not body.stream:
        message = "'stream_options' needs 'stream': true"
        raise RequestError(message, param="stream_options")
    if isinstance(body, ChatBody):
        alternatives: int | None = body.top_logprobs if body.logprobs else None
        if body.top_logprobs and not body.logprobs:
            message = "'top_logprobs' needs 'logprobs': true"
            raise RequestError(message, param="top_logprobs")
    else:
        alternatives = body.logprobs
        _check_prompts(body)
    # What is chosen greedily is the most probable token, so one alternative is known then; more never are.
    if alternatives and (alternatives > 1 or body.temperature != 0):
        message = (
            "only the log-probability of the chosen token is known here: "
            "ask for 0 alternatives, or for 1 at temperature 0"
        )
        raise RequestError(message, param="top_logprobs" if isinstance(body, ChatBody) else "logprobs")


def _check_prompts(body: CompletionBody) -> None:
    if not body.prompts:
        message = "'prompt' is empty"
        raise RequestError(message, param="prompt")
    if body.best_of is not None and body.best_of != (body.n or 1):
        message = "'best_of' is not served here: use 'n'"
        raise RequestError(message, param="best_of", code="unsupported_parameter")


def _refusal(error: ValidationError) -> RequestError:
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    first = problems[0]
    if first["type"] == "json_invalid":
        return RequestError(f"the body is not JSON: {first['msg'].removeprefix('Invalid JSON: ')}", code="invalid_json")
    lines: dict[str, str] = {}
    for problem in problems:
        lines.setdefault(_path(problem["loc"]), _readable(problem["msg"]))
    message = "; ".join(f"'{path}': {text}" if path else text for path, text in lines.items())
    return RequestError(message, param=next(iter(lines)) or None)


def _path(place: Sequence[int | str]) -> str:
    """Return ``messages[0].content`` for a place in the body; the names of a union's members are left out."""
    path = ""
    for step in place:
        if isinstance(step, int):
            path += f"[{step}]"
        elif step.isidentifier() and step not in {"str", "int", "float", "NamedTool", "TextPart"}:
            path += f".{step}" if path else step
    return path


def _readable(message: str) -> str:
    return message[:1].lower() + message[1:].replace("Input should", "should")
