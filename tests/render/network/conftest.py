"""What policies allow, as network plugins work it out: they add up, and one that selects a pod denies the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pytest

from beaufort.render import Json, Setting, network
from beaufort.render.manifest import Manifest, kind_of


@dataclass(frozen=True, slots=True)
class Peer:
    """A pod, or an address outside of the cluster."""

    namespace: str = ""
    labels: tuple[tuple[str, str], ...] = ()
    entity: str = ""
    host: str = ""

    def has(self, labels: Mapping[str, Json]) -> bool:
        """Tell whether the pod has all of ``labels``, with or without Cilium's prefix."""
        own = {**dict(self.labels), "io.kubernetes.pod.namespace": self.namespace}
        return all(own.get(key.removeprefix("k8s:")) == value for key, value in labels.items())


@pytest.fixture
def reaches() -> Callable[..., bool]:
    """Return a function that tells whether one may connect to another by the service's policies.

    Each is a component of the service, `namespace/component` of another, `@entity` of Cilium, or the name of a host.
    """

    def ask(setting: Setting, source: str, target: str, port: int) -> bool:
        policies = network.render(setting).manifests
        return _allows(policies, _peer_of(setting, source), _peer_of(setting, target), port, setting.namespace)

    return ask


def _peer_of(setting: Setting, name: str) -> Peer:
    if name.startswith("@"):
        return Peer(entity=name.removeprefix("@"))
    if "." in name:
        return Peer(host=name)
    namespace, _, component = name.rpartition("/")
    if namespace:
        return Peer(namespace, (("k8s-app", component),))
    return Peer(setting.namespace, tuple(setting.pod_labels(component).items()))


def _allows(policies: Sequence[Manifest], source: Peer, target: Peer, port: int, namespace: str) -> bool:
    """Tell whether ``source`` may connect to ``target``, as far as the policies of ``namespace`` can say."""
    out = source.namespace != namespace or _direction(policies, source, target, port, "egress", namespace)
    return out and (target.namespace != namespace or _direction(policies, target, source, port, "ingress", namespace))


def _direction(policies: Sequence[Manifest], pod: Peer, other: Peer, port: int, way: str, namespace: str) -> bool:
    specs = [(kind_of(each) == "CiliumNetworkPolicy", _map(each["spec"])) for each in policies]
    selecting = []
    for cilium, spec in specs:
        selector = _map(_map(spec["endpointSelector" if cilium else "podSelector"])["matchLabels"])
        types = spec.get("policyTypes", [key.title() for key in ("ingress", "egress") if key in spec])
        assert isinstance(types, Sequence)
        if pod.has(selector) and way.title() in types:
            selecting.append((cilium, spec.get(way, [])))
    if not selecting:
        return True
    return any(
        _rule(cilium, _map(rule), other, port, way, namespace) for cilium, rules in selecting for rule in _list(rules)
    )


def _rule(
    cilium: bool,  # noqa: FBT001 - what is asked of each policy alike
    rule: Mapping[str, Json],
    other: Peer,
    port: int,
    way: str,
    namespace: str,
) -> bool:
    if cilium:
        return bool(rule) and _cilium_ports(rule, port) and _cilium_peer(rule, other, way, namespace)
    ports = _list(rule.get("ports", []))
    if ports and not any(_map(each)["port"] == port for each in ports):
        return False
    peers = rule.get("from" if way == "ingress" else "to")
    return peers is None or any(_peer(_map(each), other, namespace) for each in _list(peers))


def _peer(peer: Mapping[str, Json], other: Peer, namespace: str) -> bool:
    if "ipBlock" in peer:
        return other.namespace == "" and str(_map(peer["ipBlock"])["cidr"]) in {"0.0.0.0/0", other.host}
    if other.namespace == "":
        return False
    if "namespaceSelector" in peer:
        wanted = _map(_map(peer["namespaceSelector"])["matchLabels"])["kubernetes.io/metadata.name"]
        if other.namespace != wanted:
            return False
    elif other.namespace != namespace:
        return False
    return "podSelector" not in peer or other.has(_map(_map(peer["podSelector"])["matchLabels"]))


def _cilium_ports(rule: Mapping[str, Json], port: int) -> bool:
    groups = _list(rule.get("toPorts", []))
    return not groups or any(
        _map(each)["port"] == str(port) for group in groups for each in _list(_map(group)["ports"])
    )


def _cilium_peer(rule: Mapping[str, Json], other: Peer, way: str, namespace: str) -> bool:
    prefix = "from" if way == "ingress" else "to"
    entities = _list(rule.get(f"{prefix}Entities", []))
    if "all" in entities or (other.entity and other.entity in entities):
        return True
    if any(_matches(_map(each), other.host) for each in _list(rule.get("toFQDNs", []))):
        return True
    for each in _list(rule.get(f"{prefix}Endpoints", [])):
        labels = _map(_map(each)["matchLabels"])
        wanted = labels.get("k8s:io.kubernetes.pod.namespace", namespace)
        if other.namespace == wanted and other.has(labels):
            return True
    return False


def _matches(name: Mapping[str, Json], host: str) -> bool:
    if "matchName" in name:
        return name["matchName"] == host
    parts, wanted = host.split("."), str(name["matchPattern"]).split(".")
    return len(parts) == len(wanted) and all(want in {"*", part} for want, part in zip(wanted, parts, strict=True))


def _map(value: Json) -> Mapping[str, Json]:
    assert isinstance(value, Mapping)
    return value


def _list(value: Json) -> Sequence[Json]:
    assert isinstance(value, Sequence)
    return value
