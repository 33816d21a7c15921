"""``beaufort status``: how a deployed service is."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncGenerator
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from beaufort.cli.cluster import Where, cluster_options
from beaufort.cli.output import output_option, print_json
from beaufort.cli.report import document
from beaufort.cli.rollout_view import show_finding, table
from beaufort.kube.health import Health, PodHealth, healths
from beaufort.units import show_seconds

_EXAMPLES = """\b
Examples:
  beaufort status service.yaml
  beaufort status mistral-7b --namespace chat --watch
  beaufort status mistral-7b -n chat -o json | jq .findings

Exit codes: 0 every engine and gateway is as it should be, 1 not, 2 unusable input, 3 no cluster.
"""
_WIDE = 110  # columns where nobody says how many there are


@click.command(epilog=_EXAMPLES)
@click.argument("service", default="service.yaml")
@cluster_options
@click.option("-w", "--watch", is_flag=True, help="Show it again whenever it changes, until Ctrl-C.")
@output_option("text", "json")
def status(
    *, service: str, kubeconfig: Path | None, context: str | None, namespace: str | None, watch: bool, output: str
) -> None:
    """Show how SERVICE is: a service file (default: service.yaml), or the name of a service.

    Its workloads, pods and autoscalers, and what is in the way of them with what to do about it. With --watch and
    -o json, one object in a line for each change.
    """
    where = Where(kubeconfig, context, namespace)
    if not asyncio.run(_status(where, service, output, watch=watch)):
        sys.exit(1)


async def _status(where: Where, argument: str, output: str, *, watch: bool) -> bool:
    async with where.open() as connection:
        named = where.named(argument, connection)
        seen = healths(connection, named.name, named.namespace)
        if watch:
            return await _watch(seen, output)
        health = await anext(seen)
        if output == "json":
            print_json(_document(health))
        else:
            _console().print(_view(health))
        await seen.aclose()
        return health.well


async def _watch(seen: AsyncGenerator[Health], output: str) -> bool:
    console = _console()
    last: object = None
    health: Health | None = None
    with Live(console=console, auto_refresh=False) if _live(console, output) else nullcontext() as live:
        async for health in seen:
            if live is not None:
                live.update(_view(health), refresh=True)
            elif (now := _essence(health)) != last:
                last = now
                _write(console, health, output)
    return health is not None and health.well


def _live(console: Console, output: str) -> bool:
    return output == "text" and console.is_terminal and not console.is_dumb_terminal


def _write(console: Console, health: Health, output: str) -> None:
    if output == "json":
        click.echo(json.dumps(_document(health)))
    else:
        console.print(_view(health))


def _console() -> Console:
    return Console(highlight=False) if sys.stdout.isatty() else Console(highlight=False, width=_WIDE)


def _view(health: Health) -> RenderableType:
    parts: list[RenderableType] = [
        Text(f"{health.service} in namespace {health.namespace}: {'well' if health.well else 'not as it should be'}"),
        table(health.progress),
        Text(),
        _pods(health.pods),
    ]
    for each in health.autoscalers:
        line = f"{each.name}: {each.replicas} replicas, {each.min} to {each.max} allowed"
        parts.append(Text(f"{line}; its autoscaler has no figures: {each.problem}" if each.problem else line))
    parts += (Text(show_finding(each), "yellow" if each.passing else "red") for each in health.progress.findings)
    return Group(*parts)


def _pods(pods: tuple[PodHealth, ...]) -> Table:
    result = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("pod", "state", "ready"):
        result.add_column(name, no_wrap=True)
    for name in ("restarts", "age"):
        result.add_column(name, justify="right", no_wrap=True)
    result.add_column("node", no_wrap=True)
    for each in pods:
        ready = Text("yes", "green") if each.ready else Text("no", "yellow")
        result.add_row(
            each.name, each.phase, ready, str(each.restarts), show_seconds(each.age_seconds), each.node or "-"
        )
    return result


def _essence(health: Health) -> object:
    """Return what of a service is news: not that it has grown older."""
    return health.progress, [(each.name, each.phase, each.ready, each.restarts, each.node) for each in health.pods]


def _document(health: Health) -> dict[str, object]:
    return {
        "service": health.service,
        "namespace": health.namespace,
        "well": health.well,
        "components": [asdict(each) for each in health.progress.components],
        "pods": [asdict(each) for each in health.pods],
        "autoscalers": [asdict(each) for each in health.autoscalers],
        "findings": [document(each) for each in health.progress.findings],
    }
