"""How a deployment ended, for people and for programs."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass

import click

from beaufort.cli.cluster import say
from beaufort.cli.manifests import Made
from beaufort.cli.output import print_json
from beaufort.errors import BeaufortError, Problem
from beaufort.kube.apply import Change
from beaufort.kube.reference import Reference
from beaufort.kube.settling import Outcome
from beaufort.rollout import Finding
from beaufort.rollout.verdict import concerning
from beaufort.units import show_seconds

_UNREACHED = (
    "let the API server reach the gateway's pods (a policy or a firewall is between them), or deploy with --no-ask"
)


class NotAnsweringError(BeaufortError):
    """The objects are applied, and the model does not answer."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened.

    Attributes:
        seconds: Since the beginning.
        event: ``created`` and its like, ``ready``, or a cause: ``image``.
        where: The object.
        details: More about it.
    """

    seconds: float
    event: str
    where: str
    details: str


@dataclass(frozen=True, slots=True)
class Report:
    """How a deployment ended.

    Attributes:
        made: What the cluster was to have.
        server: The cluster's address.
        changes: What was done to each object.
        events: What happened, in its order.
        outcome: How the wait ended; None if nobody waited.
        left: What is not wanted any more and is still there, because the new does not answer yet.
    """

    made: Made
    server: str
    changes: tuple[Change, ...]
    events: tuple[Event, ...]
    outcome: Outcome | None
    left: tuple[Reference, ...]

    def show(self, output: str, seconds: float) -> None:
        """Print it.

        Args:
            output: ``text`` or ``json``.
            seconds: How long it took.

        Raises:
            NotAnsweringError: The model does not answer.
        """
        if output == "json":
            print_json(self._document(seconds))
        if self.outcome is not None and not self.outcome.good:
            raise self._error(self.outcome)
        if output == "text":
            click.echo(self._summary(seconds))

    def _counts(self) -> Counter[str]:
        return Counter(str(change.verb) for change in self.changes)

    def _summary(self, seconds: float) -> str:
        counts = self._counts()
        changed = counts["configured"] + counts["replaced"]
        numbers = f"{counts['created']} created, {changed} changed, {counts['deleted']} deleted"
        name = self.made.setting.name
        if self.outcome is None:
            return f"{name} is applied: {numbers}; beaufort status {name} -n {self.made.setting.namespace} tells more"
        said = {
            "answers": "answers",
            "ready": f"is ready, {self.outcome.what or 'and was not asked'}",
            "asleep": "sleeps: no engine is wanted at the moment",
        }[self.outcome.kind]
        lines = [f"{name} {said} ({show_seconds(seconds)}): {numbers}"]
        return "\n".join([*lines, *(self._example() if self.outcome.kind == "answers" else ())])

    def _example(self) -> tuple[str, ...]:
        names, namespace = self.made.setting.names, self.made.setting.namespace
        body = {"model": self.made.plan.model.name, "messages": [{"role": "user", "content": "Hello!"}]}
        quoted = json.dumps(body).replace("'", r"'\''")
        return (
            "ask it something:",
            f"  kubectl -n {namespace} port-forward service/{names.gateway} 8080:80",
            "  curl http://127.0.0.1:8080/v1/chat/completions -H 'Content-Type: application/json' \\",
            f"    -d '{quoted}'",
        )

    def _error(self, outcome: Outcome) -> NotAnsweringError:
        for pod, lines in outcome.logs.items():
            say(f"the last words of pod {pod}:")
            for line in lines:
                say(f"  {line}")
        if self.left:
            say(f"note: what is not wanted any more stays until the new answers: {', '.join(map(str, self.left))}")
        name = self.made.setting.name
        if outcome.kind == "unreached":
            return NotAnsweringError(
                Problem(f"all is ready, and nobody knows whether it answers: {outcome.what}", name, _UNREACHED)
            )
        found = concerning(outcome.progress)
        told = [each for each in found if not each.passing] or list(found)
        why = "the time is up" if outcome.kind == "late" else "it does not get further by itself"
        first = Problem(
            f"it does not answer: {why}{'; ' + outcome.what if outcome.what else ''}",
            name,
            "" if told else _status(self.made),
        )
        return NotAnsweringError(first, *map(_problem, told))

    def _document(self, seconds: float) -> dict[str, object]:
        outcome, setting = self.outcome, self.made.setting
        return {
            "service": setting.name,
            "namespace": setting.namespace,
            "cluster": {"server": self.server, "version": self.made.version.text},
            "result": outcome.kind if outcome else "applied",
            "answer": outcome.what if outcome else "",
            "seconds": round(seconds, 3),
            "changes": [{"verb": each.verb, **asdict(each.reference)} for each in self.changes],
            "components": [asdict(each) for each in outcome.progress.components] if outcome else [],
            "findings": [document(each) for each in outcome.progress.findings] if outcome else [],
            "logs": dict(outcome.logs) if outcome else {},
            "left": [asdict(each) for each in self.left],
            "notes": (*self.made.notes, *self.made.advice),
            "events": self.events,
        }


def document(finding: Finding) -> dict[str, object]:
    """Return a finding for programs."""
    return {**asdict(finding), "passing": finding.passing}


def _problem(finding: Finding) -> Problem:
    return Problem(finding.what, finding.where, finding.remedy)


def _status(made: Made) -> str:
    return f"look again later: beaufort status {made.setting.name} -n {made.setting.namespace}"
