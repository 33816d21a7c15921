"""Reading a service file for the verbs that take one."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from beaufort.errors import Problem, UsageError
from beaufort.spec import MistralService, parse
from beaufort.spec.document import MAX_BYTES


def load(name: str) -> MistralService:
    """Return the service in the file called ``name``; ``-`` is standard input.

    Raises:
        SpecError: The file is wrong; every mistake is one of its problems.
        UsageError: The file cannot be read.
    """
    return parse(read(name, MAX_BYTES), shown_name(name))


def shown_name(name: str) -> str:
    """Return what a file is called in messages."""
    return "standard input" if name == "-" else click.format_filename(name)


def read(name: str, most: int) -> bytes:
    """Return the bytes of the file called ``name``, and no more than one beyond ``most``: enough to refuse it.

    Raises:
        UsageError: The file cannot be read.
    """
    shown = shown_name(name)
    try:
        if name == "-":
            return sys.stdin.buffer.read(most + 1)
        with Path(name).open("rb") as file:
            return file.read(most + 1)
    except FileNotFoundError as error:
        remedy = "check the name; `beaufort init` writes a service file"
        raise UsageError(Problem("there is no such file", shown, remedy)) from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UsageError(Problem(f"cannot be read: {reason}", shown, "name a readable file")) from error
