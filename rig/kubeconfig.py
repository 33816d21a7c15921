"""Kubeconfig files: one cluster, one user, everything inside the file."""

from __future__ import annotations

import base64
from pathlib import Path

import yaml

from beaufort.errors import Problem, UsageError
from rig.cache import write
from rig.certificates import Pair

# The first line of those that are written for the user: what lacks it is not ours to replace or to remove.
_MARK = "# Written by the rig, which removes it with the cluster.\n"


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


def check_free(path: Path) -> None:
    """Return when there is no file at ``path``, or one that the rig has written.

    Raises:
        UsageError: Somebody else's file is there.
    """
    if path.exists() and not _ours(path):
        raise UsageError(Problem("this file is not the rig's to replace", str(path), "choose another --kubeconfig"))


def publish(path: Path, kubeconfig: str) -> None:
    """Write a kubeconfig for the user, whose owner alone can read it.

    Raises:
        UsageError: Somebody else's file is there.
    """
    check_free(path)
    write(path, _MARK + kubeconfig, mode=0o600)


def withdraw(path: Path) -> None:
    """Remove a kubeconfig that ``publish`` wrote, if it is there."""
    if path.exists() and _ours(path):
        path.unlink()


def _ours(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_MARK)) == _MARK.encode()


def _encode(pem: str) -> str:
    return base64.b64encode(pem.encode()).decode()
