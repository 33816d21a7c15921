"""A plan as people read it."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from beaufort.plan.outcome import Candidate
from beaufort.plan.plan import Plan
from beaufort.units import show_bytes, show_seconds

_MOST = 12  # candidates that a screen has room for


def print_plan(console: Console, plan: Plan) -> None:
    """Print what is planned, what it gives and costs, and what else was considered."""
    model, shape, engine = plan.model, plan.shape, plan.engine
    cut = f"tensor {shape.tensor_parallel} x pipeline {shape.pipeline_parallel}"
    console.print(
        f"[bold]{model.name}[/] in {model.quantisation} on {shape.accelerator}, {cut}, {shape.nodes} node a replica"
    )
    memory = plan.memory
    console.print(
        f"memory of one accelerator: {show_bytes(memory.weights)} weights, {show_bytes(memory.working)} working, "
        f"{show_bytes(memory.kv_cache)} KV ({engine.kv_tokens} tokens), {show_bytes(memory.unused)} unused"
    )
    console.print(_pools(plan))
    console.print(_outcome(plan))
    cost = plan.cost
    tokens = "" if cost.per_million_tokens is None else f", {cost.per_million_tokens:.3g} a million tokens"
    console.print(
        f"cost in {cost.currency}: [bold]{cost.per_hour:.4g} an hour[/], {cost.per_hour_at_peak:.4g} at the peak, "
        f"{cost.per_month:,.0f} a month{tokens}"
    )
    shown = plan.candidates[:_MOST]
    console.print(_candidates(shown))
    for each in shown:
        way = f"{each.quantisation} {each.accelerator} {each.tensor_parallel} x {each.pipeline_parallel}"
        console.print(f"  {each.verdict} {way}: {each.reason}", soft_wrap=True, highlight=False)
    console.print(f"step times: {plan.expectation.source}", soft_wrap=True, highlight=False)
    console.print(f"known error: {plan.expectation.known_error}", soft_wrap=True, highlight=False)
    for note in plan.notes:
        console.print(f"note: {note}", soft_wrap=True, highlight=False)


def print_reasons(console: Console, plan: Plan) -> None:
    """Print every number's reason."""
    table = Table("number", "why", box=None, title="Why", title_justify="left")
    for reason in plan.reasons:
        table.add_row(reason.path, reason.why)
    console.print(table)


def _pools(plan: Plan) -> Table:
    table = Table(box=None, title="Replicas", title_justify="left")
    for name in ("region", "peak req/s", "needed", "spare", "scales", "pool", "replicas", "nodes", "price/h"):
        table.add_column(name, justify="left" if name in {"region", "pool"} else "right")
    for region in plan.regions:
        count = region.replicas
        head = (region.name or "-", f"{region.peak_rate:.4g}", str(count.needed), str(count.spare))
        scales = f"{count.min}-{count.max}"
        for number, pool in enumerate(region.pools):
            first = (*head, scales) if number == 0 else ("",) * 5
            table.add_row(*first, pool.name, str(pool.replicas), str(pool.nodes), f"{pool.price_per_hour:g}")
    return table


def _outcome(plan: Plan) -> Table:
    wanted, found = plan.service.spec.objectives, plan.expectation
    table = Table("expected at the peak", "planned", "objective", box=None, title_justify="left")
    ttft, tpot = wanted.ttft, wanted.tpot
    table.add_row(f"TTFT p{ttft.percentile:g}", show_seconds(found.ttft_seconds), show_seconds(ttft.within))
    table.add_row(f"TPOT p{tpot.percentile:g}", show_seconds(found.tpot_seconds), show_seconds(tpot.within))
    table.add_row("load of a replica", f"{found.utilisation:.0%}", f"{found.running_per_replica:.1f} running")
    return table


def _candidates(candidates: tuple[Candidate, ...]) -> Table:
    table = Table(box=None, title="Considered", title_justify="left")
    for name in ("", "form", "on", "TP x PP", "replicas", "cost/h", "TTFT", "TPOT", "loss"):
        table.add_column(name, justify="left" if name in {"", "form", "on"} else "right")
    for each in candidates:
        table.add_row(
            each.verdict,
            each.quantisation,
            each.accelerator,
            f"{each.tensor_parallel} x {each.pipeline_parallel}",
            str(each.replicas or "-"),
            "-" if each.cost_per_hour is None else f"{each.cost_per_hour:.4g}",
            "-" if each.ttft_seconds is None else show_seconds(each.ttft_seconds),
            "-" if each.tpot_seconds is None else show_seconds(each.tpot_seconds),
            f"{each.accuracy_loss:.1%}",
        )
    return table
