"""A service that cannot be planned: why, and what would make it possible."""

from __future__ import annotations

from collections.abc import Sequence

from beaufort.errors import BeaufortError, Problem
from beaufort.plan.change import Change
from beaufort.plan.question import Question
from beaufort.plan.search import Found
from beaufort.plan.way import Stage


class PlanError(BeaufortError):
    """Nothing keeps every objective within the bounds of the file.

    Attributes:
        remedies: Sets of changes of the file, each of which makes a plan possible, the least first. Each was tried.
    """

    exit_code = 1

    def __init__(self, *problems: Problem, remedies: Sequence[tuple[Change, ...]] = ()) -> None:
        super().__init__(*problems)
        self.remedies = tuple(remedies)


def told(remedies: Sequence[tuple[Change, ...]]) -> str:
    """Return remedies as one sentence."""
    return "; or ".join(" and ".join(map(str, changes)) for changes in remedies)


def impossible(question: Question, found: Found, remedies: Sequence[tuple[Change, ...]]) -> PlanError:
    """Return the error of a question that no way answers: the nearest way on each accelerator, and what to change."""
    count = len(found.refused)
    what = f"none of {count} ways keeps every objective" if count != 1 else "the only way does not keep every objective"
    problems = [Problem(what, "spec", told(remedies) or _NOTHING)]
    for name in list(dict.fromkeys(each.way.accelerator.name for each in found.refused))[:_MOST_TOLD]:
        its = [each for each in found.refused if each.way.accelerator.name == name]
        memory = [each for each in its[1:] if each.stage is Stage.MEMORY][:1]
        problems += [Problem(f"{each.way}: {each.why}", _entries(question, name)) for each in (its[0], *memory)]
    return PlanError(*problems, remedies=remedies)


_MOST_TOLD = 6
_NOTHING = "ask for less: fewer or shorter requests, longer latencies, a smaller model"


def _entries(question: Question, accelerator: str) -> str:
    """Return where the file names an accelerator; its name when it names none."""
    entries = [offer.entry for offer in question.offers if offer.accelerator.name == accelerator]
    named = [f"spec.accelerators[{entry}]" for entry in entries if entry is not None]
    return ", ".join(named)
