"""The argument lists of etcd and of the three Kubernetes programs that make a control plane."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from rig.network import ADVERTISED, ANY, LOOPBACK, SERVICES, Ports

# In the order in which they are started. The last two wait until the API server is ready.
ETCD, APISERVER = "etcd", "kube-apiserver"
CONTROLLER_MANAGER, SCHEDULER = "kube-controller-manager", "kube-scheduler"
# Requests per second that a component allows itself. With the default of 20 the controllers need seconds to start.
_QPS = 1000
# With nodes: a node is taken for lost after six seconds, and its pods are replaced five seconds later. The defaults are
# 40 and 300. The first is more than the four seconds of a kubelet's lease.
_GRACE_SECONDS, _EVICTION_SECONDS = 6, 5
_PATIENT_SECONDS = 10_000
_FAULTS = ("not-ready", "unreachable")
NAMES = (ETCD, APISERVER, CONTROLLER_MANAGER, SCHEDULER)


def etcd(folder: Path, ports: Ports) -> list[str]:
    """Return etcd's arguments: one member, TLS, and no waiting for the disk, since its data is thrown away."""
    pki = folder / "pki"
    client, peer = (f"https://{LOOPBACK}:{port}" for port in (ports.etcd, ports.etcd_peer))
    authority, certificate, key = pki / "etcd-ca.crt", pki / "etcd.crt", pki / "etcd.key"
    return [
        "--name=rig",
        f"--data-dir={folder / 'etcd'}",
        "--unsafe-no-fsync",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=rig={peer}",
        "--client-cert-auth",
        f"--trusted-ca-file={authority}",
        f"--cert-file={certificate}",
        f"--key-file={key}",
        "--peer-client-cert-auth",
        f"--peer-trusted-ca-file={authority}",
        f"--peer-cert-file={certificate}",
        f"--peer-key-file={key}",
        "--logger=zap",
        "--log-level=warn",
    ]


def apiserver(
    folder: Path, ports: Ports, gates: Mapping[str, bool], apis: Sequence[str], *, nodes: bool = False
) -> list[str]:
    """Return the API server's arguments.

    Args:
        folder: Where the cluster keeps its files.
        ports: Where it and etcd listen.
        gates: Feature gates, by name.
        apis: API versions to serve besides the default ones.
        nodes: Whether it runs in a hub, where nodes reach it.
    """
    pki = folder / "pki"
    arguments = [
        f"--bind-address={ANY if nodes else LOOPBACK}",
        f"--secure-port={ports.apiserver}",
        f"--advertise-address={ADVERTISED}",
        f"--service-cluster-ip-range={SERVICES}",
        f"--etcd-servers=https://{LOOPBACK}:{ports.etcd}",
        f"--etcd-cafile={pki / 'etcd-ca.crt'}",
        f"--etcd-certfile={pki / 'apiserver-etcd-client.crt'}",
        f"--etcd-keyfile={pki / 'apiserver-etcd-client.key'}",
        f"--tls-cert-file={pki / 'apiserver.crt'}",
        f"--tls-private-key-file={pki / 'apiserver.key'}",
        f"--client-ca-file={pki / 'ca.crt'}",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--allow-privileged=true",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--service-account-key-file={pki / 'service-accounts.pub'}",
        f"--service-account-signing-key-file={pki / 'service-accounts.key'}",
        # Nodes: their certificates carry addresses, not names.
        "--kubelet-preferred-address-types=InternalIP",
        f"--kubelet-certificate-authority={pki / 'ca.crt'}",
        f"--kubelet-client-certificate={pki / 'apiserver-kubelet-client.crt'}",
        f"--kubelet-client-key={pki / 'apiserver-kubelet-client.key'}",
        # Aggregated APIs, such as metrics: reached through their endpoints, since no kube-proxy runs beside us.
        "--enable-aggregator-routing=true",
        f"--proxy-client-cert-file={pki / 'front-proxy-client.crt'}",
        f"--proxy-client-key-file={pki / 'front-proxy-client.key'}",
        f"--requestheader-client-ca-file={pki / 'front-proxy-ca.crt'}",
        "--requestheader-allowed-names=front-proxy-client",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-username-headers=X-Remote-User",
        *_gates(gates),
    ]
    if nodes:
        arguments += [f"--default-{fault}-toleration-seconds={_EVICTION_SECONDS}" for fault in _FAULTS]
    if apis:
        arguments.append(f"--runtime-config={','.join(f'{api}=true' for api in apis)}")
    return arguments


def controller_manager(
    folder: Path, ports: Ports, gates: Mapping[str, bool], *, nodes: bool = False, patient: bool = False
) -> list[str]:
    """Return the controller manager's arguments. Nodes bring their own pod CIDRs, so it allocates none.

    Args:
        folder: Where the cluster keeps its files.
        ports: Where it listens.
        gates: Feature gates, by name.
        nodes: Whether there are nodes, whose failure is to be seen soon.
        patient: Whether nodes that say nothing are taken for well, as those of KWOK, which send no heartbeats.
    """
    pki = folder / "pki"
    quick = [
        f"--node-monitor-grace-period={_PATIENT_SECONDS if patient else _GRACE_SECONDS}s",
        "--node-monitor-period=1s",
        "--horizontal-pod-autoscaler-sync-period=2s",
        "--horizontal-pod-autoscaler-cpu-initialization-period=10s",
        "--horizontal-pod-autoscaler-initial-readiness-delay=2s",
        "--enable-hostpath-provisioner=true",
    ]
    return [
        *_serving(pki, "controller-manager", ports.controller_manager),
        f"--kubeconfig={pki / 'controller-manager.kubeconfig'}",
        f"--client-ca-file={pki / 'ca.crt'}",
        "--leader-elect=false",
        "--use-service-account-credentials=true",
        f"--service-account-private-key-file={pki / 'service-accounts.key'}",
        f"--root-ca-file={pki / 'ca.crt'}",
        f"--cluster-signing-cert-file={pki / 'ca.crt'}",
        f"--cluster-signing-key-file={pki / 'ca.key'}",
        "--allocate-node-cidrs=false",
        f"--kube-api-qps={_QPS}",
        f"--kube-api-burst={2 * _QPS}",
        *(quick if nodes else []),
        *_gates(gates),
    ]


def scheduler(folder: Path, ports: Ports, gates: Mapping[str, bool]) -> list[str]:
    """Return the scheduler's arguments; ``scheduler_configuration`` is the file that they name."""
    pki = folder / "pki"
    return [
        *_serving(pki, "scheduler", ports.scheduler),
        f"--config={folder / 'scheduler.yaml'}",
        f"--client-ca-file={pki / 'ca.crt'}",
        *_gates(gates),
    ]


def scheduler_configuration(folder: Path) -> str:
    """Return the scheduler's configuration: the place for profiles."""
    document = {
        "apiVersion": "kubescheduler.config.k8s.io/v1",
        "kind": "KubeSchedulerConfiguration",
        "clientConnection": {
            "kubeconfig": str(folder / "pki" / "scheduler.kubeconfig"),
            "qps": _QPS,
            "burst": 2 * _QPS,
        },
        "leaderElection": {"leaderElect": False},
    }
    return yaml.safe_dump(document, sort_keys=False)


def _serving(pki: Path, name: str, port: int) -> list[str]:
    return [
        f"--bind-address={LOOPBACK}",
        f"--secure-port={port}",
        f"--tls-cert-file={pki / f'{name}.crt'}",
        f"--tls-private-key-file={pki / f'{name}.key'}",
        f"--authentication-kubeconfig={pki / f'{name}.kubeconfig'}",
        f"--authorization-kubeconfig={pki / f'{name}.kubeconfig'}",
        f"--requestheader-client-ca-file={pki / 'front-proxy-ca.crt'}",
    ]


def _gates(gates: Mapping[str, bool]) -> list[str]:
    settings = ",".join(f"{name}={str(on).lower()}" for name, on in sorted(gates.items()))
    return [f"--feature-gates={settings}"] if settings else []
