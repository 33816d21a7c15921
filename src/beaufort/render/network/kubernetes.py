"""The policies as NetworkPolicy.

They add up: what any of them allows is allowed. The first denies, since it selects every pod of the service and allows
nothing but DNS. A NetworkPolicy cannot name a host, nor the cluster's API, whose servers are no pods: there it is wider
than needed, unless the service file says where the API is.
"""

from __future__ import annotations

from ipaddress import ip_address

from beaufort.render import ports
from beaufort.render.manifest import Json, Manifest
from beaufort.render.network import reach
from beaufort.render.setting import Setting

# The addresses by which clouds give a machine its credentials: no download leads there.
_METADATA = ["169.254.0.0/16", "fe80::/10"]
_NODE_LOCAL_DNS = "169.254.20.10/32"  # https://kubernetes.io/docs/tasks/administer-cluster/nodelocaldns/


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
    dns_ports: list[Json] = [{"port": port, "protocol": "UDP"}, {"port": port, "protocol": "TCP"}]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": setting.metadata("network", setting.names.policy("default")),
        "spec": {
            "podSelector": {"matchLabels": reach.service(setting)},
            "policyTypes": ["Ingress", "Egress"],
            "egress": [
                {
                    "to": [
                        {
                            "namespaceSelector": _namespace(namespace),
                            "podSelector": {"matchLabels": {key: value}},
                        },
                        {"ipBlock": {"cidr": _NODE_LOCAL_DNS}},
                    ],
                    "ports": dns_ports,
                },
            ],
        },
    }


def _gateway(setting: Setting) -> Manifest:
    clients = setting.spec.network.clients
    # No `from` is everyone; the service's own namespace is one like any other.
    admitted: dict[str, Json] = (
        {"from": [{"namespaceSelector": _namespace(each)} for each in clients]} if clients else {}
    )
    asking: list[Json] = [_prometheus(setting), *(_pods(setting, "operator") for _ in _operator_only(setting))]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": setting.metadata("network", setting.names.policy("gateway")),
        "spec": {
            "podSelector": {"matchLabels": setting.selector("gateway")},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [
                {**admitted, "ports": [_tcp(ports.GATEWAY)]},
                {"from": asking, "ports": [_tcp(ports.GATEWAY)]},
            ],
            "egress": [{"to": [_pods(setting, "engine")], "ports": [_tcp(ports.ENGINE)]}],
        },
    }


def _engine(setting: Setting) -> Manifest:
    asking = [_pods(setting, each) for each in reach.asking_engines(setting)]
    group: dict[str, Json] = {"from": [_pods(setting, "engine")]}
    to_group: dict[str, Json] = {"to": [_pods(setting, "engine")]}
    grouped = reach.grouped(setting)
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": setting.metadata("network", setting.names.policy("engine")),
        "spec": {
            "podSelector": {"matchLabels": setting.selector("engine")},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [
                {"from": [*asking, _prometheus(setting)], "ports": [_tcp(ports.ENGINE)]},
                *([group] if grouped else []),
            ],
            "egress": [to_group] if grouped else [],
        },
    }


def _download(setting: Setting, component: str) -> Manifest:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": setting.metadata("network", setting.names.policy(component, "hub")),
        "spec": {
            "podSelector": {"matchLabels": setting.selector(component)},
            "policyTypes": ["Egress"],
            "egress": [
                {
                    "to": [
                        {"ipBlock": {"cidr": "0.0.0.0/0", "except": _METADATA[:1]}},
                        {"ipBlock": {"cidr": "::/0", "except": _METADATA[1:]}},
                    ],
                    "ports": [_tcp(reach.HTTPS)],
                },
            ],
        },
    }


def _api(setting: Setting, component: str) -> Manifest:
    known = setting.spec.network.api_server
    address = _network(known.host) if known else ""
    to: dict[str, Json] = {"to": [{"ipBlock": {"cidr": address}}]} if address else {}
    # Whether the Service's port or that of the server behind it counts depends on the network plugin.
    allowed = sorted({reach.HTTPS, known.port if known else reach.API_PORT})
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": setting.metadata("network", setting.names.policy(component, "api")),
        "spec": {
            "podSelector": {"matchLabels": setting.selector(component)},
            "policyTypes": ["Egress"],
            "egress": [{**to, "ports": [_tcp(port) for port in allowed]}],
        },
    }


def _operator(setting: Setting) -> Manifest:
    """Return the operator's policy: who asks it for metrics is the cluster's API, which is no pod."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": setting.metadata("network", setting.names.policy("operator")),
        "spec": {
            "podSelector": {"matchLabels": setting.selector("operator")},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [{"ports": [_tcp(reach.OPERATOR_PORT)]}],
            "egress": [
                {"to": [_pods(setting, "engine")], "ports": [_tcp(ports.ENGINE)]},
                {"to": [_pods(setting, "gateway")], "ports": [_tcp(ports.GATEWAY)]},
            ],
        },
    }


def _operator_only(setting: Setting) -> tuple[str, ...]:
    return ("operator",) if reach.operated(setting) else ()


def _prometheus(setting: Setting) -> Json:
    return {"namespaceSelector": _namespace(setting.spec.monitoring.namespace)}


def _pods(setting: Setting, component: str) -> Json:
    return {"podSelector": {"matchLabels": setting.selector(component)}}


def _namespace(name: str) -> Json:
    return {"matchLabels": {"kubernetes.io/metadata.name": name}}


def _tcp(port: int) -> Json:
    return {"port": port, "protocol": "TCP"}


def _network(host: str) -> str:
    """Return the range that is one address alone; nothing for a name."""
    try:
        address = ip_address(host)
    except ValueError:
        return ""
    return f"{address}/{address.max_prefixlen}"
