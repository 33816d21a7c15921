"""What the scheduler says of a pod that has no place, in words with a remedy.

The message is ``0/5 nodes are available: 2 Insufficient nvidia.com/gpu, 3 node(s) had untolerated taint {a: b}.
preemption: ...``: one reason with the number of nodes, again and again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_HEAD = re.compile(r"^(\d+)/(\d+) nodes are available: (.*)$", re.DOTALL)
_REASON = re.compile(r"^(\d+) (.+)$", re.DOTALL)
# A comma also stands within the braces of a taint.
_COMMA = re.compile(r",\s+(?=\d+ )")

_REMEDIES = (
    (
        re.compile(r"Insufficient (\S*gpu\S*)"),
        "free accelerators or add nodes with {0}; 'beaufort doctor' shows what each node offers",
    ),
    (re.compile(r"Insufficient (cpu|memory|ephemeral-storage)"), "add nodes with more {0}, or choose larger ones"),
    (re.compile(r"untolerated taint \{([^}:]+)"), "remove the taint {0}, or let the pods tolerate it"),
    (
        re.compile(r"didn't match Pod's node affinity/selector"),
        "plan for accelerators that the nodes have, or label the nodes; 'beaufort doctor FILE' compares them",
    ),
    (re.compile(r"volume node affinity conflict"), "the volume is in another zone: add a node there, or make it anew"),
    (re.compile(r"unbound immediate PersistentVolumeClaims"), "see why the claim is not bound: its storage class"),
    (re.compile(r"topology spread constraints"), "add nodes in the zones that lack them"),
    (re.compile(r"were unschedulable"), "uncordon the nodes: kubectl uncordon"),
    (re.compile(r"Too many pods"), "add nodes, or raise the kubelet's maxPods"),
    (re.compile(r"persistentvolumeclaim \"([^\"]+)\" not found"), "the claim {0} is missing: deploy again"),
)


@dataclass(frozen=True, slots=True)
class Unschedulable:
    """Why no node takes a pod.

    Attributes:
        what: ``no node of 5 takes it: 2 lack nvidia.com/gpu ...``.
        remedy: What would help, for the reason that holds back most nodes.
    """

    what: str
    remedy: str


def explain(message: str) -> Unschedulable:
    """Return what a scheduler's message says."""
    message = message.split(" preemption:", maxsplit=1)[0].strip()
    head = _HEAD.match(message)
    if message.startswith("no nodes available"):
        return Unschedulable("the cluster has no node", "add nodes")
    if head is None:
        return Unschedulable(message or "the scheduler found no place", _remedy(message))
    nodes = int(head[2])
    if nodes == 0:
        return Unschedulable("the cluster has no node", "add nodes")
    reasons = [match for part in _COMMA.split(head[3].rstrip(". ")) if (match := _REASON.match(part))]
    reasons.sort(key=lambda match: -int(match[1]))
    shown = ", ".join(f"{match[1]} {match[2].removeprefix('node(s) ')}" for match in reasons) or head[3].rstrip(". ")
    remedies = [remedy for reason in [*(match[2] for match in reasons), head[3]] if (remedy := _remedy(reason))]
    return Unschedulable(f"no node of {nodes} takes it: {shown}", remedies[0] if remedies else "")


def _remedy(reason: str) -> str:
    for pattern, remedy in _REMEDIES:
        if found := pattern.search(reason):
            return remedy.format(*found.groups())
    return ""
