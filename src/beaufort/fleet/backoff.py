"""How long to wait before a restart.

Most deaths are accidents, so the first restart comes at once. What dies again right away will most likely keep
dying: its restarts are spaced out, doubling from one second to half a minute, until it has been healthy for a
minute. These are the rules of a Kubernetes pod (CrashLoopBackOff), with shorter times for one who watches.
"""

from __future__ import annotations

from dataclasses import dataclass

SECOND_DELAY = 1.0
LONGEST_DELAY = 30.0
HEALTHY_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Backoff:
    """The deaths in a row.

    Attributes:
        deaths: How many, each less than ``HEALTHY_SECONDS`` of health after the one before.
    """

    deaths: int = 0

    def died(self, healthy_seconds: float) -> Backoff:
        """Return what holds after a death that came after ``healthy_seconds`` of readiness."""
        return Backoff(1 if healthy_seconds >= HEALTHY_SECONDS else self.deaths + 1)

    @property
    def delay(self) -> float:
        """The seconds to wait before the next start."""
        doublings = self.deaths - 2
        if doublings < 0:
            return 0.0
        # Past ten doublings it is the longest delay in any case, and a float never overflows.
        return min(SECOND_DELAY * 2.0 ** min(doublings, 10), LONGEST_DELAY)
