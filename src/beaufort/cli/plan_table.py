"""A plan as people read it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from beaufort.plan.capacity import Pool, Region
from beaufort.plan.outcome import Candidate
from beaufort.plan.plan import Plan
from beaufort.units import show_bytes, show_seconds

_BAR = 40
_VERDICTS = {"chosen": "bold green", "front": "cyan", "dominated": "dim", "refused": "red"}
_MOST_SERVED = 10
_MOST_REFUSED = 5
_NARROWEST = 80


def show(plan: Plan) -> None:
    """Print a plan on standard output."""
    console = Console(highlight=False)
    console.print(_page(plan))


def explain(plan: Plan) -> None:
    """Print every number of a plan with its sentence."""
    values = dict(
        _leaves(plan.model_dump(mode="json", by_alias=True, exclude={"service", "reasons", "candidates"}), "")
    )
    table = _table("Number", "Value", "Why")
    for reason in plan.reasons:
        table.add_row(escape(reason.path), escape(_plain(values.get(reason.path))), escape(reason.why))
    console = Console(highlight=False, width=max(_NARROWEST, Console().width))
    console.print(table)


def _page(plan: Plan) -> Group:
    parts: list[RenderableType] = [_title(plan), "", _facts(plan), _memory(plan), "", _latencies(plan)]
    parts.append("")
    parts += [_regions(plan), "", _costs(plan), "", _ways(plan.candidates)]
    if plan.notes:
        parts += ["", *(Text.assemble(("- ", "dim"), note) for note in plan.notes)]
    parts += ["", Text("--explain says why each number is what it is; -o json feeds beaufort render", style="dim")]
    return Group(*parts)


def _title(plan: Plan) -> Text:
    total = sum(region.replicas.planned for region in plan.regions)
    count = total * plan.shape.accelerators
    name = f"{plan.service.metadata.namespace}/{plan.service.metadata.name}"
    replicas = f"{total} replica{'s'[: total != 1]} of {plan.shape.accelerators} each"
    return Text.assemble((name, "bold"), f": {count} x {plan.shape.accelerator}, ", replicas)


def _facts(plan: Plan) -> Table:
    model, engine, shape = plan.model, plan.engine, plan.shape
    loss = plan.candidates[0].accuracy_loss
    cut = f"tensor parallel {shape.tensor_parallel}"
    if shape.pipeline_parallel > 1:
        cut += f", {shape.pipeline_parallel} stages on {shape.nodes} node{'s'[: shape.nodes != 1]}"
    grid = Table.grid(padding=(0, 2))
    grid.add_row(
        "model",
        f"{escape(model.architecture)} in [bold]{model.quantisation}[/bold] (loses up to {loss:.2%}), "
        f"context of {model.max_model_len} tokens",
    )
    grid.add_row(
        "engine",
        f"{cut}; at most {engine.max_num_seqs} requests and {engine.max_num_batched_tokens} tokens a step; "
        f"room for {engine.kv_tokens} tokens",
    )
    life = plan.lifecycle
    grid.add_row(
        "start",
        f"{show_seconds(life.startup_seconds)}, the first time on a node {show_seconds(life.first_startup_seconds)}; "
        f"an end takes up to {show_seconds(life.grace_seconds)}",
    )
    return grid


def _memory(plan: Plan) -> Table:
    """Return a bar of one accelerator's memory."""
    memory = plan.memory
    parts = (
        ("weights", memory.weights, "█", "blue"),
        ("work", memory.working, "▓", "magenta"),
        ("keys and values", memory.kv_cache, "▒", "green"),
        ("unused", memory.unused, "░", "bright_black"),
    )
    bar, filled = Text(), 0.0
    for _, size, mark, style in parts:
        before = round(filled * _BAR / memory.total)
        filled += size
        bar.append(mark * (round(filled * _BAR / memory.total) - before), style=style)
    legend = Text(", ").join(
        Text(f"{mark} {name} {show_bytes(size)}", style=style) for name, size, mark, style in parts
    )
    grid = Table.grid(padding=(0, 2))
    grid.add_row("memory", Text.assemble(bar, f" {show_bytes(memory.total)} of each accelerator"))
    grid.add_row("", legend)
    return grid


def _latencies(plan: Plan) -> Table:
    wanted, expected = plan.service.spec.objectives, plan.expectation
    table = _table("Objective", "Allowed", "Expected", "")
    rows = (
        (f"first token, p{wanted.ttft.percentile:g}", wanted.ttft.within, expected.ttft_seconds),
        (f"each token after it, p{wanted.tpot.percentile:g}", wanted.tpot.within, expected.tpot_seconds),
    )
    for name, allowed, seconds in rows:
        style = "green" if seconds <= allowed else "red"
        share = f"{seconds / allowed:.0%}"
        table.add_row(name, show_seconds(allowed), f"[{style}]{show_seconds(seconds)}[/{style}]", share)
    table.add_row(
        "requests a second and replica",
        f"{expected.requests_per_second_per_replica:.3g}",
        f"{expected.utilisation * expected.requests_per_second_per_replica:.3g}",
        f"{expected.utilisation:.0%}",
    )
    return table


def _regions(plan: Plan) -> Table:
    currency = plan.cost.currency
    table = _table("Region", "Peak", "Needed + spare", "Scales", "Pool", "Replicas", "Nodes", f"{currency}/h each")
    for region in plan.regions:
        for index, pool in enumerate(region.pools or (None,)):
            table.add_row(*(_region(region) if index == 0 else ("", "", "", "")), *_pool(pool))
    return table


def _region(region: Region) -> tuple[str, str, str, str]:
    count = region.replicas
    return (
        escape(region.name or "(one)"),
        f"{region.peak_rate:.4g}/s",
        f"{count.needed} + {count.spare}",
        f"{count.min} to {count.max}",
    )


def _pool(pool: Pool | None) -> tuple[str, str, str, str]:
    if pool is None:
        return ("none", "0", "0", "")
    nodes = f"{pool.nodes} of {pool.max_nodes}" if pool.max_nodes != pool.nodes else str(pool.nodes)
    return (escape(pool.name), f"{pool.replicas}", nodes, f"{pool.price_per_hour:.4g}")


def _costs(plan: Plan) -> Text:
    cost = plan.cost
    text = Text.assemble(
        (f"{cost.per_hour:,.2f} {cost.currency} an hour", "bold"),
        f" ({cost.per_hour_at_peak:,.2f} at the peak), {cost.per_month:,.0f} a month",
    )
    if cost.per_million_tokens is not None:
        text.append(f", {cost.per_million_tokens:.3g} per million tokens")
    return text


def _ways(candidates: Sequence[Candidate]) -> Group:
    """Return the ways that a screen has room for: the cheapest ones, and those that came nearest to serving."""
    table = _table("Way", "Replicas", "Cost/h", "TTFT", "TPOT", "Loss", "Verdict", "Why")
    served = [each for each in candidates if each.verdict != "refused"][:_MOST_SERVED]
    shown = [*served, *(each for each in candidates if each.verdict == "refused")][: len(served) + _MOST_REFUSED]
    for each in shown:
        style = _VERDICTS[each.verdict]
        table.add_row(
            escape(_way(each)),
            str(each.replicas or "-"),
            "-" if each.cost_per_hour is None else f"{each.cost_per_hour:,.2f}",
            _or_dash(each.ttft_seconds),
            _or_dash(each.tpot_seconds),
            f"{each.accuracy_loss:.1%}",
            f"[{style}]{each.verdict}[/{style}]",
            escape(each.reason),
        )
    left = len(candidates) - len(shown)
    return Group(table, Text(f"and {left} more: -o json has them", style="dim")) if left else Group(table)


def _way(each: Candidate) -> str:
    count = each.tensor_parallel * each.pipeline_parallel
    stages = f" in {each.pipeline_parallel} stages" if each.pipeline_parallel > 1 else ""
    return f"{each.quantisation}, {count} x {each.accelerator}{stages}"


def _or_dash(seconds: float | None) -> str:
    return "-" if seconds is None else show_seconds(seconds)


def _table(*names: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 1))
    for name in names:
        table.add_column(name, overflow="fold")
    return table


def _leaves(value: object, path: str) -> Iterable[tuple[str, object]]:
    if isinstance(value, dict):
        for name, below in value.items():
            yield from _leaves(below, f"{path}.{name}".lstrip("."))
    elif isinstance(value, list):
        for index, below in enumerate(value):
            yield from _leaves(below, f"{path}[{index}]")
    else:
        yield path, value


def _plain(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
