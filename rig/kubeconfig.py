"""Kubeconfig files: one cluster, one user, everything inside the file."""

from __future__ import annotations

import base64

import yaml

from rig.certificates import Pair


def text(server: str, authority: str, user: Pair, name: str = "rig") -> str:
    """Return a kubeconfig.

    Args:
        server: The API server's address, such as ``https://127.0.0.1:6443``.
        authority: The PEM certificate of the authority that signed the server's certificate.
        user: The client's certificate and key.
        name: The name of cluster, user and context.
    """
    cluster = {"server": server, "certificate-authority-data": _encode(authority)}
    credentials = {
        "client-certificate-data": _encode(user.certificate),
        "client-key-data": _encode(user.key),
    }
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": cluster}],
        "users": [{"name": name, "user": credentials}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "current-context": name,
    }
    return yaml.safe_dump(document, sort_keys=False)


def _encode(pem: str) -> str:
    return base64.b64encode(pem.encode()).decode()
