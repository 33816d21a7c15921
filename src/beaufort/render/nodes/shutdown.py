"""How a node that shuts down divides the time that is left between engines and critical pods.

Graceful node shutdown is on since Kubernetes 1.21, but does nothing until it is given times: they default to 0. Times
longer than the machine has are worse than short ones: the last pods are then cut without any.
"""

from __future__ import annotations

from dataclasses import dataclass

from beaufort.plan.capacity import Pool
from beaufort.render.setting import Setting

# AWS tells two minutes ahead, Google Cloud and Azure 30 s; what others do is not known, so they get the shorter one.
_NOTICE_SECONDS = {"eks": 120}
_SHORTEST_NOTICE_SECONDS = 30
_DELAY_SECONDS = 5  # from the notice to the kubelet's, and from the last pod's end to the machine's
_CRITICAL_SECONDS = 10  # for logs, network and storage, which have nothing to finish but connections


@dataclass(frozen=True, slots=True)
class Division:
    """The time of a node that shuts down, in seconds.

    Attributes:
        pods: For engines and other usual pods.
        critical: After them, for critical pods.
        note: What is cut short, and what then happens; empty when nothing is.
    """

    pods: int
    critical: int
    note: str = ""


def notice_seconds(setting: Setting) -> int:
    """Return how long before its end a spot node is told."""
    given = setting.spec.nodes.reclaim_notice
    known = _NOTICE_SECONDS.get(setting.spec.cluster.provider, _SHORTEST_NOTICE_SECONDS)
    return known if given is None else int(given)


def division(setting: Setting, pool: Pool) -> Division:
    """Return how the nodes of ``pool`` divide their last time."""
    grace = setting.plan.lifecycle.grace_seconds
    if pool.capacity == "on-demand":
        return Division(pods=grace, critical=_CRITICAL_SECONDS)
    notice = notice_seconds(setting)
    left = max(notice - _DELAY_SECONDS, 2)
    critical = min(_CRITICAL_SECONDS, left // 2)
    pods = min(grace, left - critical)
    if pods == grace:
        return Division(pods, critical)
    note = (
        f"Spot nodes of {pool.name} are told {notice} s ahead: engines get {pods} s of their {grace} s to finish, "
        "and what still runs then is cut off."
    )
    return Division(pods, critical, note)
