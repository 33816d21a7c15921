"""What is run, and how: the form of the weights, the longest request, the cut, the engine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from beaufort.plan.question import Question
from beaufort.plan.remedy.change import Change
from beaufort.plan.remedy.knob import Changes, Tried
from beaufort.plan.setup import space
from beaufort.spec.parallelism import Parallelism

_BLOCK = 16


@dataclass(frozen=True, slots=True)
class Accuracy:
    """The loss of accuracy that is allowed, or the form of the weights when the file fixes it."""

    def loosest(self, question: Question) -> Changes:
        """Return that every form may be tried."""
        if len(question.precisions) > 1:
            return (Change(("spec", "objectives", "maxAccuracyLoss"), 1.0, "raise"),)
        if question.service.spec.model.quantisation == "auto":
            return ()  # the checkpoint has its form
        return (
            Change(("spec", "model", "quantisation"), "auto"),
            Change(("spec", "objectives", "maxAccuracyLoss"), 1.0, "raise"),
        )

    def settings(self, tried: Tried) -> Iterator[Changes]:
        """Yield the loss, or the form, of the chosen way."""
        way = tried.chosen.way
        if len(tried.question.precisions) > 1:
            allowed = tried.spec.objectives.max_accuracy_loss
            yield (
                (Change(("spec", "objectives", "maxAccuracyLoss"), way.loss, "raise"),) if way.loss > allowed else ()
            )
        elif tried.spec.model.quantisation != "auto":
            yield (Change(("spec", "model", "quantisation"), way.precision.value),)


@dataclass(frozen=True, slots=True)
class Context:
    """The longest request."""

    def loosest(self, question: Question) -> Changes:
        """Return the shortest context that still holds most requests."""
        asked = question.service.spec.model.context_length
        demand = question.demand
        least = int(demand.prompt.percentile(95) + demand.output.percentile(95)) // _BLOCK * _BLOCK + _BLOCK
        return (Change(("spec", "model", "contextLength"), least, "lower"),) if asked and least < asked else ()

    def settings(self, tried: Tried) -> Iterator[Changes]:
        """Yield what the memory of the chosen way holds."""
        asked, way = tried.spec.model.context_length, tried.chosen.way
        if asked is None:
            return
        for tokens in sorted(tried.question.budgets):
            _, blocks = space(tried.question.architecture, way.accelerator, way.precision, way.shape, tokens)
            held = blocks * tried.question.block_size
            if held < asked:
                yield (Change(("spec", "model", "contextLength"), held, "lower"),)
        if not self.loosest(tried.question):
            yield ()


@dataclass(frozen=True, slots=True)
class Cut:
    """How a replica is cut."""

    def loosest(self, question: Question) -> Changes:
        """Return that the plan decides."""
        asked = question.service.spec.parallelism
        return (Change(("spec", "parallelism"), None),) if asked != Parallelism() else ()

    def settings(self, tried: Tried) -> Iterator[Changes]:
        """Yield the cut of the chosen way."""
        asked, shape = tried.spec.parallelism, tried.chosen.way.shape
        yield tuple(
            Change(("spec", "parallelism", name), count)
            for name, count, mine in (
                ("tensor", shape.tensor_parallel, asked.tensor),
                ("pipeline", shape.pipeline_parallel, asked.pipeline),
            )
            if count != (mine or 1)
        )


@dataclass(frozen=True, slots=True)
class Engine:
    """The embedded engine, when the file asks for it."""

    def loosest(self, question: Question) -> Changes:
        """Return that accelerators serve instead."""
        return (Change(("spec", "engine"), "vllm"),) if question.service.spec.engine == "openvino" else ()

    def settings(self, tried: Tried) -> Iterator[Changes]:
        """Yield the same."""
        yield self.loosest(tried.question)
