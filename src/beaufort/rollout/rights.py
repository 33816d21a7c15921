"""The rights that it takes to deploy a service, and none besides.

In the service's namespace the deployer may do what it likes with the kinds that the service has: names come and go with
the plan. In the cluster and in other namespaces it may touch only the objects of this service, by name, and make new
ones of their kinds, which Kubernetes cannot bind to a name.

Whoever makes a Role has to have the rights that the Role gives, and whoever binds somebody else's has to be allowed to
bind it (https://kubernetes.io/docs/reference/access-authn-authz/rbac/#privilege-escalation-prevention-and-bootstrapping):
so the deployer gets the same rules, and `bind` on those roles by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from beaufort.catalog.kinds import plural
from beaufort.rollout.finding import Object

_RBAC = "rbac.authorization.k8s.io"
_NAMED = ("get", "patch", "delete")
_WATCHED = frozenset(
    {
        "Deployment",
        "DaemonSet",
        "StatefulSet",
        "LeaderWorkerSet",
        "Job",
        "PersistentVolumeClaim",
        "HorizontalPodAutoscaler",
    }
)

Rule = Object


@dataclass(frozen=True, slots=True)
class Question:
    """One right that an account may have.

    Attributes:
        verb: What is to be done.
        group: The API group; empty for the core.
        resource: ``pods``.
        subresource: ``log``; empty for none.
        namespace: Where; empty for the whole cluster.
        name: The object; empty for any.
    """

    verb: str
    group: str
    resource: str
    subresource: str
    namespace: str
    name: str

    def __str__(self) -> str:
        kind = ".".join(filter(None, (self.resource, self.group))) + (
            f"/{self.subresource}" if self.subresource else ""
        )
        return f"{self.verb} {kind}{f' {self.name}' if self.name else ''} in {self.namespace or 'the cluster'}"


def questions(wide: Iterable[Rule], inside: Mapping[str, Iterable[Rule]]) -> tuple[Question, ...]:
    """Return every single right that rules give, each once."""
    rules = [("", rule) for rule in wide] + [(space, rule) for space, found in inside.items() for rule in found]
    return tuple(
        dict.fromkeys(
            Question(verb, group, *_split(resource), space, name)
            for space, rule in rules
            for group in rule["apiGroups"]
            for resource in rule["resources"]
            for verb in rule["verbs"]
            for name in rule.get("resourceNames") or ("",)
        )
    )


def _split(resource: str) -> tuple[str, str]:
    whole, _, part = resource.partition("/")
    return whole, part


def rights(
    things: Sequence[Object], namespace: str, gateway: str
) -> tuple[tuple[Rule, ...], dict[str, tuple[Rule, ...]]]:
    """Return the rules for the whole cluster, and those for each namespace.

    Args:
        things: The service's objects.
        namespace: The service's namespace.
        gateway: The gateway's Service, which is asked in the end.
    """
    wide = [each for each in things if "namespace" not in each["metadata"]]
    spaces = sorted({each["metadata"]["namespace"] for each in things if "namespace" in each["metadata"]} | {namespace})
    inside = {space: [each for each in things if each["metadata"].get("namespace") == space] for space in spaces}
    rules = {space: (*_named(found), *_granted(found, "Role")) for space, found in inside.items() if space != namespace}
    own = inside[namespace]
    rules[namespace] = (*_free(own), *_watching(own), *_asking(gateway), *_granted(own, "Role"))
    return (*_of_namespaces(wide), *_named(_but_namespaces(wide)), *_granted(wide, "ClusterRole")), rules


def _of_namespaces(things: Iterable[Object]) -> Iterator[Rule]:
    """Yield the rule for the namespace itself, which has to be there before a Role can be."""
    names = sorted(each["metadata"]["name"] for each in things if each["kind"] == "Namespace")
    if names:
        yield _rule("", ["namespaces"], ["get", "patch"], names)


def _but_namespaces(things: Iterable[Object]) -> list[Object]:
    return [each for each in things if each["kind"] != "Namespace"]


def _named(things: Iterable[Object]) -> Iterator[Rule]:
    for (group, resource), names in sorted(_by_resource(things).items()):
        yield _rule(group, [resource], _NAMED, sorted(names))
        yield _rule(group, [resource], ["create"])


def _free(things: Iterable[Object]) -> Iterator[Rule]:
    found = _by_resource(things)
    found.setdefault(("", "configmaps"), [])  # the inventory
    for group in sorted({group for group, _ in found}):
        yield _rule(group, sorted(resource for each, resource in found if each == group), ["create", *_NAMED])


def _watching(things: Iterable[Object]) -> Iterator[Rule]:
    found = set(_by_resource(each for each in things if each["kind"] in _WATCHED))
    found |= {("apps", "replicasets"), ("", "pods"), ("", "events")}
    for group in sorted({group for group, _ in found}):
        yield _rule(group, sorted(resource for each, resource in found if each == group), ["list", "watch"])


def _asking(gateway: str) -> Iterator[Rule]:
    yield _rule("", ["pods/log"], ["get"])
    yield _rule("", ["services/proxy"], ["create"], [f"{gateway}:http"])


def _granted(things: Sequence[Object], kind: str) -> Iterator[Rule]:
    """Yield what is needed to make roles and to bind them."""
    own = {(each["kind"], each["metadata"]["name"]) for each in things if each["kind"] in {"Role", "ClusterRole"}}
    for each in things:
        if each["kind"] == kind:
            yield from each["rules"]
    bound = {
        (each["roleRef"]["kind"], each["roleRef"]["name"])
        for each in things
        if each["kind"] in {"RoleBinding", "ClusterRoleBinding"}
    }
    for role in ("ClusterRole", "Role"):
        names = sorted(name for found, name in bound - own if found == role)
        if names:
            yield _rule(_RBAC, [plural(role)], ["bind"], names)


def _by_resource(things: Iterable[Object]) -> dict[tuple[str, str], list[str]]:
    found: dict[tuple[str, str], list[str]] = {}
    for each in things:
        group = each["apiVersion"].rpartition("/")[0]
        found.setdefault((group, plural(each["kind"])), []).append(each["metadata"]["name"])
    return found


def _rule(group: str, resources: Sequence[str], verbs: Sequence[str], names: Sequence[str] = ()) -> Rule:
    named = {"resourceNames": list(names)} if names else {}
    return {"apiGroups": [group], "resources": list(resources), **named, "verbs": list(verbs)}
