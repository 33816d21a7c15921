"""The two forms in which Cluster API takes its objects, and which of its releases make which Kubernetes.

``v1beta2`` is served since 1.11, ``v1beta1`` no longer from 1.16 on. They differ in how one object refers to another,
in times (``5m`` or seconds), and in the kubelet's arguments (a mapping or a list). Which form of kubeadm's own
configuration a machine gets (v1beta3 up to Kubernetes 1.30, v1beta4 later) is Cluster API's affair.
"""

from __future__ import annotations

from collections.abc import Mapping

from beaufort.errors import Problem, UsageError
from beaufort.render.manifest import Json
from beaufort.render.setting import Setting
from beaufort.spec.provision import ClusterApi, Template

_V1BETA2_SINCE = 11
# docs/book/src/reference/versions.md of each release: the oldest and newest Kubernetes of its workload clusters.
_NEWEST = {7: 30, 8: 31, 9: 32, 10: 33, 11: 34, 12: 36, 13: 36, 14: 36}
_OLDEST = {14: 31}
_FIRST_TO_DROP_1_30 = 14


def check(setting: Setting, provision: ClusterApi) -> None:
    """Check that this release makes clusters of the wanted version.

    Raises:
        UsageError: It does not; the remedy names releases that do.
    """
    release = provision.release
    newest = _NEWEST.get(release, setting.minor)
    oldest = _OLDEST.get(release, setting.minor if release < _FIRST_TO_DROP_1_30 else _OLDEST[_FIRST_TO_DROP_1_30])
    if oldest <= setting.minor <= newest:
        return
    fitting = [f"1.{known}" for known, most in _NEWEST.items() if _OLDEST.get(known, 0) <= setting.minor <= most]
    raise UsageError(
        Problem(
            f"Cluster API {provision.version} makes no clusters of Kubernetes {setting.version}",
            "spec.cluster.provision.version",
            f"use {', '.join(fitting)}" if fitting else "use a release whose documentation names that version",
        ),
    )


def is_v1beta2(provision: ClusterApi) -> bool:
    """Return whether objects are written as ``v1beta2``."""
    return provision.release >= _V1BETA2_SINCE


def api(provision: ClusterApi, group: str = "") -> str:
    """Return the ``apiVersion`` of Cluster API's own objects: of its core, or of ``bootstrap`` or ``controlplane``."""
    version = "v1beta2" if is_v1beta2(provision) else "v1beta1"
    return f"{f'{group}.' if group else ''}cluster.x-k8s.io/{version}"


def reference(provision: ClusterApi, template: Template) -> Json:
    """Return how an object refers to another."""
    if is_v1beta2(provision):
        return {"apiGroup": template.group, "kind": template.kind, "name": template.name}
    return {"apiVersion": f"{template.group}/{template.version}", "kind": template.kind, "name": template.name}


def own(provision: ClusterApi, group: str, kind: str, name: str) -> Json:
    """Return how an object refers to one of Cluster API's own."""
    api_group, _, version = api(provision, group).partition("/")
    return reference(provision, Template.model_construct(group=api_group, version=version, kind=kind, name=name))


def arguments(provision: ClusterApi, values: Mapping[str, str]) -> Json:
    """Return the arguments of a program."""
    if is_v1beta2(provision):
        return [{"name": name, "value": value} for name, value in values.items()]
    return dict(values)
