"""Who trusts whom: the authorities, certificates and kubeconfigs of one control plane.

Three authorities, as kubeadm has them: one for the cluster, one for the front proxy (whoever holds one of its
certificates may speak for any user) and one for etcd (whoever holds one of its certificates may read everything).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from rig import kubeconfig
from rig.cache import write
from rig.certificates import Authority, Pair, new_key, private_pem, public_pem
from rig.inventory import NODES
from rig.network import ADVERTISED, KUBERNETES_SERVICE, LOOPBACK, SERVICE_NAMES, Ports, node_address


@dataclass(frozen=True, slots=True)
class Leaf:
    """A certificate to issue: for whom, in which group, and for which names when it is a server's."""

    name: str
    group: str = ""
    names: tuple[str, ...] = ()


_LOCAL = ("localhost", LOOPBACK)
# Servers beside the control plane that the API server reaches through Services.
ADDON_NAMES = ("metrics-server.kube-system.svc", "lws-webhook-service.lws-system.svc")
# By authority, by the name of the file.
LEAVES: dict[str, dict[str, Leaf]] = {
    "ca": {
        "apiserver": Leaf("kube-apiserver", names=(*_LOCAL, ADVERTISED, KUBERNETES_SERVICE, *SERVICE_NAMES)),
        "apiserver-kubelet-client": Leaf("kube-apiserver-kubelet-client", group="system:masters"),
        "admin": Leaf("rig-admin", group="system:masters"),
        "controller-manager": Leaf("system:kube-controller-manager", names=_LOCAL),
        "scheduler": Leaf("system:kube-scheduler", names=_LOCAL),
        "kube-proxy": Leaf("system:kube-proxy"),
        "addon": Leaf("rig-addon", names=(*_LOCAL, ADVERTISED, *ADDON_NAMES)),
        **{
            node.name: Leaf(f"system:node:{node.name}", "system:nodes", (node.name, node_address(node.number)))
            for node in NODES
        },
    },
    "front-proxy-ca": {"front-proxy-client": Leaf("front-proxy-client")},
    "etcd-ca": {
        "etcd": Leaf("etcd", names=_LOCAL),
        "apiserver-etcd-client": Leaf("kube-apiserver-etcd-client"),
    },
}
KUBECONFIGS = ("admin", "controller-manager", "scheduler")
# Of those who are in another namespace than the API server.
REMOTE_KUBECONFIGS = ("kube-proxy", *(node.name for node in NODES))


def make(folder: Path, ports: Ports, now: dt.datetime) -> None:
    """Write every key, certificate and kubeconfig into a folder that only its owner can read."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    made: dict[str, Pair] = {}
    for authority_name, leaves in LEAVES.items():
        authority = Authority.new(f"rig-{authority_name}", now)
        made[authority_name] = authority.pair()
        for file, leaf in leaves.items():
            made[file] = authority.issue(leaf.name, now, leaf.group, leaf.names)
    for file, pair in made.items():
        write(folder / f"{file}.crt", pair.certificate)
        write(folder / f"{file}.key", pair.key, mode=0o600)
    tokens = new_key()
    write(folder / "service-accounts.key", private_pem(tokens), mode=0o600)
    write(folder / "service-accounts.pub", public_pem(tokens))
    for address, users in ((LOOPBACK, KUBECONFIGS), (ADVERTISED, REMOTE_KUBECONFIGS)):
        for user in users:
            text = kubeconfig.text(f"https://{address}:{ports.apiserver}", made["ca"].certificate, made[user])
            write(folder / f"{user}.kubeconfig", text, mode=0o600)
