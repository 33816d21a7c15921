"""The policies as CiliumNetworkPolicy: the same, but the hub is a list of hosts, and the cluster's API has a name."""

from __future__ import annotations

from beaufort.render import ports
from beaufort.render.manifest import Json, Manifest
from beaufort.render.network import reach
from beaufort.render.setting import Setting

_NAMESPACE = "k8s:io.kubernetes.pod.namespace"
# The hub's index, and the stores to which it sends for the files. A star stands for one part of a name.
_HUB: tuple[Json, ...] = (
    {"matchName": "huggingface.co"},
    {"matchName": "hf.co"},
    {"matchPattern": "*.huggingface.co"},
    {"matchPattern": "*.hf.co"},
    {"matchPattern": "*.*.hf.co"},
    {"matchPattern": "*.*.*.hf.co"},
)


def manifests(setting: Setting) -> tuple[Manifest, ...]:
    """Return the policies."""
    return (
        _deny_all(setting),
        _gateway(setting),
        _engine(setting),
        *(_download(setting, component) for component in reach.downloading(setting)),
        *(_api(setting, component) for component in reach.asking_the_api(setting)),
        *((_operator(setting),) if reach.operated(setting) else ()),
    )


def _deny_all(setting: Setting) -> Manifest:
    namespace, label, port = reach.dns(setting)
    key, value = label.split("=")
    return {
        "apiVersion": "cilium.io/v2",
        "kind": "CiliumNetworkPolicy",
        "metadata": setting.metadata("network", setting.names.policy("default")),
        "spec": {
            "endpointSelector": {"matchLabels": reach.service(setting)},
            "ingress": [{}],  # an empty rule allows nothing, and turns the default to denial
            "egress": [
                {
                    "toEndpoints": [{"matchLabels": {_NAMESPACE: namespace, f"k8s:{key}": value}}],
                    # Cilium reads the answers, to know which addresses the hub's names stand for.
                    "toPorts": [
                        {
                            "ports": [{"port": str(port), "protocol": "ANY"}],
                            "rules": {"dns": [{"matchPattern": "*"}]},
                        },
                    ],
                },
            ],
        },
    }


def _gateway(setting: Setting) -> Manifest:
    clients = setting.spec.network.clients
    admitted: dict[str, Json] = (
        {"fromEndpoints": [{"matchLabels": {_NAMESPACE: each}} for each in clients]}
        if clients
        else {"fromEntities": ["all"]}
    )
    asking = [_prometheus(setting), *([_pods(setting, "operator")] if reach.operated(setting) else [])]
    return {
        "apiVersion": "cilium.io/v2",
        "kind": "CiliumNetworkPolicy",
        "metadata": setting.metadata("network", setting.names.policy("gateway")),
        "spec": {
            "endpointSelector": {"matchLabels": setting.selector("gateway")},
            "ingress": [
                {**admitted, "toPorts": _tcp(ports.GATEWAY)},
                {"fromEndpoints": asking, "toPorts": _tcp(ports.GATEWAY)},
            ],
            "egress": [{"toEndpoints": [_pods(setting, "engine")], "toPorts": _tcp(ports.ENGINE)}],
        },
    }


def _engine(setting: Setting) -> Manifest:
    asking = [_pods(setting, each) for each in reach.asking_engines(setting)]
    group: dict[str, Json] = {"fromEndpoints": [_pods(setting, "engine")]}
    to_group: dict[str, Json] = {"toEndpoints": [_pods(setting, "engine")]}
    grouped = reach.grouped(setting)
    return {
        "apiVersion": "cilium.io/v2",
        "kind": "CiliumNetworkPolicy",
        "metadata": setting.metadata("network", setting.names.policy("engine")),
        "spec": {
            "endpointSelector": {"matchLabels": setting.selector("engine")},
            "ingress": [
                {"fromEndpoints": [*asking, _prometheus(setting)], "toPorts": _tcp(ports.ENGINE)},
                *([group] if grouped else []),
            ],
            "egress": [to_group] if grouped else [{}],
        },
    }


def _download(setting: Setting, component: str) -> Manifest:
    return {
        "apiVersion": "cilium.io/v2",
        "kind": "CiliumNetworkPolicy",
        "metadata": setting.metadata("network", setting.names.policy(component, "hub")),
        "spec": {
            "endpointSelector": {"matchLabels": setting.selector(component)},
            "egress": [{"toFQDNs": _HUB, "toPorts": _tcp(reach.HTTPS)}],
        },
    }


def _api(setting: Setting, component: str) -> Manifest:
    return {
        "apiVersion": "cilium.io/v2",
        "kind": "CiliumNetworkPolicy",
        "metadata": setting.metadata("network", setting.names.policy(component, "api")),
        "spec": {
            "endpointSelector": {"matchLabels": setting.selector(component)},
            "egress": [{"toEntities": ["kube-apiserver"]}],
        },
    }


def _operator(setting: Setting) -> Manifest:
    return {
        "apiVersion": "cilium.io/v2",
        "kind": "CiliumNetworkPolicy",
        "metadata": setting.metadata("network", setting.names.policy("operator")),
        "spec": {
            "endpointSelector": {"matchLabels": setting.selector("operator")},
            # The cluster's API asks for metrics; by way of a node where it runs outside of the cluster.
            "ingress": [
                {"fromEntities": ["kube-apiserver", "host", "remote-node"], "toPorts": _tcp(reach.OPERATOR_PORT)},
            ],
            "egress": [
                {"toEndpoints": [_pods(setting, "engine")], "toPorts": _tcp(ports.ENGINE)},
                {"toEndpoints": [_pods(setting, "gateway")], "toPorts": _tcp(ports.GATEWAY)},
            ],
        },
    }


def _prometheus(setting: Setting) -> Json:
    return {"matchLabels": {_NAMESPACE: setting.spec.monitoring.namespace}}


def _pods(setting: Setting, component: str) -> Json:
    return {"matchLabels": setting.selector(component)}


def _tcp(port: int) -> Json:
    return [{"ports": [{"port": str(port), "protocol": "TCP"}]}]
