"""The bodies of `/v1/chat/completions` and `/v1/completions`, field by field."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AliasChoices, ConfigDict, Field, StringConstraints

from beaufort.engines.messages import Listed, Message, Piece, Tool

MAX_MESSAGES = 4096
MAX_TOOLS = 128  # as OpenAI's API
_PENALTY = Field(default=0.0, ge=-2.0, le=2.0, allow_inf_nan=False)
_Stop = Annotated[str, StringConstraints(min_length=1, max_length=1024)]


class StreamOptions(Piece):
    """Of a streamed answer."""

    include_usage: bool | None = False


class NamedFunction(Piece):
    """The name of a function."""

    name: str


class NamedTool(Piece):
    """The tool that has to be used."""

    type: Literal["function"]
    function: NamedFunction


class JsonSchemaFormat(Piece):
    """The schema that the output follows."""

    name: str | None = None
    json_schema: dict[str, object] = Field(alias="schema")
    strict: bool | None = None


class ResponseFormat(Piece):
    """What form the output has."""

    type: Literal["text", "json_object", "json_schema"]
    json_schema: JsonSchemaFormat | None = None


class GenerateBody(Piece):
    """What both kinds of request share. What is not known is kept: some of it is refused by its name."""

    model_config = ConfigDict(extra="allow")

    model: str | None = None
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    n: int | None = Field(default=1, ge=1, le=64)
    temperature: float | None = Field(default=1.0, ge=0.0, le=2.0, allow_inf_nan=False)
    top_p: float | None = Field(default=1.0, gt=0.0, le=1.0, allow_inf_nan=False)
    top_k: int | None = Field(default=None, ge=-1)
    min_p: float | None = Field(default=0.0, ge=0.0, le=1.0, allow_inf_nan=False)
    seed: int | None = Field(default=None, ge=-(2**63), lt=2**63, validation_alias=AliasChoices("seed", "random_seed"))
    stop: _Stop | Listed[_Stop] | None = None
    presence_penalty: float | None = _PENALTY
    frequency_penalty: float | None = _PENALTY
    repetition_penalty: float | None = Field(default=1.0, gt=0.0, le=10.0, allow_inf_nan=False)
    min_tokens: int | None = Field(default=0, ge=0)
    ignore_eos: bool | None = False
    response_format: ResponseFormat | None = None

    @property
    def stops(self) -> tuple[str, ...]:
        """The stop strings."""
        if self.stop is None:
            return ()
        return (self.stop,) if isinstance(self.stop, str) else tuple(self.stop)


class ChatBody(GenerateBody):
    """The body of `/v1/chat/completions`."""

    messages: Listed[Message] = Field(min_length=1, max_length=MAX_MESSAGES)
    max_tokens: int | None = Field(default=None, ge=1)
    max_completion_tokens: int | None = Field(default=None, ge=1)
    logprobs: bool | None = False
    top_logprobs: int | None = Field(default=None, ge=0, le=20)
    tools: Annotated[Listed[Tool], Field(max_length=MAX_TOOLS)] | None = None
    tool_choice: Literal["none", "auto", "required", "any"] | NamedTool | None = None
    parallel_tool_calls: bool | None = True

    @property
    def limit(self) -> int | None:
        """How many tokens at most; None leaves it to the context."""
        return self.max_completion_tokens or self.max_tokens


class CompletionBody(GenerateBody):
    """The body of `/v1/completions`."""

    prompt: str | Listed[str] | Listed[int] | Listed[Listed[int]]
    max_tokens: int | None = Field(default=16, ge=1)
    logprobs: int | None = Field(default=None, ge=0, le=20)
    best_of: int | None = None

    @property
    def prompts(self) -> list[str | list[int]]:
        """Each prompt, as text or as tokens."""
        if isinstance(self.prompt, str):
            return [self.prompt]
        tokens = [each for each in self.prompt if isinstance(each, int)]
        return [tokens] if tokens else [each for each in self.prompt if not isinstance(each, int)]

    @property
    def limit(self) -> int:
        """How many tokens at most; OpenAI's default is 16."""
        return self.max_tokens or 16
