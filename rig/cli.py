"""The verbs of ``python -m rig``. Wiring only."""

from __future__ import annotations

import signal
import sys
from dataclasses import replace
from pathlib import Path

import click

from beaufort.errors import BeaufortError, Problem, UnavailableError, UsageError
from rig import build as builds
from rig import cache, cluster, crds, inventory, kit, launch, machine, process, relay, state
from rig.node_cli import node_verbs
from rig.options import default_folder, folder_option, release_option, say
from rig.process import Process
from rig.status_cli import status
from rig.versions import DEFAULT, Release, find

KUBECONFIG = Path(__file__).parent / "kubeconfig"


def main() -> None:
    """Run a verb; exit codes are those of ``beaufort``: 1 failed, 2 unusable input, 3 something outside is missing."""
    # As Ctrl-C: whoever waits is interrupted and cleans up.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        sys.exit(rig.main(prog_name="python -m rig", standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except BeaufortError as error:
        for problem in error.problems:
            place = f"{problem.where}: " if problem.where else ""
            click.echo(f"error: {place}{problem.what}", err=True)
            if problem.remedy:
                click.echo(f"  try: {problem.remedy}", err=True)
        sys.exit(error.exit_code)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
def rig() -> None:
    """A real Kubernetes on this machine, for tests and for trying things out."""


for verbs in (*node_verbs, status):
    rig.add_command(verbs)


@rig.command()
@release_option
@folder_option
@click.option("--kubeconfig", type=click.Path(path_type=Path), default=KUBECONFIG, help="The kubeconfig to write.")
@click.option("--gate", "gates", multiple=True, metavar="NAME=true|false", help="One more feature gate; repeatable.")
@click.option("--crds/--no-crds", "custom", default=True, help="Whether to install other projects' custom resources.")
@click.option(
    "--nodes/--no-nodes", default=None, help="Whether to start nodes, which needs root.  [default: with 1.30]"
)
@click.option(
    "--numa",
    type=click.IntRange(0, 8),
    default=2,
    help="NUMA nodes that n1 seems to have; 0: the machine's own.",
    show_default=True,
)
@click.option("--until-exit-of", "master", type=int, metavar="PID", help="End the cluster when this process ends.")
def up(  # noqa: PLR0913 - one for each option of the command
    *,
    release: Release,
    folder: Path | None,
    kubeconfig: Path,
    gates: tuple[str, ...],
    custom: bool,
    nodes: bool | None,
    numa: int,
    master: int | None,
) -> None:
    """Build what is missing, start a cluster, install custom resources, write a kubeconfig."""
    folder = (folder or default_folder()).absolute()
    settings = launch.Settings(release, kubeconfig.absolute(), _gates(gates), _master(master))
    programs = builds.programs(release, cache.folder(), say)
    if _wants_nodes(release, nodes=nodes):
        settings = replace(settings, nodes=inventory.nodes(numa), kit=kit.find(release, programs, cache.folder(), say))
    if custom:
        settings = replace(settings, definitions=crds.fetch(cache.folder(), say))
    with cluster.held(folder, say):
        known = state.load(folder)
        if known and cluster.healthy(folder, known):
            launch.check_same(known, settings)
            say(f"Kubernetes {known.version} runs already")
            _next(known.kubeconfig, programs)
            return
        if cluster.stop(folder):
            say("a cluster that was not well is gone; starting anew")
        known = launch.start(folder, settings, programs, say)
    say(f"Kubernetes {known.version} runs at https://127.0.0.1:{known.ports.apiserver}")
    _next(known.kubeconfig, programs)


def _wants_nodes(release: Release, *, nodes: bool | None) -> bool:
    """Return whether to start nodes: if not told, where they are known to run.

    Raises:
        UnavailableError: They are wanted, and cannot run here.
    """
    if nodes is False or (nodes is None and release != DEFAULT):
        return False
    obstacle = machine.obstacle()
    if obstacle and nodes:
        raise UnavailableError(Problem(obstacle, "--nodes", "a control plane alone needs no root: --no-nodes"))
    if obstacle:
        say(f"{obstacle}: a control plane alone starts, on which pods stay Pending")
    return not obstacle


def _next(kubeconfig: Path, programs: builds.Programs) -> None:
    shown = kubeconfig.relative_to(Path.cwd()) if kubeconfig.is_relative_to(Path.cwd()) else kubeconfig
    click.echo(f"export KUBECONFIG={shown}\nexport PATH={programs.kubernetes}:$PATH\nkubectl get crds")


def _gates(texts: tuple[str, ...]) -> dict[str, bool]:
    found = {}
    for text in texts:
        name, _, value = text.partition("=")
        if not name or value not in {"true", "false"}:
            raise UsageError(Problem(f"{text!r} is no feature gate", "--gate", "write for example HPAScaleToZero=true"))
        found[name] = value == "true"
    return found


def _master(pid: int | None) -> Process | None:
    if pid is None:
        return None
    found = process.identify("master", pid)
    if found is None:
        raise UsageError(Problem(f"there is no process {pid}", "--until-exit-of"))
    return found


@rig.command()
@folder_option
def down(*, folder: Path | None) -> None:
    """End the cluster and remove all that it left. Built programs stay in the cache."""
    folder = (folder or default_folder()).absolute()
    with cluster.held(folder, say):
        say("the cluster is gone" if cluster.stop(folder) else "there is no cluster")


@rig.command(hidden=True)
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("master")
def keep(*, folder: Path, master: str) -> None:
    """End a cluster when another process ends."""
    process.wait_for_end(Process.model_validate_json(master))
    with cluster.held(folder, say):
        cluster.stop(folder)


@rig.command(name="relay", hidden=True)
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("pid", type=int)
@click.argument("ports", type=int, nargs=-1)
def relay_(*, folder: Path, pid: int, ports: tuple[int, ...]) -> None:  # noqa: ARG001 - the folder tells whose process it is
    """Make ports of a cluster's hub answer on the machine's loopback."""
    relay.run(pid, ports)


@rig.command(name="crds")
@folder_option
def crds_(*, folder: Path | None) -> None:
    """Install the custom resources of other projects into the running cluster, again if need be."""
    folder = (folder or default_folder()).absolute()
    known = state.load(folder)
    if known is None or not cluster.healthy(folder, known):
        raise UsageError(Problem("no healthy cluster runs", remedy="make cluster"))
    programs = builds.known(find(known.version), cache.folder())
    count = crds.install(crds.fetch(cache.folder(), say), programs.path("kubectl"), folder)
    say(f"{count} custom resources are there")


@rig.command()
@release_option
def build(*, release: Release) -> None:
    """Fill the cache with all that `up` needs, and start nothing."""
    programs = builds.programs(release, cache.folder(), say)
    crds.fetch(cache.folder(), say)
    click.echo(programs.kubernetes)


@rig.command()
@folder_option
def env(*, folder: Path | None) -> None:
    """Print what a shell needs: eval "$(python -m rig env)"."""
    folder = (folder or default_folder()).absolute()
    known = state.load(folder)
    if known is None:
        raise UsageError(Problem("no cluster runs", remedy="make cluster"))
    programs = builds.known(find(known.version), cache.folder())
    click.echo(f"export KUBECONFIG={known.kubeconfig}\nexport PATH={programs.kubernetes}:$PATH")
