"""The rights that it takes to deploy, from the objects."""

from __future__ import annotations

from typing import Any

from beaufort.rollout.rights import questions, rights


def thing(api: str, kind: str, name: str, namespace: str = "", **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    place = {"namespace": namespace} if namespace else {}
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name, **place}, **more}


RULE = {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["list"]}
RBAC = "rbac.authorization.k8s.io/v1"
THINGS = [
    thing("v1", "Namespace", "chat"),
    thing("scheduling.k8s.io/v1", "PriorityClass", "p"),
    thing("apps/v1", "Deployment", "d", "chat"),
    thing("networking.k8s.io/v1", "NetworkPolicy", "n", "chat"),
    thing(RBAC, "Role", "r", "chat", rules=[RULE]),
    thing(RBAC, "RoleBinding", "r", "chat", roleRef={"kind": "Role", "name": "r"}),
    thing(RBAC, "RoleBinding", "b", "kube-system", roleRef={"kind": "Role", "name": "reader"}),
    thing(RBAC, "ClusterRoleBinding", "c", roleRef={"kind": "ClusterRole", "name": "system:kube-scheduler"}),
]


def asked() -> set[str]:
    return set(map(str, questions(*rights(THINGS, "chat", "svc-gateway"))))


def test_objects_of_the_whole_cluster_are_touched_by_name_alone() -> None:
    assert {
        "create priorityclasses.scheduling.k8s.io in the cluster",
        "patch priorityclasses.scheduling.k8s.io p in the cluster",
        "delete priorityclasses.scheduling.k8s.io p in the cluster",
        "patch namespaces chat in the cluster",
    } <= asked()
    assert "patch priorityclasses.scheduling.k8s.io in the cluster" not in asked()
    assert not any(each.startswith(("create namespaces", "delete namespaces")) for each in asked())


def test_the_namespace_is_free_within_the_kinds_that_are_there() -> None:
    assert {
        "create deployments.apps in chat",
        "delete networkpolicies.networking.k8s.io in chat",
        "patch configmaps in chat",
        "watch pods in chat",
        "watch replicasets.apps in chat",
        "get pods/log in chat",
        "create services/proxy svc-gateway:http in chat",
    } <= asked()
    assert not any("secrets" in each for each in asked())


def test_who_makes_a_role_has_its_rights_and_may_bind_those_of_others_by_name() -> None:
    assert {
        "list endpointslices.discovery.k8s.io in chat",
        "bind roles.rbac.authorization.k8s.io reader in kube-system",
        "bind clusterroles.rbac.authorization.k8s.io system:kube-scheduler in the cluster",
        "patch rolebindings.rbac.authorization.k8s.io b in kube-system",
    } <= asked()
    assert "bind roles.rbac.authorization.k8s.io r in chat" not in asked()


def test_in_another_namespace_only_what_is_ours_is_touched() -> None:
    elsewhere = {each for each in asked() if each.endswith("in kube-system")}
    named = {each for each in elsewhere if each.startswith(("get", "patch", "delete"))}
    assert all(" b in kube-system" in each for each in named)
