"""What a service needs of a cluster, for the doctor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from beaufort.catalog.accelerators import accelerator
from beaufort.catalog.labels import node_labels
from beaufort.cli.manifests import Choice, region_of, sent
from beaufort.doctor.facts import Need
from beaufort.kube.reference import Object
from beaufort.plan.plan import Plan
from beaufort.render import Setting
from beaufort.rollout.rights import Question, questions, rights

_METRICS = {"Resource": "metrics.k8s.io", "Pods": "custom.metrics.k8s.io", "External": "external.metrics.k8s.io"}


def needs(plan: Plan, choice: Choice, minor: int) -> tuple[Need, tuple[Question, ...]]:
    """Return what a service needs of its cluster, and the rights that deploying it takes."""
    manifests = region_of(plan, minor, choice)
    region = next(each for each in plan.regions if each.name == manifests.region)
    setting = Setting(plan, region, minor)
    things = [each for layer in manifests.layers if not layer.apart for each in sent(layer)]
    wide, inside = rights(things, setting.namespace, setting.names.gateway)
    return _need(setting, things), questions(wide, inside)


def _need(setting: Setting, things: Sequence[Object]) -> Need:
    need = Need(
        service=setting.name,
        kinds=frozenset((each["apiVersion"], each["kind"]) for each in things),
        classes=frozenset(_classes(things)),
        gates=frozenset(setting.spec.cluster.feature_gates),
        metrics=frozenset(_metrics(things)),
        standard=not any(_mounts_directory(each) for each in things),
    )
    return _with_accelerators(need, setting) if setting.accelerated else need


def _with_accelerators(need: Need, setting: Setting) -> Need:
    known = accelerator(setting.plan.shape.accelerator)
    labels = node_labels(known, setting.spec.cluster.provider)
    return replace(
        need,
        resource=setting.resource,
        products=frozenset(value for label in labels for value in label.values),
        per_node=setting.plan.shape.accelerators_per_node,
        pods=setting.plan.shape.nodes * sum(pool.replicas for pool in setting.region.pools),
    )


def _classes(things: Sequence[Object]) -> set[str]:
    """Return the classes of storage that are used and not made."""
    made = {each["metadata"]["name"] for each in things if each["kind"] == "StorageClass"}
    named = (each["spec"].get("storageClassName") for each in things if each["kind"] == "PersistentVolumeClaim")
    return {each for each in named if each} - made


def _metrics(things: Sequence[Object]) -> set[str]:
    scalers = (each for each in things if each["kind"] == "HorizontalPodAutoscaler")
    return {_METRICS[metric["type"]] for each in scalers for metric in each["spec"]["metrics"]}


def _mounts_directory(thing: Object) -> bool:
    volumes = thing.get("spec", {}).get("template", {}).get("spec", {}).get("volumes") or ()
    return any("hostPath" in each for each in volumes)
