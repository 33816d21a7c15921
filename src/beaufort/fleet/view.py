"""What can be shown of one member of the fleet at one moment."""

from __future__ import annotations

from dataclasses import dataclass

from beaufort.fleet.cores import Cores
from beaufort.fleet.scrape import Load
from beaufort.fleet.state import State


@dataclass(frozen=True, slots=True)
class View:
    """A member, seen once.

    Attributes:
        name: ``gateway``, ``engine-0``.
        url: Where it answers.
        cores: The cores it is bound to; empty when it is not bound.
        state: Its phase, since when, and why.
        pid: Its process id while it lives.
        load: Its load, as far as it tells.
        last_line: The last line that it printed.
    """

    name: str
    url: str
    cores: Cores
    state: State
    pid: int | None
    load: Load
    last_line: str
