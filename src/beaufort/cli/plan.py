"""``beaufort plan``: how many accelerators, which quantisation, cut how, at what cost."""

from __future__ import annotations

import click
from rich.console import Console

from beaufort.catalog.models import MODELS, Architecture
from beaufort.catalog.repositories import known_repository
from beaufort.cli.output import output_option, print_json
from beaufort.cli.plan_table import print_plan, print_reasons
from beaufort.cli.service_file import load
from beaufort.errors import Problem, UsageError
from beaufort.plan.plan import Plan
from beaufort.plan.planner import plan as make_plan
from beaufort.spec import MistralService
from beaufort.spec.source import DemoSource
from beaufort.spec.traffic import Recorded
from beaufort.traffic.demand import Demand, synthetic

_EXAMPLES = """\b
Examples:
  beaufort plan service.yaml
  beaufort plan service.yaml --explain
  beaufort plan service.yaml -o json | beaufort render -
"""


@click.command(epilog=_EXAMPLES)
@click.argument("file", default="service.yaml")
@click.option("--explain", is_flag=True, help="Say of every number why it is what it is.")
@output_option("table", "json")
def plan(file: str, output: str, *, explain: bool) -> None:
    """Plan the service FILE (default: service.yaml; - reads standard input).

    Every quantisation, accelerator and shape that the file allows is tried; the cheapest that keeps the objectives
    is chosen. Exit code 1: nothing keeps them.
    """
    made = planned(load(file))
    if output == "json":
        print_json(made)
        return
    console = Console()
    print_plan(console, made)
    if explain:
        print_reasons(console, made)


def planned(service: MistralService) -> Plan:
    """Return the plan of a service.

    Raises:
        UsageError: Something that it names is not known.
        PlanError: Nothing keeps every objective within the bounds of the file.
    """
    return make_plan(service, _architecture(service), _demand(service))


def _architecture(service: MistralService) -> Architecture:
    if isinstance(service.spec.model.origin, DemoSource):
        return MODELS["smollm2-135m"]
    known = known_repository(service.spec.model.source)
    if known is not None:
        return known.architecture
    where, remedy = "spec.model.source", "name the repository of a model that the catalog knows"
    raise UsageError(Problem("the catalog does not know this model", where, remedy))


def _demand(service: MistralService) -> Demand:
    if isinstance(service.spec.traffic, Recorded):
        where, remedy = "spec.traffic.trace", "describe the traffic by rate, promptTokens and outputTokens"
        raise UsageError(Problem("traces are not planned from yet", where, remedy))
    return synthetic(service.spec.traffic)
