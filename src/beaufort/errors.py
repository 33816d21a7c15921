"""The one root of every error a user may meet: what is wrong, where, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        what: One sentence, without a full stop.
        where: The place, as the user names it: a field path, a file, an address. Empty when there is none.
        remedy: What to do next, one sentence. Empty when nothing can be done.
    """

    what: str
    where: str = ""
    remedy: str = ""

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        remedy = f" ({self.remedy})" if self.remedy else ""
        return f"{place}{self.what}{remedy}"


class BeaufortError(Exception):
    """An error with a remedy. The command line prints its problems and exits with ``exit_code``.

    Every package derives its own errors from this one and chains the cause.
    """

    exit_code = 1

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = problems


class UsageError(BeaufortError):
    """The user's input cannot be used: a file, a flag, a name. Exit code 2, as for a wrong option."""

    exit_code = 2


class UnavailableError(BeaufortError):
    """Something outside that is needed is missing or busy: a port, memory, a model. Exit code 3."""

    exit_code = 3
