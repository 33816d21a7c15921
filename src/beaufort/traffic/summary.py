"""What a trace says: how many requests, how long, how unevenly they come, how much they share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from beaufort.traffic.course import Course, Steady, Windows
from beaufort.traffic.demand import REUSE_SECONDS, Demand
from beaufort.traffic.lengths import Lengths, measured
from beaufort.traffic.trace import Trace

_WINDOW_SECONDS = 60.0
_FEWEST_WINDOWS = 3
_CELL_SECONDS = 1.0
_STEPS_OF_A_CELL = 4  # so that what came in one step of a coarse clock does not look like a burst


@dataclass(frozen=True, slots=True)
class Summary:
    """A trace in figures.

    Attributes:
        requests: How many.
        seconds: From the first to the last.
        rate: Mean requests per second.
        course: The rate of each minute, in multiples of the mean.
        dispersion: Variance of the number of arrivals in a short time over its mean, apart from how the rate moves from
            minute to minute; 1 is a Poisson process.
        prompt: Lengths of prompts.
        output: Lengths of answers.
        shared: Share of the prompt tokens that began an earlier prompt of the trace.
        reuse_seconds: Mean time since they did.
        clock_seconds: The step of the recording's clock, when it is coarse; else 0.
    """

    requests: int
    seconds: float
    rate: float
    course: Course
    dispersion: float
    prompt: Lengths
    output: Lengths
    shared: float
    reuse_seconds: float
    clock_seconds: float

    def demand(self, source: str, speed: float = 1.0) -> Demand:
        """Return the traffic of a replay that is ``speed`` times as fast as the recording."""
        course = self.course
        if isinstance(course, Windows):
            course = Windows(course.seconds / speed, course.rates)
        return Demand(
            rate=self.rate * speed,
            course=course,
            dispersion=self.dispersion,
            prompt=self.prompt,
            output=self.output,
            shared=self.shared,
            reuse_seconds=self.reuse_seconds / speed,
            source=source,
        )


def summarise(trace: Trace) -> Summary:
    """Return the figures of a trace."""
    times = [arrival.seconds for arrival in trace.arrivals]
    # The last request closes the last gap, so there is one gap less than requests.
    rate = (len(times) - 1) / trace.seconds if trace.seconds > 0 else float(len(times))
    clock = _clock(times)
    shared, reuse = _sharing(trace)
    return Summary(
        requests=len(times),
        seconds=trace.seconds,
        rate=max(rate, 1e-9),
        course=_course(times, trace.seconds),
        dispersion=_dispersion(times, trace.seconds, clock),
        prompt=measured([arrival.prompt_tokens for arrival in trace.arrivals]),
        output=measured([arrival.output_tokens for arrival in trace.arrivals]),
        shared=shared,
        reuse_seconds=reuse,
        clock_seconds=clock,
    )


def _clock(times: Sequence[float]) -> float:
    """Return the step in which a recording's clock runs, when most requests fall on the same instants."""
    gaps = [later - earlier for earlier, later in pairwise(times)]
    moved = [gap for gap in gaps if gap > 0]
    return median(moved) if moved and 2 * len(moved) < len(gaps) else 0.0


def _course(times: Sequence[float], seconds: float) -> Course:
    windows = int(seconds // _WINDOW_SECONDS)
    if windows < _FEWEST_WINDOWS:
        return Steady()
    counts = Counter(int(time // _WINDOW_SECONDS) for time in times)
    counted = [counts[window] for window in range(windows)]  # the rest of a window at the end is left out
    mean = sum(counted) / windows
    return Windows(_WINDOW_SECONDS, tuple(count / mean for count in counted)) if mean else Steady()


def _dispersion(times: Sequence[float], seconds: float, clock: float) -> float:
    cell = max(_CELL_SECONDS, _STEPS_OF_A_CELL * clock)
    cells = max(2, int(_WINDOW_SECONDS // cell))
    windows = int(seconds // (cells * cell))
    counts = Counter(int(time // cell) for time in times)
    variance = mean = 0.0
    for window in range(windows):
        here = [counts[window * cells + place] for place in range(cells)]
        middle = sum(here) / cells
        variance += sum((count - middle) ** 2 for count in here) / (cells - 1)
        mean += middle
    return max(1.0, variance / mean) if mean else 1.0


def _sharing(trace: Trace) -> tuple[float, float]:
    """Return which share of the prompt tokens began an earlier prompt, and how long before."""
    last: dict[int, float] = {}
    found = total = waited = 0.0
    for arrival in trace.arrivals:
        total += arrival.prompt_tokens
        known = True
        for place, block in enumerate(arrival.blocks):
            known = known and block in last
            if known:
                tokens = min(trace.block_tokens, arrival.prompt_tokens - place * trace.block_tokens)
                found += tokens
                waited += tokens * (arrival.seconds - last[block])
            last[block] = arrival.seconds
    return (found / total, max(1.0, waited / found)) if found else (0.0, REUSE_SECONDS)
