"""The text of a service file as a tree of plain values, each with the line it stands on.

YAML is read as its version 1.2 "core schema" says, minus what a service file never needs and what surprises people:
anchors and aliases (and with them expansion bombs), tags, several documents, repeated keys, and words whose meaning is
not clear (see ``plain``). The parser's events are consumed one by one, so nesting is bounded before it is built.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NoReturn, TypeAlias

import yaml

from beaufort.errors import Problem
from beaufort.spec.plain import WordError, plain, visible

Tree: TypeAlias = "str | int | float | bool | list[Tree] | dict[str, Tree] | None"
Path: TypeAlias = tuple[str | int, ...]

MAX_BYTES = 128 * 1024  # a file of 500 accelerators and keys; PyYAML reads it in about a second
MAX_DEPTH = 16  # the deepest field of the schema is at 6

_USUAL_KEY = re.compile(r"[A-Za-z0-9_./-]{1,64}")


@dataclass(frozen=True, slots=True)
class Document:
    """A file's values and their places.

    Attributes:
        tree: The root value. A value that could not be read is None, and one of ``problems`` says why.
        where: The file's name, for messages.
        lines: The line, counted from 1, of every path in the tree.
        problems: What is wrong with the text itself.
        complete: Whether the text was read to its end; the tree is worth looking at only then.
    """

    tree: Tree
    where: str
    lines: Mapping[Path, int] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    complete: bool = True

    def value(self, path: Path) -> Tree:
        """Return the value at ``path``, or None when there is none."""
        node = self.tree
        for part in path:
            if isinstance(node, dict) and isinstance(part, str):
                node = node.get(part)
            elif isinstance(node, list) and isinstance(part, int) and part < len(node):
                node = node[part]
            else:
                return None
        return node

    def unread(self, path: Path) -> bool:
        """Return whether ``path``, or a value that holds it, stands in the file but could not be read."""
        return any(known in self.lines and self.value(known) is None for known in _parents(path))

    def line(self, path: Path) -> int:
        """Return the line of the value at ``path``, or of its nearest parent that is in the file; 0 without lines."""
        return next((self.lines[known] for known in _parents(path) if known in self.lines), 0)

    def place(self, path: Path) -> str:
        """Return ``service.yaml:12 spec.model.source`` for the value at ``path``, or its nearest parent's line."""
        line = self.line(path)
        name = f"{self.where}:{line}" if line else self.where
        return f"{name} {dotted(path)}" if path else name


def dotted(path: Path) -> str:
    """Return ``spec.accelerators[1].zones`` for a path."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{_word(part)}" for part in path)
    return text.removeprefix(".")


def _word(key: str) -> str:
    return key if _USUAL_KEY.fullmatch(key) else repr(key[:40])


def _parents(path: Path) -> Iterator[Path]:
    return (path[:length] for length in range(len(path), -1, -1))


def read(text: str | bytes, where: str) -> Document:
    """Read YAML (and so also JSON) text; whatever is wrong with it is in the document's ``problems``."""
    if len(text) > MAX_BYTES:
        problem = Problem(f"the file is larger than {MAX_BYTES // 1024} KiB", where, "split the service in two")
        return Document(None, where, problems=(problem,), complete=False)
    try:
        text = text.decode("utf-8") if isinstance(text, bytes) else text
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        problem = Problem("is not UTF-8 text", f"{where}:{line}", "save the file as UTF-8")
        return Document(None, where, problems=(problem,), complete=False)
    return _Reader(text, where).read()


class _UnreadableError(Exception):
    """What follows cannot be understood; the problem is already noted."""


class _Reader:
    def __init__(self, text: str, where: str) -> None:
        self._text = text
        self._events = yaml.parse(text, Loader=yaml.SafeLoader)
        self._where = where
        self._lines: dict[Path, int] = {}
        self._keys: set[Path] = set()
        self._problems: list[Problem] = []

    def read(self) -> Document:
        tree: Tree = None
        complete = False
        try:
            tree = self._document()
            complete = True
        except _UnreadableError:
            pass
        except yaml.MarkedYAMLError as error:
            self._syntax(error)
        except yaml.reader.ReaderError as error:
            line = self._text[: error.position].count("\n") + 1
            self._report(f"holds the invisible character U+{error.character:04X}", line, "remove it")
        except (ValueError, OverflowError) as error:  # an escape or a version that is no number Python has
            self._report(f"is not YAML: {error}", max(self._lines.values(), default=1), "check the escapes")
        return Document(tree, self._where, self._lines, tuple(self._problems), complete)

    def _document(self) -> Tree:
        next(self._events)  # the start of the stream
        if isinstance(next(self._events), yaml.StreamEndEvent):
            self._fail("the file is empty", 1, "`beaufort init` writes one to begin with")
        tree = self._value(next(self._events), ())
        next(self._events)  # the end of the document
        after = next(self._events)
        if not isinstance(after, yaml.StreamEndEvent):
            self._fail("a second document begins here", _line(after), "keep one service in one file")
        return tree

    def _value(self, event: yaml.Event, path: Path) -> Tree:
        line = self._lines.setdefault(path, _line(event))
        if len(path) > MAX_DEPTH:
            self._fail(f"is nested deeper than {MAX_DEPTH} levels", line, "check the indentation and the brackets")
        if isinstance(event, yaml.NodeEvent) and event.anchor:
            self._report("an anchor (&) or alias (*) is not accepted", line, "write the value out where it is used")
        if getattr(event, "tag", None):
            self._report("a tag (!) is not accepted", line, "remove it")
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(path)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(path)
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, path)
        return None  # an alias

    def _mapping(self, path: Path) -> Tree:
        mapping: dict[str, Tree] = {}
        while not isinstance(key := next(self._events), yaml.MappingEndEvent):
            if not isinstance(key, yaml.ScalarEvent):
                self._fail("a key must be a word", _line(key), "check the braces and the indentation")
            name: str = key.value
            here = (*path, name)
            self._key(here, _line(key))
            value = self._value(next(self._events), here)
            mapping.setdefault(name, value)
        return mapping

    def _key(self, path: Path, line: int) -> None:
        name = str(path[-1])
        first = self._lines.setdefault(path, line)
        if path in self._keys:
            self._report(f"{name!r} is written twice", line, f"keep one of the two; the first is on line {first}")
        self._keys.add(path)
        try:
            visible(name)
        except WordError as error:
            for problem in error.problems:
                self._report(f"a key {problem.what}", line, problem.remedy)

    def _sequence(self, path: Path) -> Tree:
        values: list[Tree] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            values.append(self._value(event, (*path, len(values))))
        return values

    def _scalar(self, event: yaml.ScalarEvent, path: Path) -> Tree:
        try:
            text = visible(event.value)
            return text if event.style else plain(text)  # a style is a kind of quotes
        except WordError as error:
            for problem in error.problems:
                self._report(problem.what, _line(event), problem.remedy, path)
            return None

    def _syntax(self, error: yaml.MarkedYAMLError) -> None:
        what = error.problem or "it cannot be read"
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        if "'\\t'" in what:
            self._report("a tab stands where YAML wants spaces", line, "indent with spaces")
        else:
            self._report(f"is not YAML: {what}", line, "check the indentation, the colons and the quotes here")

    def _report(self, what: str, line: int, remedy: str, path: Path = ()) -> None:
        field_path = f" {dotted(path)}" if path else ""
        self._problems.append(Problem(what, f"{self._where}:{line}{field_path}", remedy))

    def _fail(self, what: str, line: int, remedy: str) -> NoReturn:
        self._report(what, line, remedy)
        raise _UnreadableError


def _line(event: yaml.Event) -> int:
    mark = event.start_mark
    return mark.line + 1 if mark else 1
