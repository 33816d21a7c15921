"""Which component answers, asked the way that Kubernetes' own probes ask."""

from __future__ import annotations

import http.client
import json
import ssl
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rig import components
from rig.network import LOOPBACK, Ports

# Generous: a component of a loaded machine answers late, a dead one at once.
_SECONDS = 5.0


def _question(name: str, ports: Ports) -> tuple[int, str, str, str]:
    """Return the port, the path, the authority and the client certificate with which a component is asked."""
    return {
        components.ETCD: (ports.etcd, "/health", "etcd-ca", "apiserver-etcd-client"),
        components.APISERVER: (ports.apiserver, "/readyz", "ca", "admin"),
        components.CONTROLLER_MANAGER: (ports.controller_manager, "/healthz", "ca", "admin"),
        components.SCHEDULER: (ports.scheduler, "/healthz", "ca", "admin"),
    }[name]


def answers(name: str, folder: Path, ports: Ports) -> bool:
    """Return whether a component says that it is well."""
    port, path, authority, client = _question(name, ports)
    return _get(folder / "pki", port, path, authority, client) is not None


def version(folder: Path, ports: Ports) -> str:
    """Return the version that the API server says it has; empty when it does not answer."""
    body = _get(folder / "pki", ports.apiserver, "/version", "ca", "admin")
    return str(json.loads(body)["gitVersion"]) if body else ""


def has_default_account(folder: Path, ports: Ports) -> bool:
    """Return whether the namespace ``default`` has its service account, without which no pod can be created there."""
    path = "/api/v1/namespaces/default/serviceaccounts/default"
    return _get(folder / "pki", ports.apiserver, path, "ca", "admin") is not None


def nodes(folder: Path, ports: Ports, selector: str = "") -> dict[str, dict[str, Any]]:
    """Return the nodes with a label that the API server knows, by name; none when it does not answer."""
    path = f"/api/v1/nodes?labelSelector={quote(selector)}"
    body = _get(folder / "pki", ports.apiserver, path, "ca", "admin")
    return {item["metadata"]["name"]: item for item in json.loads(body)["items"]} if body else {}


def ready(node: dict[str, Any]) -> bool:
    """Return whether a node says that it is ready, and has said so lately."""
    conditions = {each["type"]: each["status"] for each in node.get("status", {}).get("conditions", ())}
    return conditions.get("Ready") == "True"


def ready_names(folder: Path, ports: Ports, selector: str) -> set[str]:
    """Return the names of the ready nodes with a label, asked for in a form that is small though they are many."""
    path = f"/api/v1/nodes?labelSelector={quote(selector)}&includeObject=None"
    table = _get(folder / "pki", ports.apiserver, path, "ca", "admin", "application/json;as=Table;v=v1;g=meta.k8s.io")
    rows = json.loads(table)["rows"] if table else []
    # As kubectl shows them: the first column is the name, the second one how it does.
    return {row["cells"][0] for row in rows if row["cells"][1].split(",")[0] == "Ready"}


def node_ready(folder: Path, ports: Ports, name: str) -> bool:
    """Return whether the node of that name is there and ready."""
    found = nodes(folder, ports)
    return name in found and ready(found[name])


def _get(pki: Path, port: int, path: str, authority: str, client: str, form: str = "application/json") -> bytes | None:
    try:
        context = ssl.create_default_context(cafile=str(pki / f"{authority}.crt"))
        context.load_cert_chain(pki / f"{client}.crt", pki / f"{client}.key")
        connection = http.client.HTTPSConnection(LOOPBACK, port, timeout=_SECONDS, context=context)
        try:
            connection.request("GET", path, headers={"Accept": form})
            response = connection.getresponse()
            body = response.read()
        finally:
            connection.close()
    except (OSError, http.client.HTTPException):
        return None
    return body if response.status == http.client.OK else None
