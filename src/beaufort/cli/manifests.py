"""What a service's cluster is to have: its plan, rendered for the version that the cluster says it is."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from beaufort.catalog.features import OLDEST_MINOR
from beaufort.cli.cluster import say
from beaufort.errors import Problem, UsageError
from beaufort.kube.connection import Connection
from beaufort.kube.discovery import Discovery, MissingKindError
from beaufort.kube.reference import Object
from beaufort.kube.server import Version, missing, supported_version
from beaufort.plan.plan import Plan
from beaufort.render import Layer, RegionManifests, Setting, render

# A service answers alike without these, so where the cluster lacks their kinds they are left out with a word. All other
# kinds that not every cluster serves are there because the service file asks for them, or keep something out.
_OPTIONAL = frozenset({"monitoring"})


@dataclass(frozen=True, slots=True)
class Choice:
    """Which part of the manifests is wanted.

    Attributes:
        region: The plan's region; None if it has but one.
        only: Names of layers; all of them when empty.
        without: Names of layers that are left out.
    """

    region: str | None = None
    only: Collection[str] = ()
    without: Collection[str] = ()

    @property
    def whole(self) -> bool:
        """Whether the manifests are all that the service has, so that what is not among them is not wanted."""
        return not self.only


@dataclass(frozen=True, slots=True)
class Made:
    """What a cluster is to have.

    Attributes:
        plan: What was planned.
        setting: What names the objects.
        version: The cluster's version.
        things: The objects, as they are sent.
        notes: What became of the layers: sentences for the user.
        advice: What else is to be known of the manifests.
    """

    plan: Plan
    setting: Setting
    version: Version
    things: tuple[Object, ...]
    notes: tuple[str, ...]
    advice: tuple[str, ...]


async def make(connection: Connection, plan: Plan, choice: Choice) -> Made:
    """Return what a cluster is to have.

    Raises:
        TooOldError: The cluster's version is not supported.
        MissingKindError: The cluster lacks a kind of object without which the service is not what the file asks for.
        UsageError: The plan has several regions, or not the one that is named.
    """
    version = await supported_version(connection, OLDEST_MINOR)
    manifests = region_of(plan, version.minor, choice)
    discovery = Discovery(connection)
    things: list[Object] = []
    notes: list[str] = []
    advice: list[str] = []
    problems: list[Problem] = []
    for layer in manifests.layers:
        if layer.apart:
            notes.append(f"layer {layer.name} is not applied: {layer.apart}")
            continue
        mine = sent(layer)
        lacking = await missing(discovery, mine)
        if lacking and (layer.name not in _OPTIONAL or layer.name in choice.only):
            problems += (problem for error in lacking for problem in error.problems)
            continue
        kinds = {(error.api_version, error.kind) for error in lacking}
        things += [each for each in mine if (each["apiVersion"], each["kind"]) not in kinds]
        notes += (_left_out(layer, error) for error in lacking)
        advice += layer.notes
    if problems:
        raise MissingKindError(*problems)
    region = next(each for each in plan.regions if each.name == manifests.region)
    written = plan.service.spec.cluster.minor
    if "version" in plan.service.spec.cluster.model_fields_set and written != version.minor:
        notes.insert(0, f"the file says Kubernetes 1.{written}, the cluster is {version.text}: rendered for that")
    setting = Setting(plan, region, version.minor)
    return Made(plan, setting, version, tuple(things), tuple(notes), tuple(dict.fromkeys(advice)))


def tell_notes(made: Made) -> None:
    """Tell the user what became of the layers, and where the rest is told."""
    for note in made.notes:
        say(f"note: {note}")
    if made.advice:
        say(f"note: beaufort render tells {len(made.advice)} things to know about these manifests")


def region_of(plan: Plan, minor: int, choice: Choice) -> RegionManifests:
    """Return the manifests of one region's layers.

    Raises:
        UsageError: The plan has several regions, or not the one that is named.
    """
    names = [each.name for each in plan.regions]
    known = ", ".join(filter(None, names)) or "the plan has one region, without a name"
    if choice.region is None and len(names) > 1:
        raise UsageError(
            Problem("the plan has several regions, and a cluster is of one", "--region", f"name one: {known}")
        )
    if choice.region is not None and choice.region not in names:
        raise UsageError(Problem(f"the plan has no region {choice.region!r}", "--region", f"use one of: {known}"))
    regions = names if choice.region is None else [choice.region]
    (found,) = render(plan, minor=minor, only=choice.only, regions=[each for each in regions if each]).regions
    layers = tuple(each for each in found.layers if each.name not in choice.without)
    return RegionManifests(found.region, layers)


def sent(layer: Layer) -> list[Object]:
    """Return a layer's objects as JSON has them."""
    return [_plain(each) for each in layer.manifests]


def _plain(manifest: Mapping[str, object]) -> Object:
    found: Object = json.loads(json.dumps(manifest))
    return found


def _left_out(layer: Layer, error: MissingKindError) -> str:
    problem = error.problems[0]
    return f"{error.kind} of layer {layer.name} is left out: {problem.what}; {problem.remedy}"
