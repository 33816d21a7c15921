"""``beaufort plan``: how many accelerators, which quantisation, cut how, at what cost."""

from __future__ import annotations

import click

from beaufort.cli import plan_table
from beaufort.cli.model_source import held_by
from beaufort.cli.output import output_option, print_json
from beaufort.cli.service_file import load
from beaufort.cli.trace_file import demand_of
from beaufort.plan.plan import Plan
from beaufort.plan.planner import plan as make_plan
from beaufort.spec import MistralService

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

    Of every allowed quantisation, accelerator and shape, the cheapest that keeps every objective is chosen, and what
    it runs, holds and costs is told, with what else was considered. When nothing serves, what is in the way is told for
    each accelerator, with changes of the file that were tried; the exit code is then 1.
    """
    made = planned(load(file))
    if output == "json":
        print_json(made)
        return
    plan_table.show(made)
    if explain:
        plan_table.explain(made)


def planned(service: MistralService) -> Plan:
    """Return the plan of a service.

    Raises:
        PlanError: Nothing keeps every objective within the bounds of the file; with what would.
        TraceError: Rows of the trace that it names are wrong.
        UsageError: Something that it names is not known, or cannot be read.
    """
    return make_plan(service, held_by(service), demand_of(service))
