"""The messages and tools of a chat, checked, and in the form that chat templates take."""

from __future__ import annotations

from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError, from_json

_Item = TypeVar("_Item")
# The first mistake of a list is enough: a body has room for millions of them, each told in a hundred bytes and more.
Listed = Annotated[list[_Item], Field(fail_fast=True)]


class Piece(BaseModel):
    """A part of a request's body: types as JSON has them, none converted, and what is not known ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True, protected_namespaces=())


class Function(Piece):
    """A function that the model may call."""

    name: str = Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")
    description: str | None = None
    parameters: dict[str, object] | None = None


class Tool(Piece):
    """A tool that the model may use."""

    type: Literal["function"]
    function: Function

    def as_template_input(self) -> dict[str, object]:
        """Return the tool as chat templates expect it."""
        return self.model_dump(exclude_none=True)


class TextPart(Piece):
    """A piece of a message's text."""

    type: Literal["text", "input_text"]
    text: str


class RefusalPart(Piece):
    """A piece in which an assistant refused."""

    type: Literal["refusal"]
    refusal: str

    @property
    def text(self) -> str:
        """What was said."""
        return self.refusal


def _object(value: object) -> object:
    """Return arguments as an object: OpenAI's API has them as JSON text, chat templates write them as JSON again."""
    if not isinstance(value, str):
        return value
    try:
        return from_json(value, allow_inf_nan=False) if value.strip() else {}
    except ValueError:
        kind = "json_object"
        message = "Input should be a JSON object as text"
        raise PydanticCustomError(kind, message) from None


class CalledFunction(Piece):
    """The function that an assistant called, with the arguments."""

    name: str
    arguments: Annotated[dict[str, object], BeforeValidator(_object)] = {}


class MadeCall(Piece):
    """A call that an assistant made earlier in the chat."""

    id: str | None = None
    type: Literal["function"] = "function"
    function: CalledFunction


_Part = Annotated[TextPart | RefusalPart, Field(discriminator="type")]


class Message(Piece):
    """One message of a chat."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | Listed[_Part] | None = None
    name: str | None = None
    tool_calls: Listed[MadeCall] | None = None
    tool_call_id: str | None = None

    def as_template_input(self) -> dict[str, object]:
        """Return the message as chat templates expect it: parts joined by line breaks, `developer` as `system`."""
        content = self.content
        text = "\n".join(part.text for part in content) if isinstance(content, list) else content or ""
        role = "system" if self.role == "developer" else self.role
        calls = [call.model_dump(exclude_none=True) for call in self.tool_calls or ()]
        extra = {"name": self.name, "tool_calls": calls, "tool_call_id": self.tool_call_id}
        return {"role": role, "content": text, **{key: value for key, value in extra.items() if value}}
