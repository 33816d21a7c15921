"""Recorded traffic as a value, and the mistakes that its readers find."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from beaufort.errors import Problem, UsageError

MOST_ARRIVALS = 5_000_000
_MOST_TOLD = 20


class TraceError(UsageError):
    """Rows of a trace cannot be read; each of the first ones is a problem with its line."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One request, as it was recorded.

    Attributes:
        seconds: When it came, since the first one.
        prompt_tokens: Length of its prompt.
        output_tokens: Length of its answer.
        blocks: Identities of the blocks of its prompt from the first on; equal ones begin alike. Empty when the
            trace does not tell.
    """

    seconds: float
    prompt_tokens: int
    output_tokens: int
    blocks: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Trace:
    """Requests in the order in which they came, at least one.

    Attributes:
        arrivals: The requests.
        block_tokens: Tokens that a block of theirs stands for; 0 when they have none.
    """

    arrivals: tuple[Arrival, ...]
    block_tokens: int = 0

    @property
    def seconds(self) -> float:
        """From the first request to the last."""
        return self.arrivals[-1].seconds


class Rows:
    """Collects what a reader makes of each row, and what is wrong with the others.

    Args:
        where: The file's name, for messages.
    """

    def __init__(self, where: str) -> None:
        self._where = where
        self._arrivals: list[Arrival] = []
        self._problems: list[Problem] = []
        self._wrong = 0

    def add(self, line: int, arrival: Arrival) -> None:
        """Take a request; its seconds are of any clock."""
        if arrival.prompt_tokens < 1 or arrival.output_tokens < 1:
            self.refuse(line, "a prompt and an answer have at least one token each", "remove the row")
        elif len(self._arrivals) >= MOST_ARRIVALS:
            raise TraceError(
                Problem(f"has more than {MOST_ARRIVALS:,} rows", self._where, "cut the trace to a part of it")
            )
        else:
            self._arrivals.append(arrival)

    def refuse(self, line: int, what: str, remedy: str) -> None:
        """Note what is wrong with a row."""
        self._wrong += 1
        if len(self._problems) < _MOST_TOLD:
            self._problems.append(Problem(what, f"{self._where}:{line}", remedy))

    def trace(self, block_tokens: int = 0) -> Trace:
        """Return the trace, its requests in order from second 0 on.

        Raises:
            TraceError: Rows are wrong, or there is none.
        """
        if self._wrong > len(self._problems):
            more = f"{self._wrong - len(self._problems)} more rows are wrong"
            self._problems.append(Problem(more, self._where, "check that the format is the one that the file has"))
        if not self._problems and not self._arrivals:
            self._problems.append(Problem("holds no request", self._where, "name a trace with rows"))
        if self._problems:
            raise TraceError(*self._problems)
        return Trace(tuple(_from_zero(self._arrivals)), block_tokens)


def _from_zero(arrivals: list[Arrival]) -> Iterable[Arrival]:
    ordered = sorted(arrivals, key=lambda arrival: arrival.seconds)
    first = ordered[0].seconds
    return (Arrival(each.seconds - first, each.prompt_tokens, each.output_tokens, each.blocks) for each in ordered)
