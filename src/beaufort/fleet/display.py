"""What the user sees of a fleet: a live table in a terminal, lines elsewhere, JSON lines for programs."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Protocol

import click
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from beaufort.fleet.settings import Settings
from beaufort.fleet.state import Phase
from beaufort.fleet.table import show_state, table
from beaufort.fleet.view import View
from beaufort.units import show_seconds

PROGRESS_SECONDS = 5.0
_REFRESH_SECONDS = 0.2

Print = Callable[[str], None]


class Display(Protocol):
    """Who is told what happens. All calls are made on the event loop; times are seconds of its clock."""

    live: bool  # whether it shows loads, so that they must be looked up

    def opening(self, settings: Settings, logs: str) -> None:
        """The processes are about to be started."""

    def changed(self, view: View) -> None:
        """The state of a process has changed."""

    def tick(self, views: Sequence[View], now: float) -> None:
        """Time has passed."""

    def ready(self, settings: Settings, models: Sequence[str], seconds: float) -> None:
        """The service answers, ``seconds`` after its start."""

    def draining(self, settings: Settings) -> None:
        """The service ends once what is in progress has ended."""

    def close(self) -> None:
        """Nothing more will come."""


def example(settings: Settings, model: str) -> str:
    """Return a command, ready to be pasted, that asks the service something."""
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": "Hello!"}]}, ensure_ascii=True)
    quoted = body.replace("'", r"'\''")
    return f"curl {settings.url}/v1/chat/completions -H 'Content-Type: application/json' \\\n  -d '{quoted}'"


def summary(settings: Settings) -> str:
    """Return what is started, in one line."""
    engine = settings.engine if settings.engine == "openvino" else f"{settings.engine} {settings.accelerator}"
    replicas = "1 replica" if settings.replicas == 1 else f"{settings.replicas} replicas"
    return f"{settings.name or settings.model} on {engine}, {replicas}, at {settings.url}"


def show_change(view: View) -> str:
    """Return a change of state in one line."""
    state = view.state
    words = f"{view.name} {state.phase}"
    if state.phase is Phase.RESTARTING:
        when = f"in {show_seconds(state.backoff.delay)}" if state.backoff.delay else "at once"
        words = f"{view.name} {state.reason}, starts again {when}"
        return f"{words}; it said: {view.last_line}" if view.last_line else words
    return f"{words}: {state.reason}" if state.reason else words


class Lines:
    """One line for each thing that happens, and one now and then while the service is not ready yet."""

    live = False

    def __init__(self, write: Print = click.echo) -> None:
        self._write = write
        self._next = 0.0
        self._waiting = True

    def opening(self, settings: Settings, logs: str) -> None:
        """Say what is started."""
        self._write(f"starting {summary(settings)}")
        self._write(f"logs in {logs}")

    def changed(self, view: View) -> None:
        """Say what a process does now."""
        self._write(show_change(view))

    def tick(self, views: Sequence[View], now: float) -> None:
        """Say what is awaited, every few seconds until the service is ready."""
        starting = [view for view in views if view.state.phase is Phase.STARTING]
        if not self._waiting or not starting:
            return
        self._next = self._next or now + PROGRESS_SECONDS
        if now >= self._next:
            self._next = now + PROGRESS_SECONDS
            for view in starting:
                said = f": {view.last_line}" if view.last_line else ""
                self._write(f"{view.name} {show_state(view.state, now)}{said}")

    def ready(self, settings: Settings, models: Sequence[str], seconds: float) -> None:
        """Say where the service is and how to ask it something."""
        self._waiting = False
        self._write(f"ready in {show_seconds(seconds)}: {settings.url}/v1")
        self._write(example(settings, models[0]))

    def draining(self, settings: Settings) -> None:
        """Say that it ends, and how long that may take."""
        self._write(f"finishing what is in progress, at most {settings.drain_seconds:g} s")

    def close(self) -> None:
        """Nothing is left to say."""


class JsonLines:
    """One JSON object in a line for each thing that happens."""

    live = False

    def __init__(self, write: Print = click.echo) -> None:
        self._write = write

    def _event(self, event: str, **fields: object) -> None:
        time = datetime.now(UTC).isoformat(timespec="milliseconds")
        self._write(json.dumps({"time": time, "event": event, **fields}))

    def opening(self, settings: Settings, logs: str) -> None:
        """Give the settings."""
        self._event(
            "starting",
            url=f"{settings.url}/v1",
            engine=settings.engine,
            model=settings.model,
            replicas=settings.replicas,
            logs=logs,
        )

    def changed(self, view: View) -> None:
        """Give a process's state."""
        self._event(
            "state",
            name=view.name,
            state=view.state.phase,
            reason=view.state.reason,
            pid=view.pid,
            url=view.url,
            cores=list(view.cores),
            restarts=view.state.restarts,
        )

    def tick(self, views: Sequence[View], now: float) -> None:
        """The passing of time is no event."""

    def ready(self, settings: Settings, models: Sequence[str], seconds: float) -> None:
        """Give the address and the models."""
        self._event("ready", url=f"{settings.url}/v1", models=list(models), seconds=round(seconds, 3))

    def draining(self, settings: Settings) -> None:
        """Give the limit."""
        self._event("draining", seconds=settings.drain_seconds)

    def close(self) -> None:
        """Nothing is left to say."""


class Terminal:
    """A table that is kept up to date, below the lines that stay: the address, the example, what went wrong."""

    live = True

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, auto_refresh=False, transient=True)
        self._status = ""
        self._refreshed = 0.0

    def _say(self, text: str, style: str = "") -> None:
        # soft_wrap: the terminal breaks long lines, so that a copied command is still one line.
        self._console.print(Text(text, style), soft_wrap=True)

    def opening(self, settings: Settings, logs: str) -> None:
        """Say what is started, and open the table."""
        self._say(f"Starting {summary(settings)}")
        self._say(f"Logs in {logs}", "dim")
        self._status = "loading the model"
        self._live.start()

    def changed(self, view: View) -> None:
        """Let what went wrong stay on the screen."""
        if view.state.phase in {Phase.RESTARTING, Phase.FAILED}:
            self._say(f"{datetime.now().astimezone():%H:%M:%S} {show_change(view)}", "red")

    def tick(self, views: Sequence[View], now: float) -> None:
        """Draw the table anew."""
        if now - self._refreshed < _REFRESH_SECONDS:
            return
        self._refreshed = now
        said = [view.last_line for view in views if view.state.phase is Phase.STARTING and view.last_line]
        status = Text(": ".join([self._status, *said[:1]]), "dim", no_wrap=True, overflow="ellipsis")
        self._live.update(Group("", table(views, now), status), refresh=True)

    def ready(self, settings: Settings, models: Sequence[str], seconds: float) -> None:
        """Say where the service is and how to ask it something."""
        self._say(f"\nReady in {show_seconds(seconds)}: {settings.url}/v1\n", "bold green")
        self._say(example(settings, models[0]))
        self._status = "Ctrl-C ends it"

    def draining(self, settings: Settings) -> None:
        """Say that it ends, and how to be faster."""
        limit = f"at most {settings.drain_seconds:g} s"
        self._status = f"finishing what is in progress, {limit}; Ctrl-C again ends it at once"

    def close(self) -> None:
        """Take the table off the screen; the lines stay."""
        self._live.stop()
