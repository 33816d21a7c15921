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
    if name == "-":
        return parse(sys.stdin.buffer.read(MAX_BYTES + 1), "standard input")
    shown = click.format_filename(name)
    try:
        with Path(name).open("rb") as file:
            # One byte more than is accepted is enough to refuse an endless file.
            return parse(file.read(MAX_BYTES + 1), shown)
    except FileNotFoundError as error:
        remedy = "check the name; `beaufort init` writes a service file"
        raise UsageError(Problem("there is no such file", shown, remedy)) from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UsageError(Problem(f"cannot be read: {reason}", shown, "name a readable file")) from error
