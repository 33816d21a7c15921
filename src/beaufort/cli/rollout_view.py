"""A roll-out as it goes on, on standard error: a live table in a terminal, lines elsewhere, nothing twice."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from beaufort.cli.cluster import say
from beaufort.kube.apply import Change
from beaufort.rollout import Cause, Component, Finding, Progress
from beaufort.rollout.verdict import concerning

_REFRESH = 4  # a second
# In a line of a log that grows, what every start goes through is noise.
_USUAL = frozenset({Cause.STARTING, Cause.NOT_READY})


class View(Protocol):
    """Who is told how a roll-out goes."""

    def changed(self, change: Change) -> None:
        """An object was changed, or would be."""

    def progress(self, progress: Progress) -> None:
        """The service was looked at."""

    def close(self) -> None:
        """Nothing more will come."""


def view() -> View:
    """Return a live table if standard error is a terminal, else lines."""
    console = Console(stderr=True)
    return Terminal(console) if sys.stderr.isatty() and not console.is_dumb_terminal else Lines()


def show_change(change: Change) -> str:
    """Return a change in a line."""
    return f"{change.verb} {change.reference}"


def show_finding(finding: Finding) -> str:
    """Return what is in the way in a line."""
    remedy = f"; try: {finding.remedy}" if finding.remedy else ""
    return f"{finding.where}: {finding.what}{remedy}"


def show_component(component: Component) -> str:
    """Return how far a workload is."""
    old = f", {component.old} of an older form" if component.old else ""
    return f"{component.kind.lower()} {component.name}: {component.ready} of {component.wanted} ready{old}"


class Lines:
    """A line for everything that is new."""

    def __init__(self, write: Callable[[str], None] = say) -> None:
        self._write = write
        self._told: set[str] = set()
        self._last: dict[str, str] = {}

    def changed(self, change: Change) -> None:
        """Tell of a change that is one."""
        if change.verb != "unchanged":
            self._write(show_change(change))

    def progress(self, progress: Progress) -> None:
        """Tell what is new since the last look."""
        for each in progress.components:
            line = show_component(each)
            if self._last.get(each.name) != line:
                self._write(line)
                self._last[each.name] = line
        for found in concerning(progress):
            # How often it has happened, and to how many pods, changes all the time.
            key = f"{found.cause} {found.component} {found.container}"
            if found.cause not in _USUAL and key not in self._told:
                self._write(show_finding(found))
                self._told.add(key)

    def close(self) -> None:
        """Nothing is left to say."""


class Terminal:
    """A table that is kept up to date, below the changes, which stay."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, refresh_per_second=_REFRESH, transient=True)
        self._open = False

    def changed(self, change: Change) -> None:
        """Let a change that is one stay on the screen."""
        if change.verb != "unchanged":
            self._console.print(Text(show_change(change)), soft_wrap=True)

    def progress(self, progress: Progress) -> None:
        """Draw the table anew."""
        if not self._open:
            self._live.start()
            self._open = True
        notes = [Text(show_finding(each), "dim" if each.passing else "red") for each in concerning(progress)]
        self._live.update(Group(table(progress), *notes))

    def close(self) -> None:
        """Take the table off the screen."""
        if self._open:
            self._live.stop()
            self._open = False


def table(progress: Progress) -> Table:
    """Return a table with a row for each workload."""
    result = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("part", "workload"):
        result.add_column(name, no_wrap=True)
    result.add_column("ready", justify="right", no_wrap=True)
    result.add_column(no_wrap=True)
    for each in progress.components:
        style = "green" if each.done else "yellow"
        old = f"{each.old} of an older form" if each.old else ""
        result.add_row(each.component, f"{each.kind} {each.name}", Text(f"{each.ready}/{each.wanted}", style), old)
    return result
