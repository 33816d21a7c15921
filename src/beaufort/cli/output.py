"""What a verb prints: text for people, or JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TypeVar

import click
from pydantic_core import to_jsonable_python

Command = TypeVar("Command", bound=Callable[..., object])


def output_option(*formats: str) -> Callable[[Command], Command]:
    """Add ``-o``/``--output`` to a verb, which it receives as ``output``.

    Args:
        formats: What may be chosen, the default first; ``text`` and ``json`` when nothing is given.
    """
    choices = formats or ("text", "json")
    return click.option(
        "-o", "--output", type=click.Choice(choices), default=choices[0], show_default=True, help="Form of the output."
    )


def print_json(value: object) -> None:
    """Print a value as indented JSON on standard output.

    Dataclasses, pydantic models (by their aliases, without what is None), enumerations, paths, mappings and sequences
    are written as one would expect.

    Raises:
        ValueError: A number is not finite.
    """
    plain = to_jsonable_python(value, by_alias=True, exclude_none=True)
    # Not escaped to ASCII: a YAML reader would take the halves of an escaped pair for two broken characters.
    click.echo(json.dumps(plain, indent=2, ensure_ascii=False, allow_nan=False))
