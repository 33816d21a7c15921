"""``beaufort plan``: how many accelerators, which quantisation, cut how, at what cost."""

from __future__ import annotations

import click

from beaufort.catalog.models import MODELS, Architecture
from beaufort.cli.output import output_option, print_json
from beaufort.cli.service_file import load
from beaufort.errors import Problem, UsageError
from beaufort.plan.planner import plan as make_plan
from beaufort.spec import MistralService
from beaufort.spec.source import DemoSource, HubSource
from beaufort.spec.traffic import Recorded
from beaufort.traffic.demand import Demand, synthetic


@click.command(epilog="Example: beaufort plan service.yaml -o json | beaufort render -")
@click.argument("file", default="service.yaml")
@output_option("table", "json")
def plan(file: str, output: str) -> None:
    """Plan the service FILE (default: service.yaml; - reads standard input)."""
    service = load(file)
    made = make_plan(service, _architecture(service), _demand(service))
    if output == "json":
        print_json(made)
    else:
        click.echo(f"{made.shape} {made.regions} {made.cost}")


def _architecture(service: MistralService) -> Architecture:
    match service.spec.model.origin:
        case DemoSource():
            return MODELS["smollm2-135m"]
        case HubSource(repo=repo):
            for known in MODELS.values():
                if known.repo == repo:
                    return known
    where, remedy = "spec.model.source", "name the repository of a model that the catalog knows"
    raise UsageError(Problem("the catalog does not know this model", where, remedy))


def _demand(service: MistralService) -> Demand:
    if isinstance(service.spec.traffic, Recorded):
        raise UsageError(Problem("traces are not read yet", "spec.traffic.trace", "describe the traffic by figures"))
    return synthetic(service.spec.traffic)
