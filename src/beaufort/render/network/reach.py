"""Who of the service needs what, whatever form it is written in.

| Pods | Are asked by | Ask |
|---|---|---|
| gateway | clients, Prometheus | engines |
| engine | gateways, Prometheus, the operator; one another, if a replica spans nodes | the hub, if each downloads |
| model-loader | nobody | the hub |
| scheduler | nobody | the cluster's API |
| operator | the cluster's API, for metrics | the cluster's API, engines, gateways |
| all | | DNS |
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from beaufort.render import scheduler, weights
from beaufort.render.setting import Setting

Form: TypeAlias = Literal["none", "kubernetes", "cilium"]

HTTPS = 443
API_PORT = 6443  # of the API server itself, to which its Service's 443 leads
OPERATOR_PORT = 6443  # of the operator's metrics API


def form(setting: Setting) -> Form:
    """Return the form of the policies, ``auto`` decided."""
    wanted = setting.spec.network.policy
    if wanted == "auto":
        return "cilium" if setting.spec.cluster.cni == "cilium" else "kubernetes"
    return wanted


def service(setting: Setting) -> dict[str, str]:
    """Return the labels that all pods of the service have in common."""
    return {name: value for name, value in setting.selector("").items() if not name.endswith("/component")}


def downloading(setting: Setting) -> tuple[str, ...]:
    """Return the components that download the model."""
    by: dict[weights.Kept, tuple[str, ...]] = {
        "claim": ("model-loader",),
        "node": ("model-loader",),
        "pod": ("engine",),
        "given": (),
        "image": (),
        "nowhere": (),
    }
    return by[weights.kept(setting)]


def operated(setting: Setting) -> bool:
    """Return whether Beaufort's operator has something to do for the service."""
    return setting.gated or setting.spec.scaling.metrics == "beaufort"


def asking_the_api(setting: Setting) -> tuple[str, ...]:
    """Return the components that ask the cluster's API."""
    return (
        "gateway",  # watches which engines there are
        *(() if scheduler.is_default(setting) else ("scheduler",)),
        *(("operator",) if operated(setting) else ()),
    )


def asking_engines(setting: Setting) -> tuple[str, ...]:
    """Return the components that ask engines."""
    return ("gateway", *(("operator",) if operated(setting) else ()))


def grouped(setting: Setting) -> bool:
    """Return whether the pods of one replica talk to each other, on ports of their own choice."""
    return setting.grouped


def dns(setting: Setting) -> tuple[str, str, int]:
    """Return where the cluster's DNS runs: its namespace, the value of its label, the port of its pods."""
    if setting.spec.cluster.provider == "openshift":
        return "openshift-dns", "dns.operator.openshift.io/daemonset-dns=default", 5353
    return "kube-system", "k8s-app=kube-dns", 53
