"""``beaufort render``: a plan as Kubernetes manifests."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

import click
from pydantic import ValidationError

from beaufort.cli.engine_choice import engine_options, plan_with
from beaufort.cli.output import print_json
from beaufort.cli.plan_file import Engine
from beaufort.cli.tree import write_tree
from beaufort.errors import Problem, UsageError
from beaufort.plan.plan import Plan
from beaufort.render import LAYERS, ManifestSet, explain
from beaufort.render import render as render_plan
from beaufort.render.explanation import Traced
from beaufort.spec.cluster import Cluster

_NAMES = [name for _, name, _ in LAYERS]
_EXAMPLES = """\b
Examples:
  beaufort render service.yaml | kubectl apply --server-side -f -
  beaufort plan service.yaml -o json | beaufort render - -d deploy && kubectl apply -k deploy
  beaufort render service.yaml --only engine --kubernetes 1.34
  beaufort render service.yaml --explain
  beaufort render service.yaml --emulate | kubectl apply --server-side -f -
"""


@click.command(epilog=_EXAMPLES)
@click.argument("file", default="service.yaml")
@click.option("-d", "--directory", type=click.Path(path_type=Path), help="Write a Kustomize tree into this folder.")
@click.option(
    "-o", "--output", type=click.Choice(["yaml", "json"]), default="yaml", show_default=True, help="Form of the stream."
)
@click.option("--only", type=click.Choice(_NAMES), multiple=True, help="One layer. Repeatable.")
@click.option("--region", "regions", metavar="NAME", multiple=True, help="One region. Repeatable.")
@click.option("--kubernetes", metavar="VERSION", help="Version of the cluster, instead of the file's.")
@engine_options
@click.option("--explain", "explained", is_flag=True, help="Say which numbers come from where in the plan, and why.")
def render(  # noqa: PLR0913 - one argument for each option
    *,
    file: str,
    directory: Path | None,
    output: str,
    only: tuple[str, ...],
    regions: tuple[str, ...],
    kubernetes: str | None,
    engine: Engine | None,
    emulated: bool,
    explained: bool,
) -> None:
    """Write the manifests of FILE: a service file (default: service.yaml), or a plan as JSON; - reads standard input.

    They go to standard output as one stream, ready for `kubectl apply`, or with -d into a Kustomize tree; what to know
    about them goes to standard error. What the cluster's version does not serve is left out, and a note says so.
    """
    plan = plan_with(file, engine, emulated=emulated)
    _check_regions(plan, regions)
    manifests = render_plan(plan, minor=_minor(kubernetes), only=only, regions=regions)
    if explained:
        _explain(explain(manifests, plan), output)
        return
    if directory is not None:
        changed, removed = write_tree(directory, manifests.tree())
        click.echo(f"{click.format_filename(directory)}: {changed} files written, {removed} removed", err=True)
    else:
        _stream(manifests, output)
    for note in manifests.notes:
        click.echo(f"note: {note}", err=True)


def _check_regions(plan: Plan, wanted: Sequence[str]) -> None:
    known = [region.name for region in plan.regions]
    unknown = [name for name in wanted if name not in known]
    if unknown:
        remedy = f"use one of {', '.join(known)}" if any(known) else "the plan has one region, without a name"
        raise UsageError(*(Problem(f"the plan has no region {name!r}", "--region", remedy) for name in unknown))


def _minor(version: str | None) -> int | None:
    if version is None:
        return None
    try:
        return Cluster(version=version).minor
    except ValidationError as error:
        remedy = "write for example 1.30"
        raise UsageError(*(Problem(each["msg"], "--kubernetes", remedy) for each in error.errors())) from error


def _stream(manifests: ManifestSet, output: str) -> None:
    if len(manifests.regions) > 1:
        names = ", ".join(each.region for each in manifests.regions)
        remedy = f"name one with --region ({names}), or write a tree with -d"
        raise UsageError(Problem("the plan has several regions, and one stream is for one cluster", remedy=remedy))
    for region in manifests.regions:
        if output == "json":
            print_json({"apiVersion": "v1", "kind": "List", "items": region.objects})
        else:
            click.echo(region.stream(), nl=False)


def _explain(rows: Sequence[Traced], output: str) -> None:
    if output == "json":
        print_json(rows)
        return
    for (region, name), numbers in groupby(rows, key=lambda row: (row.region, row.object)):
        click.echo(f"{region}/{name}" if region else name)
        for row in numbers:
            value = row.value if isinstance(row.value, str) else json.dumps(row.value)
            click.echo(f"  {row.number:<24} {value:<20} {row.path}")
            if row.why:
                click.echo(f"  {'':<24} {row.why}")
