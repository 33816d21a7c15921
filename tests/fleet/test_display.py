import io
import json
import shlex
from dataclasses import replace

import pytest
from rich.console import Console

from beaufort.fleet.backoff import Backoff
from beaufort.fleet.display import PROGRESS_SECONDS, JsonLines, Lines, Terminal, example, show_change, summary
from beaufort.fleet.scrape import Load
from beaufort.fleet.settings import Settings
from beaufort.fleet.state import State
from beaufort.fleet.table import table
from beaufort.fleet.view import View

STARTING = View("engine-0", "http://127.0.0.1:9001", (0, 1), State(100.0), 42, Load(), "downloading 34 %")
READY = replace(STARTING, state=STARTING.state.answered(104.0), load=Load(3, 1, 0.256, 98.6, 0.0421))
DEAD = replace(READY, state=READY.state.died(-9, 110.0), pid=None, load=Load())


def drawn(*views: View, now: float) -> list[list[str]]:
    console = Console(file=io.StringIO(), width=120)
    console.print(table(views, now))
    assert isinstance(console.file, io.StringIO)
    return [line.split() for line in console.file.getvalue().splitlines()]


def test_the_table_shows_the_figures_and_nothing_that_is_unknown() -> None:
    assert drawn(READY, now=120.0)[1] == ["engine-0", "ready", "42", "0-1", "3", "1", "26%", "99", "42", "ms", "0"]
    assert drawn(STARTING, now=103.0)[1][:5] == ["engine-0", "starting", "3", "s", "42"]
    assert drawn(DEAD, now=110.0)[1] == ["engine-0", "restarting", "in", "0", "s", "-", "0-1", *"-----", "0"]


@pytest.mark.parametrize("model", ["demo", "it's", "a\\b", 'say "x"', "modèle"])
def test_the_example_survives_a_shell(model: str) -> None:
    words = shlex.split(example(Settings(), model).replace("\\\n", " "))
    assert words[:2] == ["curl", "http://127.0.0.1:8080/v1/chat/completions"]
    assert json.loads(words[-1])["model"] == model


def test_what_is_started_in_one_line() -> None:
    assert summary(Settings()) == "demo on openvino, 1 replica, at http://127.0.0.1:8080"
    emulated = Settings(engine="emulated", model="mistral-7b-v0.3", replicas=4)
    assert summary(emulated) == "mistral-7b-v0.3 on emulated H100, 4 replicas, at http://127.0.0.1:8080"


def test_a_death_is_told_with_its_reason_and_what_comes_next() -> None:
    assert show_change(DEAD) == "engine-0 killed by SIGKILL, starts again at once; it said: downloading 34 %"
    again = replace(DEAD, state=DEAD.state.started(110.0).died(1, 111.0), last_line="")
    assert show_change(again) == "engine-0 exit code 1, starts again in 1.0 s"


def test_lines_tell_the_progress_now_and_then_until_all_is_ready() -> None:
    told: list[str] = []
    lines = Lines(told.append)
    for tick in range(100):
        lines.tick([STARTING], 100.0 + tick * PROGRESS_SECONDS / 40)
    assert told == [
        f"engine-0 starting {PROGRESS_SECONDS * times:.0f} s: downloading 34 %" for times in range(1, 100 // 40 + 1)
    ]
    lines.ready(Settings(), ["demo"], 4.2)
    told.clear()
    lines.tick([STARTING], 1000.0)
    assert told == []


def test_every_event_is_one_json_line() -> None:
    told: list[str] = []
    events = JsonLines(told.append)
    events.opening(Settings(), "/tmp/logs")  # noqa: S108 - a name, not a file
    events.changed(DEAD)
    events.tick([DEAD], 1.0)
    events.ready(Settings(), ["demo"], 4.2)
    events.draining(Settings())
    events.close()
    read = [json.loads(line) for line in told]
    assert [event["event"] for event in read] == ["starting", "state", "ready", "draining"]
    assert (read[1]["name"], read[1]["state"], read[1]["reason"]) == ("engine-0", "restarting", "killed by SIGKILL")


def test_a_process_cannot_paint_the_terminal() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=120)
    display = Terminal(console)
    display.opening(Settings(), "logs")
    display.tick([replace(STARTING, last_line="[bold]loading[/bold] [1/2]")], 101.0)
    display.changed(replace(DEAD, last_line="[red]x[/]"))
    display.close()
    assert isinstance(console.file, io.StringIO)
    assert "[bold]loading[/bold] [1/2]" in console.file.getvalue()
    assert "[red]x[/]" in console.file.getvalue()


def test_the_table_fits_into_80_columns() -> None:
    console = Console(file=io.StringIO(), width=80)
    waiting = replace(DEAD, state=replace(DEAD.state, restarts=12, backoff=Backoff(9)))
    console.print(table([replace(READY, pid=4194304, load=Load(64, 999, 1.0, 12345, 0.588)), waiting], 110.0))
    assert isinstance(console.file, io.StringIO)
    assert "…" not in console.file.getvalue()
    assert "restarting in 30 s" in console.file.getvalue()
