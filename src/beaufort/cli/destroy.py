"""``beaufort destroy``: what a service has in a cluster, removed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from beaufort.cli.cluster import Where, cluster_options, confirm, say
from beaufort.cli.output import output_option, print_json
from beaufort.cli.rollout_view import show_change
from beaufort.errors import Problem, UnavailableError
from beaufort.kube.apply import Change
from beaufort.kube.connection import Connection
from beaufort.kube.departure import gone
from beaufort.kube.reference import Reference
from beaufort.kube.release import Release
from beaufort.spec.service import Metadata
from beaufort.units import parse_duration

_EXAMPLES = """\b
Examples:
  beaufort destroy service.yaml
  beaufort destroy mistral-7b --namespace chat --yes --volumes

Exit codes: 0 gone, 1 refused, or no such service, 2 unusable input, or nobody to ask, 3 no cluster, or pods stay.
"""


class LingeringError(UnavailableError):
    """Everything is deleted, and something takes its time to go."""


@click.command(epilog=_EXAMPLES)
@click.argument("service", default="service.yaml")
@cluster_options
@click.option("--volumes", is_flag=True, help="Delete the model's volume, too: it has to be downloaded again.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.option("--timeout", default="10m", show_default=True, help="How long to wait until all pods are gone.")
@click.option("--no-wait", is_flag=True, help="Do not wait until all pods are gone.")
@output_option("text", "json")
def destroy(  # noqa: PLR0913 - one argument for each option
    *,
    service: str,
    kubeconfig: Path | None,
    context: str | None,
    namespace: str | None,
    volumes: bool,
    yes: bool,
    timeout: str,
    no_wait: bool,
    output: str,
) -> None:
    """Remove SERVICE: a service file (default: service.yaml), or the name of a service.

    What was deployed is remembered in the cluster; that goes, and nothing else. Engines finish what they do. The
    model's volume stays unless --volumes is given, and the namespace always: others may use it.
    """
    where = Where(kubeconfig, context, namespace)
    seconds = 0.0 if no_wait else parse_duration(timeout)
    changes, left = asyncio.run(_destroy(where, service, volumes=volumes, yes=yes, seconds=seconds))
    if output == "json":
        print_json({"deleted": [asdict(each.reference) for each in changes], "kept": [asdict(each) for each in left]})
    else:
        click.echo(f"{len(changes)} deleted" + (f", {len(left)} kept" if left else ""))
    for each in left:
        say(f"note: {each} is kept: {_why(each)}")


async def _destroy(
    where: Where, argument: str, *, volumes: bool, yes: bool, seconds: float
) -> tuple[Sequence[Change], Sequence[Reference]]:
    async with where.open() as connection:
        named = where.named(argument, connection)
        release = Release(connection, named.name, named.namespace, on_change=_tell)
        if not yes:
            expected = await release.deletable(volumes=volumes)
            say(f"{named.name} in namespace {named.namespace} of {connection.server}:")
            for each in expected:
                say(f"  {each}")
            confirm(f"Delete these {len(expected)} objects?", must=True)
        before = await release.references()
        changes = await release.delete(volumes=volumes)
        if seconds:
            await _wait(connection, named, seconds)
        deleted = {each.reference for each in changes}
        kept = [each for each in before - deleted if each.kind in {"PersistentVolumeClaim", "Namespace"}]
        return changes, sorted(kept)


async def _wait(connection: Connection, named: Metadata, seconds: float) -> None:
    left = await gone(connection, named.name, named.namespace, seconds, say)
    if left:
        what = f"{len(left)} pods are still there: {', '.join(left[:5])}"
        remedy = f"see what they wait for: kubectl -n {named.namespace} describe pod {left[0]}"
        raise LingeringError(Problem(what, named.name, remedy))


def _tell(change: Change) -> None:
    say(show_change(change))


def _why(kept: Reference) -> str:
    if kept.kind == "Namespace":
        return f"others may use it; if not: kubectl delete namespace {kept.name}"
    return "it holds the model; --volumes deletes it"
