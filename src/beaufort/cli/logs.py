"""``beaufort logs``: what engines and gateways say."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import click

from beaufort.cli.cluster import Where, cluster_options, say
from beaufort.errors import BeaufortError, Problem
from beaufort.kube.chorus import Chorus, Voice

_PARTS = ("engine", "gateway", "model-loader", "all")
_EXAMPLES = """\b
Examples:
  beaufort logs service.yaml
  beaufort logs mistral-7b gateway --namespace chat --follow
  beaufort logs mistral-7b engine -n chat --previous

Exit codes: 0 something was read, 1 there is nothing to read, 2 unusable input, 3 no cluster.
"""


class SilentError(BeaufortError):
    """There is nothing to read."""


@click.command(epilog=_EXAMPLES)
@click.argument("service", default="service.yaml")
@click.argument("part", type=click.Choice(_PARTS), default="engine")
@cluster_options
@click.option("-f", "--follow", is_flag=True, help="Go on with what comes, also of pods that come later, until Ctrl-C.")
@click.option("-p", "--previous", is_flag=True, help="Of the run before this one: why it ended.")
@click.option("--tail", type=click.IntRange(0), default=100, show_default=True, help="Lines of each container.")
def logs(  # noqa: PLR0913 - one argument for each option
    *,
    service: str,
    part: str,
    kubeconfig: Path | None,
    context: str | None,
    namespace: str | None,
    follow: bool,
    previous: bool,
    tail: int,
) -> None:
    """Show what SERVICE says: a service file (default: service.yaml), or the name of a service.

    PART is engine (default), gateway, model-loader or all. Of several containers, each line begins with the pod's name.
    """
    where = Where(kubeconfig, context, namespace)
    asyncio.run(_logs(where, service, part, follow=follow, previous=previous, tail=tail))


async def _logs(where: Where, argument: str, part: str, *, follow: bool, previous: bool, tail: int) -> None:
    async with where.open() as connection:
        named = where.named(argument, connection)
        chorus = Chorus(connection, named.name, named.namespace, "" if part == "all" else part, tail)
        if follow:
            await chorus.follow(_printer(several=True), say)
            return
        voices = await chorus.voices()
        if not voices:
            what, remedy = f"no pod of its {part} is there", f"beaufort status {named.name} -n {named.namespace}"
            raise SilentError(Problem(what, named.name, remedy))
        heard = await chorus.read(voices, _printer(several=len(voices) > 1), say, previous=previous)
        if not heard:
            what = "no container has run before" if previous else "no container has said anything yet"
            raise SilentError(Problem(what, named.name, f"beaufort status {named.name} -n {named.namespace}"))


def _printer(*, several: bool) -> Callable[[Voice, str], None]:
    def show(voice: Voice, line: str) -> None:
        click.echo(f"{voice}: {line}" if several else line)

    return show
