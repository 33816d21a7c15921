"""Which cluster a verb talks to, and which service there it means."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import click

from beaufort.cli.service_file import load
from beaufort.errors import Problem, UsageError
from beaufort.kube.connection import Connection
from beaufort.kube.kubeconfig import connect
from beaufort.spec import MistralService
from beaufort.spec.service import Metadata

Command = TypeVar("Command", bound=Callable[..., object])

_FILES = (".yaml", ".yml", ".json")


@dataclass(frozen=True, slots=True)
class Where:
    """The cluster that was asked for.

    Attributes:
        kubeconfig: A file, in place of ``KUBECONFIG``.
        context: One of its contexts, in place of the current one.
        namespace: In place of the service file's, or of the context's.
    """

    kubeconfig: Path | None
    context: str | None
    namespace: str | None

    def open(self, patience: float = 60.0) -> Connection:
        """Return a connection, that says on standard error when the server does not answer.

        Raises:
            KubeconfigError: There is no kubeconfig, or it cannot be used.
        """
        return connect(self.kubeconfig, self.context, patience=patience, tell=say)

    def of(self, service: MistralService) -> MistralService:
        """Return the service in the namespace that was asked for."""
        if self.namespace is None:
            return service
        metadata = service.metadata.model_copy(update={"namespace": self.namespace})
        return service.model_copy(update={"metadata": metadata})

    def named(self, argument: str, connection: Connection) -> Metadata:
        """Return the name and the namespace of a service that is meant by a service file or by its name.

        Raises:
            SpecError: It is a file, and wrong.
            UsageError: It is neither.
        """
        if argument == "-" or argument.endswith(_FILES) or Path(argument).is_file():
            return self.of(load(argument)).metadata
        return Metadata(name=_name(argument, "service", "SERVICE"), namespace=self.namespace or connection.namespace)


def _name(value: str, what: str, where: str) -> str:
    try:
        return Metadata(name=value).name
    except ValueError as error:
        remedy = "use at most 63 small letters, digits and inner hyphens"
        raise UsageError(Problem(f"{value!r} is no name of a {what}", where, remedy)) from error


def _label(_: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    return None if value is None else _name(value, str(parameter.name), f"--{parameter.name}")


def cluster_options(command: Command) -> Command:
    """Add ``--kubeconfig``, ``--context`` and ``--namespace`` to a verb, which it receives by these names."""
    for option in (
        click.option("-n", "--namespace", callback=_label, help="Namespace, instead of the file's or the context's."),
        click.option("--context", metavar="NAME", help="Context of the kubeconfig, instead of the current one."),
        click.option(
            "--kubeconfig",
            type=click.Path(path_type=Path),
            help="Kubeconfig, instead of $KUBECONFIG or ~/.kube/config.",
        ),
    ):
        command = option(command)
    return command


def say(line: str) -> None:
    """Tell the user something that is no result."""
    click.echo(line, err=True)


def confirm(question: str, *, must: bool) -> None:
    """Ask the user, if there is one.

    Args:
        question: What is asked.
        must: Nobody to ask means no.

    Raises:
        Abort: The answer is no.
        UsageError: Nobody can be asked.
    """
    if sys.stdin.isatty() and sys.stderr.isatty():
        click.confirm(question, abort=True, err=True)
    elif must:
        raise UsageError(Problem("there is nobody to ask", remedy="say --yes"))
