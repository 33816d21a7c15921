"""A service that cannot be planned: why, and what would make it possible."""

from __future__ import annotations

from collections.abc import Sequence

from beaufort.errors import BeaufortError, Problem
from beaufort.plan.question import Question
from beaufort.plan.remedy.change import Change
from beaufort.plan.search import Found
from beaufort.plan.way import Refused, Stage


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
    problems += [
        Problem(f"{each.way}: {each.why}", _entries(question, each.way.accelerator.name))
        for each in _nearest(found.refused)[:_MOST_TOLD]
    ]
    return PlanError(*problems, remedies=remedies)


_MOST_TOLD = 8
_NOTHING = "ask for less: fewer or shorter requests, longer latencies, a smaller model"


def _nearest(refused: Sequence[Refused]) -> list[Refused]:
    """Return of each accelerator the way that came nearest, and the first that failed at each other hurdle."""
    found: dict[tuple[str, Stage], Refused] = {}
    for each in refused:
        found.setdefault((each.way.accelerator.name, each.stage), each)
    names = list(dict.fromkeys(name for name, _ in found))
    return sorted(found.values(), key=lambda each: names.index(each.way.accelerator.name))


def _entries(question: Question, accelerator: str) -> str:
    """Return where the file names an accelerator; its name when it names none."""
    entries = [offer.entry for offer in question.offers if offer.accelerator.name == accelerator]
    named = [f"spec.accelerators[{entry}]" for entry in entries if entry is not None]
    return ", ".join(named)
