"""The page about the verbs that talk to a cluster, made from the verbs."""

from __future__ import annotations

from collections.abc import Iterator

import click

from beaufort.cli.root import beaufort

VERBS = ("deploy", "diff", "status", "logs", "destroy", "doctor")
_HEAD = """\
# The verbs for a cluster

Written by `scripts/verbs_reference.py` from the verbs. In use: [deploy a service](../how-to/deploy-a-service.md),
[check a cluster](../how-to/check-a-cluster.md).

Progress and notes go to standard error, results to standard output. `-o json` gives one document at the end; with
`status --watch` one in a line for each change.
"""
_DOCUMENTS = """\
## Documents (`-o json`)

| Verb | Fields |
|---|---|
| `deploy` | `service`, `namespace`, `cluster` (`server`, `version`), `result`, `answer`, `seconds`, `changes`, \
`components`, `findings`, `logs`, `left`, `notes`, `events` |
| `diff` | a list: `verb`, `api_version`, `kind`, `namespace`, `name`, `diff` (lines) |
| `status` | `service`, `namespace`, `well`, `components`, `pods`, `autoscalers`, `findings` |
| `destroy` | `deleted`, `kept` |
| `doctor` | `verdict`, `checks` (`part`, `check`, `verdict`, `evidence`, `remedy`) |

`result` is `answers`, `ready` (nobody asked, or the gateway asks for a key), `asleep` (no engine is wanted),
`unreached` (the API server does not reach the gateway), `stuck`, `late`, or `applied` (nobody waited). A change has a
`verb` (`created`, `configured`, `replaced`, `unchanged`, `deleted`) and the object. A component is a workload: how
many are `wanted`, `ready`, and of an `old` form. A finding has a `cause`, `where`, `what`, a `remedy`, and whether it
is `passing`. An event has `seconds` since the beginning, `event` (a verb, `ready`, or a cause), `where` and
`details`. `left` is what is not wanted any more and stays, because the new does not answer yet.
"""


def reference() -> str:
    """Return the page."""
    context = click.Context(beaufort)
    commands = ((name, beaufort.get_command(context, name)) for name in VERBS)
    parts = [_verb(name, command) for name, command in commands if command is not None]
    return "\n".join([_HEAD, *parts, _DOCUMENTS])


def _verb(name: str, command: click.Command) -> str:
    arguments = [each for each in command.params if isinstance(each, click.Argument)]
    options = [each for each in command.params if isinstance(each, click.Option)]
    usage = " ".join([f"beaufort {name}", *(_argument(each) for each in arguments), "[OPTIONS]"])
    rows = "\n".join(f"| {_names(each)} | {_text(each.help or '')} | {_default(each)} |" for each in options)
    codes = "\n".join(_codes(command))
    return f"## `{usage}`\n\n{_help(command)}\n\n| Option | Meaning | Default |\n|---|---|---|\n{rows}\n" + (
        f"\n{codes}\n" if codes else ""
    )


def _argument(argument: click.Argument) -> str:
    name = str(argument.name).upper()
    if isinstance(argument.type, click.Choice):
        name = "|".join(map(str, argument.type.choices))
    return f"[{name}]"


def _names(option: click.Option) -> str:
    value = "" if option.is_flag else f" {_value(option)}"
    return ", ".join(f"`{each}{value}`" for each in option.opts)


def _value(option: click.Option) -> str:
    if isinstance(option.type, click.Choice):
        return str(option.metavar or str(option.name).upper())
    return str(option.metavar or option.type.name.upper())


def _text(text: str) -> str:
    return text.partition("[default")[0].strip().replace("|", "\\|")


def _default(option: click.Option) -> str:
    _, marked, said = (option.help or "").partition("[default: ")
    if marked:
        return said.rstrip("]")
    return f"`{option.default}`" if option.show_default and option.default is not None else ""


def _help(command: click.Command) -> str:
    paragraphs = (command.help or "").split("\n\n")
    return "\n\n".join(" ".join(each.split()) for each in paragraphs)


def _codes(command: click.Command) -> Iterator[str]:
    for line in (command.epilog or "").splitlines():
        if line.startswith("Exit codes:"):
            yield line
