"""The command line: one file per verb, wiring only.

``main`` is the only place where an error becomes an exit code:

| Code | Meaning |
|---|---|
| 0 | done |
| 1 | it was tried and failed |
| 2 | the input cannot be used: an option, a file, a name |
| 3 | something outside is missing or busy: a port, memory, a model |
| 70 | a fault of Beaufort's own |
| 130 | interrupted |
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import click

from beaufort.cli.root import beaufort
from beaufort.errors import BeaufortError

INTERNAL_ERROR = 70
INTERRUPTED = 130


def main() -> None:
    """Run the command line and exit with the code that the table above documents."""
    try:
        sys.exit(beaufort.main(prog_name="beaufort", standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(INTERRUPTED)
    except BeaufortError as error:
        for line in shown(error):
            click.echo(line, err=True)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # The reader of our output left (`beaufort ... | head`): there is nobody to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        if os.environ.get("BEAUFORT_DEBUG"):
            raise
        click.echo(f"internal error: {type(error).__name__}: {error}", err=True)
        click.echo("  try: set BEAUFORT_DEBUG=1 for the traceback, and report it", err=True)
        sys.exit(INTERNAL_ERROR)


def shown(error: BeaufortError) -> Iterator[str]:
    """Yield the lines in which an error is told."""
    for problem in error.problems:
        place = f"{problem.where}: " if problem.where else ""
        yield f"error: {place}{problem.what}"
        if problem.remedy:
            yield f"  try: {problem.remedy}"
