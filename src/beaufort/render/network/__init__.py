"""The layer ``network``: every pod of the service gets the connections it needs, and no other.

| Module | Holds |
|---|---|
| `reach` | who needs what, whatever form it is written in |
| `kubernetes` | NetworkPolicy |
| `cilium` | CiliumNetworkPolicy, which can name hosts and the cluster's API |
| `values` | the values of Cilium's Helm chart |

A policy that no network plugin enforces is a comment: the notes say where that may be so.
"""

from __future__ import annotations

from beaufort.render.layer import Layer
from beaufort.render.network import cilium, kubernetes, reach, values
from beaufort.render.setting import Setting

# Which plugins enforce a NetworkPolicy, where it is not simply so.
_ENFORCEMENT = {
    "flannel": "Flannel enforces no NetworkPolicy: it is written, and does nothing until another plugin does.",
    "aws-vpc": "The AWS VPC CNI enforces NetworkPolicy only if its network policy agent is on (enableNetworkPolicy).",
    "azure": "Azure CNI enforces NetworkPolicy only in a cluster made with --network-policy.",
    "kindnet": "kind's network enforces NetworkPolicy since kind 0.24.",
    "other": "Whether a NetworkPolicy is enforced depends on the network plugin, which spec.cluster.cni does not name.",
}
_PROBES = (
    "Probes need no rule: what the kubelet of a pod's own node asks is let in by every plugin. The metrics of engines "
    "and gateways are on the port of the API, so Prometheus' namespace may also ask them to generate."
)


def render(setting: Setting) -> Layer:
    """Return the layer."""
    form = reach.form(setting)
    manifests = {"none": (), "kubernetes": kubernetes.manifests(setting), "cilium": cilium.manifests(setting)}[form]
    uses_cilium = setting.spec.cluster.cni == "cilium"
    return Layer(
        "network",
        manifests=manifests,
        files=values.files(setting) if uses_cilium else {},
        notes=(
            *(_notes(setting) if manifests else ("No NetworkPolicy is written: every pod may talk to every other.",)),
            *(values.notes(setting) if uses_cilium else ()),
        ),
    )


def _notes(setting: Setting) -> tuple[str, ...]:
    notes = [_PROBES]
    if reach.form(setting) == "kubernetes" and setting.spec.cluster.cni in _ENFORCEMENT:
        notes.append(_ENFORCEMENT[setting.spec.cluster.cni])
    if reach.form(setting) == "kubernetes" and setting.spec.network.api_server is None:
        asking = ", ".join(reach.asking_the_api(setting))
        notes.append(
            "A NetworkPolicy cannot name the cluster's API. Until spec.network.apiServer says where it is, "
            f"what asks it may open HTTPS to everywhere: {asking}."
        )
    clients = setting.spec.network.clients
    if setting.spec.gateway.expose.kind != "none" and clients:
        named = ", ".join(clients)
        notes.append(f"Clients from outside come by way of a proxy in the cluster: is its namespace among {named}?")
    return tuple(notes)
