"""A bound of a service file that may be in the way of a plan: loosened as far as it goes, then set to need."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from beaufort.plan.question import Question
from beaufort.plan.remedy.change import Change
from beaufort.plan.search import Found
from beaufort.plan.way import Served
from beaufort.spec.service import Spec

Changes: TypeAlias = tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Tried:
    """What became possible without a bound.

    Attributes:
        question: What was asked.
        loosened: The same without this bound, and perhaps without others.
        found: What was found then.
    """

    question: Question
    loosened: Question
    found: Found

    @property
    def spec(self) -> Spec:
        """What is wanted."""
        return self.question.service.spec

    @property
    def chosen(self) -> Served:
        """The cheapest way that serves then."""
        return self.found.served[0]


class Knob(Protocol):
    """One bound, or several of a kind."""

    def loosest(self, question: Question) -> Changes:
        """Return the changes that take the bound away; none when the file does not set it."""

    def settings(self, tried: Tried) -> Iterator[Changes]:
        """Yield what the bound should be, the most modest first."""
