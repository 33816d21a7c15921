"""kubectl, as the rig itself uses it."""

from __future__ import annotations

import subprocess
from pathlib import Path

from beaufort.errors import BeaufortError, Problem


class KubectlError(BeaufortError):
    """The cluster refused what was asked."""


def run(kubectl: str, folder: Path, arguments: list[str], stdin: str = "") -> str:
    """Run kubectl as the administrator of a cluster and return what it prints.

    Args:
        kubectl: The program.
        folder: Where the cluster keeps its files.
        arguments: Its arguments.
        stdin: What it reads.

    Raises:
        KubectlError: It failed.
    """
    # Its cache of what the API server offers goes with the cluster, not into the user's home.
    mine = [f"--kubeconfig={folder / 'pki' / 'admin.kubeconfig'}", f"--cache-dir={folder / 'kubectl'}"]
    done = subprocess.run(  # noqa: S603 - the arguments are the rig's own
        [kubectl, *mine, *arguments], input=stdin, capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = "\n".join(line[:300] for line in done.stderr.strip().splitlines()[-15:])
        raise KubectlError(Problem(f"the cluster refused `kubectl {arguments[0]}`:\n{said}"))
    return done.stdout


def apply(kubectl: str, folder: Path, manifests: str) -> None:
    """Apply objects on the server.

    Raises:
        KubectlError: The cluster refused one.
    """
    run(kubectl, folder, ["apply", "--server-side", "--force-conflicts", "--field-manager=rig", "-f", "-"], manifests)
