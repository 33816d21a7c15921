"""What a supervised process is doing, and what may come next.

The transitions are a table, as in h11: whatever is not in it is a fault of ours.

    starting    answers: ready; dies: restarting, or failed when a restart would not help; drained: draining
    ready       dies: restarting; drained: draining
    restarting  the delay is over: starting; drained: stopped
    draining    dies: stopped
"""

from __future__ import annotations

import signal
from dataclasses import dataclass, field, replace
from enum import StrEnum

from beaufort.fleet.backoff import Backoff

# Exit codes that say: the same start will fail again (beaufort.errors: UsageError, UnavailableError).
HOPELESS = frozenset({2, 3})
# A process that was never ready and died this often is given up: nobody watches it for ever.
TRIES = 5


class Phase(StrEnum):
    """The phases of a supervised process."""

    STARTING = "starting"
    READY = "ready"
    RESTARTING = "restarting"
    DRAINING = "draining"
    STOPPED = "stopped"
    FAILED = "failed"


NEXT: dict[Phase, frozenset[Phase]] = {
    Phase.STARTING: frozenset({Phase.READY, Phase.RESTARTING, Phase.DRAINING, Phase.FAILED}),
    Phase.READY: frozenset({Phase.RESTARTING, Phase.DRAINING}),
    Phase.RESTARTING: frozenset({Phase.STARTING, Phase.STOPPED}),
    Phase.DRAINING: frozenset({Phase.STOPPED}),
    Phase.STOPPED: frozenset(),
    Phase.FAILED: frozenset(),
}


@dataclass(frozen=True, slots=True)
class State:
    """The state of one supervised process. Times are seconds of one monotonic clock.

    Attributes:
        since: When this phase began.
        phase: What it is doing.
        restarts: How often it was started again.
        proven: It has been ready once, so its settings work.
        backoff: Its deaths in a row.
        reason: Why this phase began, in a few words.
        exit_code: Of its last process that ended (negative: the signal that killed it).
    """

    since: float
    phase: Phase = Phase.STARTING
    restarts: int = 0
    proven: bool = False
    backoff: Backoff = field(default_factory=Backoff)
    reason: str = ""
    exit_code: int | None = None

    def _to(self, phase: Phase, now: float, reason: str = "") -> State:
        if phase not in NEXT[self.phase]:
            message = f"a process cannot go from {self.phase} to {phase}"
            raise RuntimeError(message)
        return replace(self, phase=phase, since=now, reason=reason)

    @property
    def over(self) -> bool:
        """Whether nothing can come next."""
        return not NEXT[self.phase]

    @property
    def retry_at(self) -> float:
        """When a restarting process starts again."""
        return self.since + self.backoff.delay

    def answered(self, now: float) -> State:
        """It is ready."""
        return replace(self._to(Phase.READY, now), proven=True)

    def started(self, now: float) -> State:
        """It was started again."""
        return replace(self._to(Phase.STARTING, now), restarts=self.restarts + 1)

    def drained(self, now: float) -> State:
        """It is asked to finish what it does and to end; one that waits for its restart has nothing to finish."""
        return self._to(Phase.STOPPED if self.phase is Phase.RESTARTING else Phase.DRAINING, now)

    def died(self, code: int, now: float, reason: str = "") -> State:
        """Its process ended with ``code`` (negative: by that signal), for ``reason`` if it is known."""
        reason = reason or show_exit(code)
        healthy = now - self.since if self.phase is Phase.READY else 0.0
        backoff = self.backoff.died(healthy)
        if self.phase is Phase.DRAINING:
            phase = Phase.STOPPED
        elif not self.proven and (code in HOPELESS or backoff.deaths >= TRIES):
            phase = Phase.FAILED
        else:
            phase = Phase.RESTARTING
        return replace(self._to(phase, now, reason), backoff=backoff, exit_code=code)


def show_exit(code: int) -> str:
    """Return how a process ended, in words: ``exit code 3``, ``killed by SIGKILL``."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:  # a real-time signal has no name
        return f"killed by signal {-code}"
