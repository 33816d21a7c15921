"""What would make a service possible that no way can serve: changes of its file, each of them tried.

One bound after another is taken away. When that makes the service possible, the bound is set to what is then needed,
and the service is asked for again with just that change: what still fails is not told. When no single bound is in the
way, several are loosened together, and all that are exceeded are told together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from beaufort.errors import BeaufortError
from beaufort.plan.judge import Judge
from beaufort.plan.question import Question
from beaufort.plan.remedy.capacity import Accelerators, Budget, Nodes, PerNode, Replicas
from beaufort.plan.remedy.change import changed
from beaufort.plan.remedy.knob import Changes, Knob, Tried
from beaufort.plan.remedy.model import Accuracy, Context, Cut, Engine
from beaufort.plan.remedy.objectives import Availability, Latencies, Rate
from beaufort.plan.search import Found, search
from beaufort.spec.service import MistralService

Asker = Callable[[MistralService], Question]

_SINGLE: tuple[Knob, ...] = (
    Budget(),
    Replicas(),
    Nodes(),
    PerNode(),
    Cut(),
    Latencies(),
    Context(),
    Accuracy(),
    Availability(),
    Accelerators(),
    Engine(),
)
_GENEROUS = Latencies((1.6, 2.5, 5.0))
_TOGETHER: tuple[tuple[Knob, ...], ...] = (
    (Nodes(), Replicas(), Budget()),
    (Context(), Nodes(), Replicas(), Budget()),
    (_GENEROUS, Nodes(), Replicas(), Budget()),
    (Accuracy(), Nodes(), Replicas(), Budget()),
    (Accelerators(), Replicas(), Budget()),
    (Engine(), Nodes(), Replicas(), Budget()),
    (Rate(),),
    (_GENEROUS, Context(), Accuracy(), PerNode(), Availability(), Nodes(), Replicas(), Budget()),
    (_GENEROUS, Accelerators(), Replicas(), Budget()),
    (_GENEROUS, Context(), Accuracy(), PerNode(), Availability(), Rate()),
)
_MOST_TOLD = 4
_MOST_EFFORT = 60.0
"""What is worked out, the first search included, before the search for remedies ends: about a second's work."""


def remedies(question: Question, ask: Asker, judge: Judge) -> tuple[Changes, ...]:
    """Return sets of changes, each of which makes ``question`` possible; none when nothing was found.

    Args:
        question: The question that has no answer.
        ask: Makes a question of a changed service.
        judge: What gave no answer, and remembers how replicas behave.
    """
    single = [changes for knob in _SINGLE if (changes := _settled(question, (knob,), ask, judge))]
    if single:
        return tuple(single[:_MOST_TOLD])
    return next(((changes,) for knobs in _TOGETHER if (changes := _settled(question, knobs, ask, judge))), ())


def _settled(question: Question, knobs: tuple[Knob, ...], ask: Asker, judge: Judge) -> Changes:
    """Return modest changes of these bounds that suffice; none when they do not.

    One bound after the other is set, while those after it are still loose.
    """
    loose = [knob.loosest(question) for knob in knobs]
    reached = _found(question, _flat(loose), ask, judge) if any(loose) else None
    if reached is None:
        return ()
    changes: Changes = ()
    for position, knob in enumerate(knobs):
        if not loose[position]:
            continue
        for setting in knob.settings(Tried(question, *reached)):
            after = _found(question, (*changes, *setting, *_flat(loose[position + 1 :])), ask, judge)
            if after is not None:
                changes, reached = (*changes, *setting), after
                break
        else:
            return ()
    return changes


def _flat(parts: Sequence[Changes]) -> Changes:
    return tuple(change for part in parts for change in part)


def _found(question: Question, changes: Changes, ask: Asker, judge: Judge) -> tuple[Question, Found] | None:
    """Return the question after ``changes`` and what a search finds; None when that is nothing."""
    if judge.effort > _MOST_EFFORT:
        return None
    try:
        loosened = ask(changed(question.service, changes))
        found = search(loosened, judge, thorough=False)
    except (BeaufortError, ValueError):  # a change that the file's own rules refuse
        return None
    return (loosened, found) if found.served else None
