"""The daemons of a node: the configuration and the command of each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from rig.inventory import Node
from rig.network import DNS_SERVICE, PODS, node_address, node_pods

CONTAINERD, KUBELET, KUBE_PROXY, DEVICES = "containerd", "kubelet", "kube-proxy", "devices"
NAMES = (CONTAINERD, KUBELET, KUBE_PROXY, DEVICES)
PAUSE = "rig/pause:1"
SOCKET = "/run/containerd/containerd.sock"
# So that failures are seen in seconds, not in minutes: with the controller manager's and API server's own.
STATUS_SECONDS, LEASE_SECONDS = 1, 4
_CNI = "/usr/lib/cni"
# A wrapper of runc for nodes whose processors are made up.
RUNC_ANYWHERE = "runc-anywhere"


def containerd(node: Node, runc_anywhere: Path, cni: Path) -> str:
    """Return the configuration of containerd.

    Args:
        node: Whose it is.
        runc_anywhere: The wrapper of runc.
        cni: The folder of the network's configuration.
    """
    binary = f"BinaryName = {json.dumps(str(runc_anywhere))}" if node.numa else ""
    # Scores below our own need a right that root in a container lacks; without the second line every sandbox dies.
    return f"""\
version = 2
oom_score = 0

[plugins."io.containerd.grpc.v1.cri"]
  restrict_oom_score_adj = true
  sandbox_image = "{PAUSE}"
  disable_apparmor = true

[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "{_CNI}"
  conf_dir = {json.dumps(str(cni))}

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
  {binary}
"""


def cni(node: Node) -> str:
    """Return the configuration of the pods' network: a bridge on the node, and routes between the nodes."""
    bridge = {
        "type": "bridge",
        "bridge": "cni0",
        "isGateway": True,
        "hairpinMode": True,
        "ipMasq": False,
        "ipam": {
            "type": "host-local",
            "ranges": [[{"subnet": node_pods(node.number)}]],
            "routes": [{"dst": "0.0.0.0/0"}],
        },
    }
    ports = {"type": "portmap", "capabilities": {"portMappings": True}}
    return json.dumps({"cniVersion": "1.0.0", "name": "rig", "plugins": [bridge, ports]}, indent=2) + "\n"


def kubelet(node: Node, pki: Path, group: str, gates: Mapping[str, bool]) -> str:
    """Return the configuration of the kubelet.

    Args:
        node: Whose it is.
        pki: The folder of certificates.
        group: The control group of all pods.
        gates: Feature gates, by name.
    """
    return _yaml(
        {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "address": node_address(node.number),
            "authentication": {
                "anonymous": {"enabled": False},
                "webhook": {"enabled": True},
                "x509": {"clientCAFile": str(pki / "ca.crt")},
            },
            "authorization": {"mode": "Webhook"},
            "tlsCertFile": str(pki / f"{node.name}.crt"),
            "tlsPrivateKeyFile": str(pki / f"{node.name}.key"),
            "cgroupDriver": "cgroupfs",
            "cgroupRoot": f"/{group}",
            "clusterDNS": [DNS_SERVICE],
            "clusterDomain": "cluster.local",
            "containerRuntimeEndpoint": f"unix://{SOCKET}",
            "resolvConf": "",
            "failSwapOn": False,
            # The static policy needs a reservation; it keeps whole processors, however little is reserved.
            "cpuManagerPolicy": "static",
            "cpuManagerReconcilePeriod": "2s",
            "kubeReserved": {"cpu": "100m", "memory": "100Mi"},
            "topologyManagerPolicy": "single-numa-node",
            "nodeStatusUpdateFrequency": f"{STATUS_SECONDS}s",
            "nodeLeaseDurationSeconds": LEASE_SECONDS,
            # The disk is the machine's, not the node's: how full it is says nothing about the pods.
            "evictionHard": dict.fromkeys(
                ("nodefs.available", "nodefs.inodesFree", "imagefs.available", "memory.available"), "0%"
            ),
            "imageGCHighThresholdPercent": 100,
            "serializeImagePulls": False,
            "featureGates": dict(gates),
        }
    )


def kubelet_flags(node: Node) -> list[str]:
    """Return what of the kubelet has no place in its configuration file."""
    labels = {"topology.kubernetes.io/zone": node.zone, **dict(node.labels)}
    return [
        f"--hostname-override={node.name}",
        f"--node-ip={node_address(node.number)}",
        f"--node-labels={','.join(f'{name}={value}' for name, value in labels.items())}",
    ]


def kube_proxy(node: Node, pki: Path, gates: Mapping[str, bool]) -> str:
    """Return the configuration of kube-proxy."""
    return _yaml(
        {
            "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
            "kind": "KubeProxyConfiguration",
            "mode": "iptables",
            "clusterCIDR": PODS,
            "hostnameOverride": node.name,
            "clientConnection": {"kubeconfig": str(pki / "kube-proxy.kubeconfig")},
            "iptables": {"minSyncPeriod": "100ms"},
            # These are the whole machine's.
            "conntrack": {"maxPerCore": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
            "oomScoreAdj": 0,
            "featureGates": dict(gates),
        }
    )


def _yaml(document: dict[str, Any]) -> str:
    return yaml.safe_dump(document, sort_keys=False)
