"""What keeps workloads from making pods, and claims from their volumes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from beaufort.rollout.finding import Cause, Finding, Object, condition, place

_QUOTA = re.compile(r"exceeded quota: ([^,]+), (.*)")
_WEBHOOK = re.compile(r'webhook "([^"]+)"')


def workload_findings(workload: Object, events: Iterable[Object]) -> Iterator[Finding]:
    """Yield what keeps a workload from making its pods.

    Args:
        workload: A Deployment, ReplicaSet, StatefulSet, DaemonSet, LeaderWorkerSet or Job.
        events: Events of it and of the sets that it owns.
    """
    where = place(workload)
    failure = condition(workload, "ReplicaFailure")
    if failure is not None and failure["status"] == "True":
        yield refusal(str(failure.get("message", "")), where)
        return
    failed = condition(workload, "Failed")
    if workload.get("kind") == "Job" and failed is not None and failed["status"] == "True":
        yield Finding(Cause.CRASH, where, f"it failed: {failed.get('message')}", "the log of its last pod says why")
        return
    if workload.get("kind") == "Deployment" and workload.get("status", {}).get("conditions"):
        return  # it would say so itself; what events say may have been cured since
    for event in events:
        if event.get("reason") == "FailedCreate":
            yield refusal(str(event.get("message", "")), where)
            return


def refusal(message: str, where: str) -> Finding:
    """Return why a pod was not accepted by the API server."""
    what = f"its pods are refused: {message.rsplit('is forbidden: ', maxsplit=1)[-1].strip()}"
    if quota := _QUOTA.search(message):
        return Finding(Cause.QUOTA, where, what, f"raise the ResourceQuota {quota[1]}, or ask for less: {quota[2]}")
    if webhook := _WEBHOOK.search(message):
        remedy = f"the webhook {webhook[1]} decides this: do what it asks for, or see whether it runs"
        return Finding(Cause.WEBHOOK, where, what, remedy)
    if "violates PodSecurity" in message:
        remedy = "the namespace's pod-security label forbids it: see pod-security.kubernetes.io/enforce"
        return Finding(Cause.REFUSED, where, what, remedy)
    if "error looking up service account" in message:
        return Finding(Cause.CONFIGURATION, where, what, "deploy again: the service account is missing")
    if "no PriorityClass" in message:
        return Finding(Cause.CONFIGURATION, where, what, "deploy again: the priority class is missing")
    return Finding(Cause.REFUSED, where, what)


def claim_finding(claim: Object, events: Iterable[Object]) -> Finding | None:
    """Return what keeps a claim from its volume; None if it has one, or waits for its pod as it should."""
    if claim.get("status", {}).get("phase") == "Bound":
        return None
    where = place(claim)
    for event in events:
        reason, message = event.get("reason"), str(event.get("message", ""))
        if reason in {"ProvisioningFailed", "FailedBinding"}:
            remedy = "name a storage class that the cluster has: kubectl get storageclass; spec.storage of the file"
            return Finding(Cause.VOLUME, where, f"it gets no volume: {message}", remedy)
        if reason == "WaitForFirstConsumer":
            return None
    return Finding(Cause.VOLUME, where, "it waits for a volume")
