"""Which pods count: those of the newest form of what is wanted.

While a Deployment is rolled out, pods of its old form are still there, and so may be the workloads of an older plan.
What is wrong with those is what the roll-out cures.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from beaufort.rollout.finding import Object

_REVISION = "deployment.kubernetes.io/revision"


def newest(pods: Iterable[Object], objects: Sequence[Object], stale: Collection[str] = ()) -> tuple[Object, ...]:
    """Return the pods that count.

    Args:
        pods: All pods of a service.
        objects: The service's objects; Deployments and ReplicaSets tell which revision is the newest.
        stale: Names of workloads that are not wanted any more.
    """
    old = _old_sets(objects)
    names = {str(each["metadata"]["name"]) for each in objects if each.get("kind") != "ReplicaSet"} | set(stale)
    return tuple(pod for pod in pods if _owner(pod) not in old and _workload(_owner(pod), names) not in stale)


def _old_sets(objects: Iterable[Object]) -> set[str]:
    """Return the names of ReplicaSets that are not their Deployment's newest."""
    objects = tuple(objects)
    newest = {
        str(each["metadata"]["name"]): (each["metadata"].get("annotations") or {}).get(_REVISION)
        for each in objects
        if each.get("kind") == "Deployment"
    }
    return {
        str(each["metadata"]["name"])
        for each in objects
        if each.get("kind") == "ReplicaSet"
        and (each["metadata"].get("annotations") or {}).get(_REVISION) != newest.get(_owner(each))
    }


def _owner(thing: Object) -> str:
    owners = thing["metadata"].get("ownerReferences") or ()
    return next((str(each["name"]) for each in owners if each.get("controller")), "")


def _workload(owner: str, names: Collection[str]) -> str:
    """Return the workload that an owner of pods belongs to: what it owns carries its name and something behind it."""
    return max((name for name in names if owner == name or owner.startswith(f"{name}-")), key=len, default="")
