"""``beaufort doctor``: whether this machine and a cluster can do what is wanted, and what to do if not."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

import click
import psutil
from rich.console import Console
from rich.table import Table
from rich.text import Text

from beaufort.catalog.features import OLDEST_MINOR
from beaufort.cli.cluster import Where, cluster_options
from beaufort.cli.manifests import Choice
from beaufort.cli.need import needs
from beaufort.cli.output import output_option, print_json
from beaufort.cli.plan import planned
from beaufort.cli.plan_file import load_plan
from beaufort.doctor.checks import Checked, examine_cluster, examine_machine, worst
from beaufort.doctor.facts import Machine, Need
from beaufort.doctor.result import Result, Verdict, failed
from beaufort.kube.errors import KubeconfigError, KubeError, UnreachableError
from beaufort.kube.examination import examine
from beaufort.kube.server import version
from beaufort.plan.plan import Plan
from beaufort.render import emulate
from beaufort.spec import parse

_STYLES = {Verdict.OK: "green", Verdict.UNKNOWN: "dim", Verdict.WARNING: "yellow", Verdict.FAILED: "bold red"}
_PATIENCE = 5.0  # seconds: who asks the doctor wants to be told, not to wait
# What deploying takes does not depend on much: this stands for any service.
_ANY = """\
apiVersion: beaufort.dev/v1alpha1
kind: MistralService
metadata: {name: any}
spec: {model: {source: "hf://mistralai/Mistral-7B-Instruct-v0.3"}, engine: vllm}
"""
_EXAMPLES = """\b
Examples:
  beaufort doctor
  beaufort doctor service.yaml --context prod
  beaufort doctor service.yaml -o json | jq '.checks[] | select(.verdict == "failed")'

Exit codes: 0 nothing has failed, 1 something has, 2 unusable input.
"""


@click.command(epilog=_EXAMPLES)
@click.argument("file", required=False)
@cluster_options
@click.option("--region", metavar="NAME", help="The region of the plan that this cluster is.")
@click.option("--emulate", "emulated", is_flag=True, help="For a rehearsal: engines that need no accelerator.")
@click.option("--machine", "only_machine", is_flag=True, help="Check this machine only.")
@click.option("--strict", is_flag=True, help="Let warnings be failures.")
@output_option("text", "json")
def doctor(  # noqa: PLR0913 - one argument for each option
    *,
    file: str | None,
    kubeconfig: Path | None,
    context: str | None,
    namespace: str | None,
    region: str | None,
    emulated: bool,
    only_machine: bool,
    strict: bool,
    output: str,
) -> None:
    """Check this machine and a cluster: each check with a verdict, what was seen, and what to do.

    With FILE, a service file or a plan, the cluster is checked for what that service needs: its accelerators, kinds,
    storage, metrics and rights. Nothing is changed. What there is no right to look at is `unknown`.
    """
    where = Where(kubeconfig, context, namespace)
    plan = None if file is None else load_plan(file, where.of)
    if plan is not None and emulated:
        plan = emulate(plan)
    checked = {"machine": tuple(examine_machine(_machine()))}
    if not only_machine:
        checked["cluster"] = asyncio.run(_cluster(where, plan, region))
    if output == "json":
        print_json(_document(checked))
    else:
        _print(checked)
    grave = {Verdict.FAILED, *({Verdict.WARNING} if strict else ())}
    if worst(tuple(each for part in checked.values() for each in part)) in grave:
        sys.exit(1)


async def _cluster(where: Where, plan: Plan | None, region: str | None) -> tuple[Checked, ...]:
    wanted = plan or planned(where.of(parse(_ANY)))
    namespace = where.namespace or (plan.service.metadata.namespace if plan else None)
    try:
        async with where.open(patience=_PATIENCE) as connection:
            minor = max((await version(connection)).minor, OLDEST_MINOR)
            need, rights = needs(wanted, Choice(region), minor)
            facts = await examine(connection, namespace or connection.namespace, rights)
            return tuple(examine_cluster(facts, need if plan else Need()))
    except KubeconfigError:
        if where.kubeconfig or where.context or os.environ.get("KUBECONFIG"):
            raise
        return (Checked("reach", Result(Verdict.UNKNOWN, "no cluster: there is no kubeconfig", "set KUBECONFIG")),)
    except (KubeError, UnreachableError) as error:
        problem = error.problems[0]
        remedy = problem.remedy or "see whether the cluster is up, and whether it knows these credentials"
        return (Checked("reach", failed(f"{problem.where}: {problem.what}", remedy)),)


def _machine() -> Machine:
    models = Path(os.environ.get("HF_HOME", "~/.cache")).expanduser()
    place = next(each for each in (models, *models.parents) if each.exists())
    return Machine(
        python=sys.version_info[:3],
        cores=len(os.sched_getaffinity(0)),
        memory_bytes=psutil.virtual_memory().available,
        disk_bytes=shutil.disk_usage(place).free,
        local_engine=find_spec("openvino_genai") is not None,
    )


def _print(checked: dict[str, tuple[Checked, ...]]) -> None:
    console = Console(highlight=False, soft_wrap=not sys.stdout.isatty())
    for part, results in checked.items():
        table = Table(
            title=f"this {part}" if part == "machine" else part, box=None, show_header=False, title_justify="left"
        )
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True)
        table.add_column()
        for each in results:
            table.add_row(each.name, Text(each.result.verdict, _STYLES[each.result.verdict]), _told(each.result))
        console.print(table)
    console.print(_summary(each for results in checked.values() for each in results))


def _told(result: Result) -> Text:
    text = Text(result.evidence)
    return text.append(f"\ntry: {result.remedy}", "dim") if result.remedy else text


def _summary(checked: Iterable[Checked]) -> str:
    verdicts = [each.result.verdict for each in checked]
    return ", ".join(f"{verdicts.count(each)} {each}" for each in Verdict if each in verdicts)


def _document(checked: dict[str, tuple[Checked, ...]]) -> dict[str, object]:
    return {
        "verdict": worst(tuple(each for part in checked.values() for each in part)),
        "checks": [
            {
                "part": part,
                "check": each.name,
                "verdict": each.result.verdict,
                "evidence": each.result.evidence,
                "remedy": each.result.remedy,
            }
            for part, results in checked.items()
            for each in results
        ],
    }
