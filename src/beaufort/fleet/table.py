"""The live table: one row for each process."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from beaufort.fleet import cores
from beaufort.fleet.state import Phase, State
from beaufort.fleet.view import View
from beaufort.units import show_seconds

UNKNOWN = "-"

_STYLES = {
    Phase.STARTING: "yellow",
    Phase.READY: "green",
    Phase.RESTARTING: "red",
    Phase.DRAINING: "cyan",
    Phase.STOPPED: "dim",
    Phase.FAILED: "bold red",
}
# Short heads: a row fits into 80 columns.
_RIGHT = ("pid", "cores", "run", "wait", "KV", "tok/s", "TTFT", "restarts")


def table(views: Sequence[View], now: float) -> Table:
    """Return the table of ``views`` at ``now`` (seconds of the states' clock)."""
    result = Table(box=None, padding=(0, 1, 0, 0), header_style="bold")
    result.add_column("replica", no_wrap=True)
    result.add_column("state", no_wrap=True)
    for name in _RIGHT:
        result.add_column(name, justify="right", no_wrap=True)
    for view in views:
        style = _STYLES[view.state.phase]
        result.add_row(view.name, f"[{style}]{show_state(view.state, now)}[/]", *_figures(view))
    return result


def show_state(state: State, now: float) -> str:
    """Return a state as a person reads it: ``starting 3 s``, ``restarting in 2 s``."""
    if state.phase is Phase.RESTARTING:
        return f"restarting in {max(0.0, state.retry_at - now):.0f} s"
    if state.phase in {Phase.STARTING, Phase.DRAINING}:
        return f"{state.phase} {max(0.0, now - state.since):.0f} s"
    return state.phase


def _figures(view: View) -> tuple[str, ...]:
    load = view.load
    return (
        UNKNOWN if view.pid is None else str(view.pid),
        cores.show(view.cores) or "all",
        _number(load.running),
        _number(load.waiting),
        UNKNOWN if load.kv is None else f"{load.kv:.0%}",
        _number(load.tokens_per_second),
        UNKNOWN if load.ttft is None else show_seconds(load.ttft),
        str(view.state.restarts),
    )


def _number(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.0f}"
