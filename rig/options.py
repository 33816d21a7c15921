"""What the verbs have in common: options, where a cluster is kept, how they talk."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import click

from beaufort.errors import Problem, UsageError
from rig import build, cache, state
from rig.build import Programs
from rig.state import State
from rig.versions import DEFAULT, Release, find

_REPOSITORY = Path(__file__).parent.parent


def say(line: str) -> None:
    """Tell the user on standard error."""
    click.echo(line, err=True)


def default_folder() -> Path:
    """Return the folder of this checkout's cluster."""
    # One cluster for each checkout. In the cache and not in the checkout: `git clean` must not take it from under us.
    return cache.folder() / "clusters" / sha256(str(_REPOSITORY).encode()).hexdigest()[:12]


def _release(_: click.Context, __: click.Parameter, value: str | None) -> Release:
    return find(value) if value else DEFAULT


release_option = click.option(
    "--kubernetes",
    "release",
    callback=_release,
    metavar="VERSION",
    help=f"The Kubernetes version, such as 1.34.  [default: {DEFAULT.minor}]",
)
folder_option = click.option(
    "--folder",
    type=click.Path(path_type=Path),
    help="Where the cluster keeps its files.  [default: a folder in the cache, one for each checkout]",
)


def running(folder: Path | None) -> tuple[Path, State, Programs]:
    """Return the folder, the state and the programs of a cluster with nodes that runs.

    Raises:
        UsageError: There is none, or it has no nodes.
    """
    folder = (folder or default_folder()).absolute()
    known = state.load(folder)
    if known is None or known.phase is not state.Phase.RUNNING:
        raise UsageError(Problem("no cluster runs", remedy="make cluster"))
    if not known.nodes:
        raise UsageError(Problem("the cluster has no nodes", remedy="make cluster-down, then make cluster"))
    return folder, known, build.known(find(known.version), cache.folder())
