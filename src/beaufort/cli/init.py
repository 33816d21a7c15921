"""``beaufort init``: write a commented service file."""

from __future__ import annotations

import os
from importlib import resources
from pathlib import Path

import click

from beaufort.errors import Problem, UsageError


@click.command(epilog="Example: beaufort init && beaufort up -f service.yaml")
@click.argument("file", default="service.yaml")
@click.option("--force", is_flag=True, help="Replace FILE if it is there.")
def init(file: str, *, force: bool) -> None:
    """Write a commented service FILE (default: service.yaml; - writes to standard output).

    It serves the demo model on this machine as it stands; every other field is there in a comment.
    """
    text = resources.files("beaufort.cli").joinpath("service.yaml").read_text(encoding="utf-8")
    if file == "-":
        click.echo(text, nl=False)
        return
    shown = click.format_filename(file)
    if os.path.lexists(file) and not force:
        raise UsageError(Problem("is there already", shown, "name another file, or replace it with --force"))
    try:
        _write(Path(file), text)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UsageError(Problem(f"cannot be written: {reason}", shown, "name a file in a writable folder")) from error
    click.echo(f"wrote {shown}; next: beaufort validate {shown}, beaufort up -f {shown}")


def _write(path: Path, text: str) -> None:
    """Write the whole file or nothing: a reader never sees half of it."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("x", encoding="utf-8") as file:
            file.write(text)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
