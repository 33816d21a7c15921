"""Checks of what the account may do, and of the namespace in which it is to be done."""

from __future__ import annotations

from beaufort.doctor.facts import Cluster, Need, name_of
from beaufort.doctor.result import Result, failed, listed, ok, unknown, warning

_ENFORCE = "pod-security.kubernetes.io/enforce"


def rights(cluster: Cluster, _: Need) -> Result:
    """Check that the account has the rights that a deployment needs."""
    if not cluster.rights:
        return unknown("the server does not say what the account may do")
    missing = [each.name for each in cluster.rights if not each.held]
    if missing:
        remedy = "ask for the rights that 'beaufort deploy --print-rbac' prints"
        return failed(f"{len(missing)} of {len(cluster.rights)} rights are missing: {listed(missing)}", remedy)
    return ok(f"all {len(cluster.rights)} rights that a deployment needs")


def namespace(cluster: Cluster, need: Need) -> Result:
    """Check that the namespace can be used, and what it enforces of pods."""
    found = {name_of(each): each for each in cluster.all("namespaces")}
    mine = found.get(cluster.namespace)
    if mine is None:
        return ok(f"namespace {cluster.namespace} is not there yet: deploy makes it")
    if "deletionTimestamp" in mine["metadata"]:
        return failed(f"namespace {cluster.namespace} is being deleted", "wait until it is gone, or choose another")
    enforced = (mine["metadata"].get("labels") or {}).get(_ENFORCE, "privileged")
    if enforced != "privileged" and not need.standard:
        remedy = f"choose another spec.storage.kind, or another namespace: directories of nodes break {enforced}"
        return failed(f"namespace {cluster.namespace} enforces {enforced}, which refuses the engines' pods", remedy)
    if enforced == "restricted" and not need.service:
        remedy = "choose a spec.storage.kind without directories of nodes: every other pod keeps it"
        return warning(f"namespace {cluster.namespace} enforces restricted", remedy)
    return ok(f"namespace {cluster.namespace} is there, and enforces {enforced}")
