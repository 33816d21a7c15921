"""Reading a plan, or a service file that is planned first."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click
from pydantic import ValidationError

from beaufort.errors import Problem, UsageError
from beaufort.plan.plan import Plan
from beaufort.spec import parse

_MAX_BYTES = 16 * 1024 * 1024  # a plan keeps its candidates; thousands of them fit


def load_plan(name: str) -> Plan:
    """Return the plan in the file called ``name``, or that of the service in it; ``-`` is standard input.

    Raises:
        SpecError: It is a service file, and wrong.
        UsageError: It is neither, or cannot be read.
    """
    shown = "standard input" if name == "-" else click.format_filename(name)
    text = _read(name, shown)
    if not _is_plan(text):
        parse(text, shown)
        remedy = "give a plan as JSON"
        raise UsageError(Problem("is a service file, and planning is not part of this version", shown, remedy))
    try:
        return Plan.model_validate_json(text)
    except ValidationError as error:
        raise UsageError(*(_problem(each["loc"], each["msg"], shown) for each in error.errors())) from error


def _read(name: str, shown: str) -> bytes:
    try:
        if name == "-":
            text = sys.stdin.buffer.read(_MAX_BYTES + 1)
        else:
            with Path(name).open("rb") as file:
                text = file.read(_MAX_BYTES + 1)
    except FileNotFoundError as error:
        remedy = "check the name; `beaufort init` writes a service file"
        raise UsageError(Problem("there is no such file", shown, remedy)) from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UsageError(Problem(f"cannot be read: {reason}", shown, "name a readable file")) from error
    if len(text) > _MAX_BYTES:
        raise UsageError(Problem(f"is larger than {_MAX_BYTES >> 20} MiB", shown, "name a plan or a service file"))
    return text


def _is_plan(text: bytes) -> bool:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and value.get("kind") == "Plan"


def _problem(location: tuple[int | str, ...], message: str, shown: str) -> Problem:
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).lstrip(".")
    remedy = "make the plan again with this version: beaufort plan SERVICE -o json"
    return Problem(message, f"{shown}: {path}" if path else shown, remedy)
