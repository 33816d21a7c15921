"""``beaufort diff``: what a deployment would change, as the cluster itself says."""

from __future__ import annotations

import asyncio
import difflib
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import click
import yaml

from beaufort.cli.cluster import Where, cluster_options
from beaufort.cli.engine_choice import engine_options, plan_with
from beaufort.cli.manifests import Choice, make, tell_notes
from beaufort.cli.output import output_option, print_json
from beaufort.cli.plan_file import Engine
from beaufort.errors import BeaufortError
from beaufort.kube.apply import Change, meaning
from beaufort.kube.reference import Object
from beaufort.kube.release import Release
from beaufort.plan.plan import Plan
from beaufort.render import LAYERS
from beaufort.render.manifest import yaml_text

_NAMES = [name for _, name, _ in LAYERS]
_STYLES = {"+": "green", "-": "red", "@": "cyan"}
_EXAMPLES = """\b
Examples:
  beaufort diff service.yaml
  beaufort diff service.yaml --context prod || beaufort deploy service.yaml --context prod

Exit codes: 0 nothing differs, 1 something does, 2 or more: it could not be found out.
"""
_FAILED = 3


class DiffError(BeaufortError):
    """What differs could not be found out; 1, the code of other failures, says here that something does."""

    exit_code = _FAILED


@click.command(epilog=_EXAMPLES)
@click.argument("file", default="service.yaml")
@cluster_options
@click.option("--region", metavar="NAME", help="The region of the plan that this cluster is.")
@click.option("--only", type=click.Choice(_NAMES), multiple=True, help="One layer. Repeatable.")
@click.option("--without", type=click.Choice(_NAMES), multiple=True, help="A layer that is not wanted. Repeatable.")
@engine_options
@click.option("--force-conflicts", is_flag=True, help="As if fields of others were taken over.")
@output_option("text", "json")
def diff(  # noqa: PLR0913 - one argument for each option
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
    force_conflicts: bool,
    output: str,
) -> None:
    """Show what `beaufort deploy FILE` would change: a unified diff for each object.

    The cluster itself is asked, by dry runs: with its defaults, and with what others keep. Nothing is changed.
    """
    where = Where(kubeconfig, context, namespace)
    try:
        plan = plan_with(file, engine, emulated=emulated, adjust=where.of)
        changes = asyncio.run(_changes(where, plan, Choice(region, only, without), force=force_conflicts))
    except BeaufortError as error:
        if error.exit_code != 1:
            raise
        raise DiffError(*error.problems) from error
    differing = [each for each in changes if each.verb != "unchanged"]
    if output == "json":
        print_json([_document(each) for each in differing])
    else:
        for each in differing:
            _print(each)
    if differing:
        sys.exit(1)


async def _changes(where: Where, plan: Plan, choice: Choice, *, force: bool) -> tuple[Change, ...]:
    async with where.open() as connection:
        made = await make(connection, plan, choice)
        tell_notes(made)
        name, namespace = made.setting.name, made.setting.namespace
        release = Release(connection, name, namespace, force=force)
        return await release.check(made.things, prune=choice.whole)


def _print(change: Change) -> None:
    for line in lines(change):
        click.secho(line, fg=_STYLES.get(line[:1]))


def lines(change: Change) -> Iterator[str]:
    """Yield a change as a unified diff of the YAML before and after."""
    before, after = _text(change.before), _text(change.after)
    names = (f"{change.reference} in the cluster", f"{change.reference} to be {change.verb}")
    return difflib.unified_diff(before, after, *names, lineterm="")


def _text(thing: Object | None) -> list[str]:
    if thing is None:
        return []
    shown = meaning(thing)
    if thing.get("kind") == "Secret":  # the values are nobody's business; that they change is
        shown = {**shown, **{key: _hidden(shown[key]) for key in ("data", "stringData") if key in shown}}
    return yaml_text(yaml.safe_load(yaml.safe_dump(shown))).splitlines()


def _hidden(values: Object) -> Object:
    return {key: f"({len(str(value))} characters)" for key, value in values.items()}


def _document(change: Change) -> dict[str, object]:
    return {"verb": change.verb, **asdict(change.reference), "diff": list(lines(change))}
