"""``beaufort deploy``: from a service file to a model that answers, in a cluster."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import click

from beaufort.cli.cluster import Where, cluster_options, confirm, say
from beaufort.cli.deployment import Deployment, Wish
from beaufort.cli.engine_choice import engine_options, plan_with
from beaufort.cli.manifests import Choice, Made, make, tell_notes
from beaufort.cli.output import output_option
from beaufort.cli.plan_file import Engine
from beaufort.cli.rights import print_rights
from beaufort.cli.rollout_view import view
from beaufort.errors import Problem, UsageError
from beaufort.plan.plan import Plan
from beaufort.render import LAYERS
from beaufort.units import parse_duration

_NAMES = [name for _, name, _ in LAYERS]
_EXAMPLES = """\b
Examples:
  beaufort deploy service.yaml
  beaufort deploy service.yaml --context prod --namespace chat --yes
  beaufort deploy service.yaml --emulate
  beaufort deploy service.yaml --print-rbac | kubectl apply -f -
  beaufort plan service.yaml -o json | beaufort deploy - -o json

Exit codes: 0 the model answers, 1 refused, or it does not answer, 2 unusable input, 3 no cluster.
"""


def _seconds(_: click.Context, __: click.Parameter, value: str | None) -> float | None:
    return None if value is None else parse_duration(value)


@click.command(epilog=_EXAMPLES)
@click.argument("file", default="service.yaml")
@cluster_options
@click.option("--region", metavar="NAME", help="The region of the plan that this cluster is.")
@click.option("--only", type=click.Choice(_NAMES), multiple=True, help="One layer; removes nothing. Repeatable.")
@click.option("--without", type=click.Choice(_NAMES), multiple=True, help="Leave out, or remove, a layer. Repeatable.")
@engine_options
@click.option(
    "--timeout",
    callback=_seconds,
    help="How long to wait, such as 20m.  [default: three planned first starts, and 10m]",
)
@click.option("--no-wait", is_flag=True, help="Apply, and leave the rest to the cluster.")
@click.option("--no-ask", is_flag=True, help="Wait until all is ready, and ask the model nothing.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask before changing anything.")
@click.option("--force-conflicts", is_flag=True, help="Take over objects and fields that somebody else keeps.")
@click.option("--print-rbac", is_flag=True, help="Print the rights that this needs, as manifests, and do nothing.")
@output_option("text", "json")
def deploy(  # noqa: PLR0913 - one argument for each option
    *,
    file: str,
    kubeconfig: Path | None,
    context: str | None,
    namespace: str | None,
    region: str | None,
    only: tuple[str, ...],
    without: tuple[str, ...],
    engine: Engine | None,
    emulated: bool,
    timeout: float | None,
    no_wait: bool,
    no_ask: bool,
    yes: bool,
    force_conflicts: bool,
    print_rbac: bool,
    output: str,
) -> None:
    """Deploy FILE: a service file (default: service.yaml), or a plan as JSON; - reads standard input.

    It is planned, rendered for the cluster's version, checked by the cluster, applied, and waited for until the model
    answers. What the service had before and does not need any more is removed then, and nothing else. A second run
    goes on where the first was cut off; without an edit it changes nothing.

    On a terminal it shows what it is about to change, and asks.
    """
    where = Where(kubeconfig, context, namespace)
    choice = Choice(region, only, without)
    if set(only) & set(without):
        raise UsageError(Problem("a layer is asked for and left out", "--only, --without", "decide for one"))

    plan = plan_with(file, engine, emulated=emulated, adjust=where.of)
    if print_rbac:
        print_rights(plan, choice)
        return
    wish = Wish(
        wait=not no_wait,
        ask=not no_ask,
        seconds=timeout if timeout is not None else _patience(plan),
        yes=yes,
        force=force_conflicts,
    )
    asyncio.run(_run(where, plan, choice, wish, output))


async def _run(where: Where, plan: Plan, choice: Choice, wish: Wish, output: str) -> None:
    shown = view()
    started = time.monotonic()
    async with where.open() as connection:
        made = await make(connection, plan, choice)
        tell_notes(made)
        deployment = Deployment(connection, made, choice, wish, shown)
        try:
            changes = await deployment.preview()
            if changes and not wish.yes:
                _ask(made, connection.server, changes)
            report = await deployment.run()
        except asyncio.CancelledError:
            say("interrupted: what was applied stays, and is remembered; deploy again to go on")
            raise
        finally:
            shown.close()
    report.show(output, time.monotonic() - started)


def _patience(plan: Plan) -> float:
    return 3 * plan.lifecycle.first_startup_seconds + 600


def _ask(made: Made, server: str, changes: str) -> None:
    name, namespace = made.setting.name, made.setting.namespace
    say(f"{name} in namespace {namespace} of {server} (Kubernetes {made.version.text}): {changes}")
    confirm("Go on?", must=False)
