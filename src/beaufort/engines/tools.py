"""Tool calls: whether a model's chat template knows them, and where they stand in the text it generates.

A model writes a call as text between markers of its own. The forms, as the models' chat templates and
tokenizers define them:

- Mistral, older: ``[TOOL_CALLS] [{"name": "f", "arguments": {...}, "id": "abcdefghi"}]``;
- Mistral, newer: ``[TOOL_CALLS]f[ARGS]{...}``, once for each call, some with ``[CALL_ID]abcdefghi`` before ``[ARGS]``.
  All of Mistral's forms are read whichever a template knows, since templates of others for its models mix them;
- Hermes, also Qwen's: ``<tool_call>{"name": "f", "arguments": {...}}</tool_call>``, once for each call.

The markers are special tokens of some tokenizers: the text that is scanned has to be decoded with them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import NoReturn

HERMES_MARKER = "<tool_call>"
MISTRAL_MARKER = "[TOOL_CALLS]"


class ToolSyntax(Enum):
    """How a model writes tool calls."""

    MISTRAL_LIST = auto()
    MISTRAL_ARGS = auto()
    MISTRAL_CALL_ID = auto()
    HERMES = auto()

    @property
    def marker(self) -> str:
        """What begins a call."""
        return HERMES_MARKER if self is ToolSyntax.HERMES else MISTRAL_MARKER


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One call of a function.

    Attributes:
        id: What the tool's answer refers to.
        name: Of the function.
        arguments: A JSON object, as text.
    """

    id: str
    name: str
    arguments: str


def tool_syntax(template: str) -> ToolSyntax | None:
    """Return how the model with this chat template calls tools; None if it does not, or in no form known here."""
    if re.search(r"\btools\b", template) is None:
        return None
    if MISTRAL_MARKER not in template:
        return ToolSyntax.HERMES if HERMES_MARKER in template else None
    if "[CALL_ID]" in template:
        return ToolSyntax.MISTRAL_CALL_ID
    return ToolSyntax.MISTRAL_ARGS if "[ARGS]" in template else ToolSyntax.MISTRAL_LIST


class ToolScanner:
    """Passes ordinary text on, and holds back tool calls and what may be the beginning of one.

    The same text gives the same result, however it is cut into pieces.

    Args:
        syntax: How the model writes calls.
        fresh: Returns a new identity each time, at least nine letters and digits, such as ``uuid4().hex``.
        several: Whether more than one call counts; if not, all but the first are dropped.
    """

    __slots__ = ("_called", "_fresh", "_held", "_marker", "_several", "_syntax")

    def __init__(self, syntax: ToolSyntax, fresh: Callable[[], str], *, several: bool = True) -> None:
        self._syntax = syntax
        self._marker = syntax.marker
        self._fresh = fresh
        self._several = several
        self._held: list[str] = []
        self._called = False

    def feed(self, text: str) -> str:
        """Return the text that can be passed on now. From the first marker on, nothing more is."""
        if self._called:
            self._held.append(text)
            return ""
        text = "".join(self._held) + text
        place = text.find(self._marker)
        self._called = place >= 0
        if not self._called:
            place = len(text) - _overlap(text, self._marker)
        self._held = [text[place:]]
        return text[:place]

    def finish(self) -> tuple[str, tuple[ToolCall, ...]]:
        """Return the content still held and the calls: the text has ended.

        What is no well-formed call is content. White space around calls is not.
        """
        text = "".join(self._held)
        self._held = []
        parse = _hermes if self._syntax is ToolSyntax.HERMES else _mistral
        content: list[str] = []
        calls: list[ToolCall] = []
        at = 0
        while (start := text.find(self._marker, at)) >= 0:
            found = parse(text, start + len(self._marker))
            end = found.end if found else start + len(self._marker)
            content.append(text[at : start if found else end])
            calls += (self._call(each) for each in found.calls) if found else ()
            at = end
        rest = "".join([*content, text[at:]])
        return (rest.strip() if calls else rest), tuple(calls if self._several else calls[:1])

    def _call(self, written: _Written) -> ToolCall:
        identity = written.id
        if self._syntax is ToolSyntax.HERMES:
            identity = f"call_{self._fresh()}"
        elif not re.fullmatch(r"[A-Za-z0-9]{9}", identity):
            # Mistral's chat templates refuse a history with ids of another form.
            identity = self._fresh()[:9]
        return ToolCall(identity, written.name, written.arguments)


@dataclass(frozen=True, slots=True)
class _Written:
    """A call as the model wrote it; the id is empty where it wrote none."""

    name: str
    arguments: str
    id: str


@dataclass(frozen=True, slots=True)
class _Found:
    """The calls of one marker, and where they end in the text."""

    calls: tuple[_Written, ...]
    end: int


def _overlap(text: str, marker: str) -> int:
    """Return the length of the longest end of ``text`` with which the marker begins."""
    sizes = range(min(len(text), len(marker) - 1), 0, -1)
    return next((size for size in sizes if marker.startswith(text[-size:])), 0)


_SPACE = re.compile(r"\s*")
_NAMED = re.compile(r"\s*(?P<name>[\w.-]+)\s*(?:\[CALL_ID\]\s*(?P<id>\w*)\s*)?(?:\[ARGS\])?\s*(?=\{)")
_HERMES_END = re.compile(r"\s*(?:</tool_call>|\Z)")


def _mistral(text: str, at: int) -> _Found | None:
    named = _NAMED.match(text, at)
    read = _read_json(text, named.end() if named else at)
    if read is None:
        return None
    value, end = read
    if named:
        calls = list(_calls([{"name": named["name"], "arguments": value, "id": named["id"]}]))
    else:
        calls = list(_calls(value))
    return _found(calls, end)


def _hermes(text: str, at: int) -> _Found | None:
    read = _read_json(text, at)
    if read is None:
        return None
    value, end = read
    closing = _HERMES_END.match(text, end)
    return _found(list(_calls([value])), closing.end()) if closing else None


def _found(calls: list[_Written | None], end: int) -> _Found | None:
    """Return the calls if there is any and each is well formed."""
    written = tuple(call for call in calls if call is not None)
    return _Found(written, end) if written and len(written) == len(calls) else None


def _calls(listed: object) -> Iterator[_Written | None]:
    """Give each call of a list, or None for what is none."""
    for call in listed if isinstance(listed, list) else [None]:
        yield _written(call) if isinstance(call, dict) else None


def _written(call: dict[str, object]) -> _Written | None:
    name, identity, arguments = call.get("name"), call.get("id"), _arguments(call.get("arguments"))
    # Unprintable are, among others, lone surrogates: no server could send them on.
    if not isinstance(name, str) or not name or not name.isprintable() or arguments is None:
        return None
    return _Written(name, arguments, identity if isinstance(identity, str) else "")


def _arguments(value: object) -> str | None:
    """Return the arguments as JSON text if they are an object, or text that is one."""
    if isinstance(value, str):
        read = _read_json(value, 0)
        value = read[0] if read and not value[read[1] :].strip() else None
    if not isinstance(value, dict):
        return None
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
        text.encode()
    except (ValueError, RecursionError):  # a number beyond all bounds, a lone surrogate, too deep
        return None
    return text


def _refuse_constant(name: str) -> NoReturn:
    message = f"{name} is not JSON"
    raise ValueError(message)


# Models write line breaks into strings as they are: not strict.
_DECODER = json.JSONDecoder(strict=False, parse_constant=_refuse_constant)


def _read_json(text: str, at: int) -> tuple[object, int] | None:
    """Return the value that stands at ``at``, after white space, and where it ends; None if there is none."""
    space = _SPACE.match(text, at)
    try:
        value, end = _DECODER.raw_decode(text, space.end() if space else at)
    except (ValueError, RecursionError):
        return None
    return value, end
