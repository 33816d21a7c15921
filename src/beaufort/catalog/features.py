"""What a feature of Kubernetes is: its stage, its default and its form, from one minor version to the next."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from beaufort.errors import Problem, UsageError

OLDEST_MINOR = 30
"""The oldest minor version that the table speaks of: scheduling gates are stable since it."""

NEWEST_MINOR = 37
"""The newest minor version whose sources the table was read from; later ones are taken to be like it."""


class Stage(StrEnum):
    """How far a feature has come."""

    ABSENT = "absent"
    ALPHA = "alpha"
    BETA = "beta"
    STABLE = "stable"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Change:
    """What became of a feature in one minor version.

    Attributes:
        minor: The version since which it is so: 30 for 1.30.
        stage: Its stage since then.
        enabled: Whether it works without anybody turning it on.
        api: The group and version to write; empty when the feature is a field, an annotation or a flag of another API.
    """

    minor: int
    stage: Stage
    enabled: bool
    api: str = ""


@dataclass(frozen=True, slots=True)
class FeatureState:
    """A feature in one minor version.

    Attributes:
        feature: The feature.
        minor: The version, as it was asked for.
        stage: Its stage.
        enabled: Whether it works without anybody turning it on.
        api: The group and version to write; empty when it is part of another API.
    """

    feature: Feature
    minor: int
    stage: Stage
    enabled: bool
    api: str

    @property
    def possible(self) -> bool:
        """Whether the version knows the feature at all, be it behind a gate."""
        return self.stage not in {Stage.ABSENT, Stage.REMOVED}

    @property
    def reason(self) -> str:
        """One sentence that tells why the feature can be used, or what would be needed."""
        name, version = self.feature.name, f"Kubernetes 1.{self.minor}"
        if not self.possible:
            since = self.feature.enabled_since
            later = f"; it works from 1.{since} on" if self.stage is Stage.ABSENT and since else ""
            return f"{name} is {self.stage} in {version}{later}"
        if self.enabled:
            return f"{name} is {self.stage} and on in {version}"
        return f"{name} is {self.stage} and off in {version}: {self._switch()}"

    def _switch(self) -> str:
        gate = f"turn on the gate {self.feature.gate}" if self.feature.gate else "turn it on"
        where = f" of {', '.join(self.feature.components)}" if self.feature.components else ""
        api = f" and serve {self.api} (--runtime-config={self.api}=true)" if self.api else ""
        return f"{gate}{where}{api}"


@dataclass(frozen=True, slots=True)
class Feature:
    """One feature that a manifest or a node's configuration may use.

    Attributes:
        name: The name of its feature gate, where it ever had one of its own.
        writes: What is written to use it: a field, an annotation, a flag.
        changes: Its history, oldest first.
        source: The enhancement (KEP) or the file that says so.
        gate: The gate that turns it on; empty when there is none, or none any more.
        components: Where the gate has to be on.
        note: What else whoever writes it has to know.
    """

    name: str
    writes: str
    changes: tuple[Change, ...]
    source: str
    gate: str = ""
    components: tuple[str, ...] = ()
    note: str = ""

    @property
    def enabled_since(self) -> int | None:
        """The first minor version in which it works without anybody turning it on."""
        return next((change.minor for change in self.changes if change.enabled), None)

    def at(self, minor: int) -> FeatureState:
        """Return the feature as minor version ``minor`` has it. Versions newer than the table are like its newest.

        Raises:
            UsageError: The version is older than the table.
        """
        if minor < OLDEST_MINOR:
            what = f"Kubernetes 1.{minor} is too old"
            raise UsageError(Problem(what, remedy=f"use a cluster of version 1.{OLDEST_MINOR} or newer"))
        now = Change(0, Stage.ABSENT, enabled=False)
        for change in self.changes:
            if change.minor <= minor:
                now = change
        return FeatureState(self, minor, now.stage, now.enabled, now.api)


def alpha(minor: int, api: str = "") -> Change:
    """Return the change to alpha, which is off: no API or field of that stage works by default."""
    return Change(minor, Stage.ALPHA, enabled=False, api=api)


def beta(minor: int, api: str = "", *, enabled: bool = True) -> Change:
    """Return the change to beta; fields are mostly on, new APIs are off."""
    return Change(minor, Stage.BETA, enabled, api)


def stable(minor: int, api: str = "") -> Change:
    """Return the change to stable, which is on."""
    return Change(minor, Stage.STABLE, enabled=True, api=api)


def removed(minor: int) -> Change:
    """Return the change to removed: what is written is refused or ignored."""
    return Change(minor, Stage.REMOVED, enabled=False)
