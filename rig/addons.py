"""What runs in the hub beside the control plane: names, resource metrics, LeaderWorkerSet, made-up nodes, volumes."""

from __future__ import annotations

import base64
import shutil
from pathlib import Path
from string import Template

import yaml

from rig.cache import write
from rig.network import ADVERTISED, DNS_SERVICE

COREDNS, METRICS, LWS, KWOK = "coredns", "metrics-server", "lws", "kwok"
# The label of made-up nodes.
SIMULATED = ("type", "kwok")
_MANIFESTS = Path(__file__).parent / "manifests"
_CIDR = "10.80.0.1/16"


def manifests(folder: Path, *names: str) -> str:
    """Return the objects by which a cluster knows add-ons: ``dns``, ``metrics``, ``lws``, ``storage``."""
    authority = base64.b64encode((folder / "pki" / "ca.crt").read_bytes()).decode()
    found = (Template((_MANIFESTS / f"{name}.yaml").read_text()) for name in names)
    return "---\n".join(each.substitute(hub=ADVERTISED, dns=DNS_SERVICE, authority=authority) for each in found)


def prepare(folder: Path) -> None:
    """Write the add-ons' files."""
    home, admin = folder / "addons", folder / "pki" / "admin.kubeconfig"
    write(home / "Corefile", _corefile(admin))
    for file, name in (("tls.crt", "addon.crt"), ("tls.key", "addon.key")):
        (home / "lws").mkdir(parents=True, exist_ok=True)
        shutil.copy(folder / "pki" / name, home / "lws" / file)
    write(home / "lws.yaml", _lws(home / "lws"))
    write(home / "kwok.yaml", _kwok())


def coredns(folder: Path) -> list[str]:
    """Return CoreDNS' arguments."""
    return ["-conf", str(folder / "addons" / "Corefile")]


def metrics_server(folder: Path) -> list[str]:
    """Return the arguments of metrics-server. It asks the kubelets as often as it can be told to: every 10 s."""
    pki = folder / "pki"
    admin = pki / "admin.kubeconfig"
    return [
        f"--kubeconfig={admin}",
        f"--authentication-kubeconfig={admin}",
        f"--authorization-kubeconfig={admin}",
        f"--bind-address={ADVERTISED}",
        "--secure-port=4443",
        f"--tls-cert-file={pki / 'addon.crt'}",
        f"--tls-private-key-file={pki / 'addon.key'}",
        "--kubelet-preferred-address-types=InternalIP",
        f"--kubelet-certificate-authority={pki / 'ca.crt'}",
        "--metric-resolution=10s",
        "--kubelet-request-timeout=5s",
    ]


def lws(folder: Path) -> list[str]:
    """Return the arguments of LeaderWorkerSet's controller."""
    return [f"--config={folder / 'addons' / 'lws.yaml'}", f"--kubeconfig={folder / 'pki' / 'admin.kubeconfig'}"]


def kwok(folder: Path, stages: Path) -> list[str]:
    """Return KWOK's arguments.

    Args:
        folder: Where the cluster keeps its files.
        stages: The folder of the files that say how made-up nodes and pods go from state to state.
    """
    files = [folder / "addons" / "kwok.yaml", *sorted(stages.glob("*.yaml"))]
    admin = folder / "pki" / "admin.kubeconfig"
    return [f"--kubeconfig={admin}", *(f"--config={file}" for file in files), "-v=ERROR"]


def _corefile(admin: Path) -> str:
    # Two servers, since a template answers before the cluster's names are looked up.
    return f"""\
cluster.local:53 in-addr.arpa:53 {{
    bind {ADVERTISED}
    errors
    prometheus {ADVERTISED}:9153
    kubernetes cluster.local in-addr.arpa {{
        kubeconfig {admin}
        pods insecure
        ttl 2
    }}
}}

# There is nothing outside to ask.
.:53 {{
    bind {ADVERTISED}
    errors
    template ANY ANY {{
        rcode NXDOMAIN
    }}
}}
"""


def _lws(certificates: Path) -> str:
    document = {
        "apiVersion": "config.lws.x-k8s.io/v1alpha1",
        "kind": "Configuration",
        "leaderElection": {"leaderElect": False},
        "internalCertManagement": {"enable": False},
        "webhook": {"port": 9443, "certDir": str(certificates)},
        "metrics": {"bindAddress": f"{ADVERTISED}:8443"},
        "health": {"healthProbeBindAddress": f"{ADVERTISED}:8081"},
        "clientConnection": {"qps": 500, "burst": 1000},
    }
    return yaml.safe_dump(document, sort_keys=False)


def _kwok() -> str:
    label, value = SIMULATED
    options = {
        "manageNodesWithLabelSelector": f"{label}={value}",
        "cidr": _CIDR,
        # Thousands of leases would be most of what the cluster does.
        "nodeLeaseDurationSeconds": 0,
        "podPlayStageParallelism": 32,
        "nodePlayStageParallelism": 16,
    }
    document = {"apiVersion": "config.kwok.x-k8s.io/v1alpha1", "kind": "KwokConfiguration", "options": options}
    return yaml.safe_dump(document, sort_keys=False)
