"""The verbs of ``python -m rig``. Wiring only."""

from __future__ import annotations

import signal
import sys
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from beaufort.cli.output import output_option, print_json
from beaufort.errors import BeaufortError, Problem, UsageError
from rig import build as builds
from rig import cache, cluster, crds, debian, images, inventory, launch, node, process, relay, state
from rig.process import Process
from rig.versions import DEFAULT, Release, find

_REPOSITORY = Path(__file__).parent.parent
KUBECONFIG = Path(__file__).parent / "kubeconfig"
_ABSENT = 3


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


def _say(line: str) -> None:
    click.echo(line, err=True)


def _default_folder() -> Path:
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


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
def rig() -> None:
    """A real Kubernetes control plane on this machine, for tests and for trying things out."""


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
    folder = (folder or _default_folder()).absolute()
    settings = launch.Settings(release, kubeconfig.absolute(), _gates(gates), _master(master))
    programs = builds.programs(release, cache.folder(), _say)
    if release == DEFAULT if nodes is None else nodes:
        settings = replace(settings, nodes=inventory.nodes(numa), kit=_kit(release, programs))
    if custom:
        settings = replace(settings, definitions=crds.fetch(cache.folder(), _say))
    with cluster.held(folder, _say):
        known = state.load(folder)
        if known and cluster.healthy(folder, known):
            launch.check_same(known, settings)
            _say(f"Kubernetes {known.version} runs already")
            _next(known.kubeconfig, programs)
            return
        if cluster.stop(folder):
            _say("a cluster that was not well is gone; starting anew")
        known = launch.start(folder, settings, programs, _say)
    _say(f"Kubernetes {known.version} runs at https://127.0.0.1:{known.ports.apiserver}")
    _next(known.kubeconfig, programs)


def _kit(release: Release, programs: builds.Programs) -> node.Kit:
    where = cache.folder()
    return node.Kit(
        debian.unpacked(debian.NODE, where, _say),
        programs.kubernetes,
        builds.node_programs(release, where, _say),
        images.pause(where, _say),
    )


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
    folder = (folder or _default_folder()).absolute()
    with cluster.held(folder, _say):
        _say("the cluster is gone" if cluster.stop(folder) else "there is no cluster")


@rig.command(hidden=True)
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("master")
def keep(*, folder: Path, master: str) -> None:
    """End a cluster when another process ends."""
    process.wait_for_end(Process.model_validate_json(master))
    with cluster.held(folder, _say):
        cluster.stop(folder)


@rig.command(name="relay", hidden=True)
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("pid", type=int)
@click.argument("ports", type=int, nargs=-1)
def relay_(*, folder: Path, pid: int, ports: tuple[int, ...]) -> None:  # noqa: ARG001 - the folder tells whose process it is
    """Make ports of a cluster's hub answer on the machine's loopback."""
    relay.run(pid, ports)


@dataclass(frozen=True, slots=True)
class Status:
    """What ``status`` prints.

    Attributes:
        phase: ``absent``, ``starting`` or ``running``.
        healthy: Whether it runs and every component is well.
        version: The Kubernetes version.
        server: The API server's address.
        kubeconfig: The file for clients.
        programs: The folder with a kubectl of the same version.
        components: How each component does.
    """

    phase: str
    healthy: bool = False
    version: str = ""
    server: str = ""
    kubeconfig: str = ""
    programs: str = ""
    components: tuple[cluster.Component, ...] = ()


@rig.command()
@folder_option
@output_option()
def status(*, folder: Path | None, output: str) -> None:
    """Say how the cluster does. Exit code 0: it is well; 3: it is not, or there is none."""
    folder = (folder or _default_folder()).absolute()
    found = _status(folder)
    if output == "json":
        print_json(found)
    else:
        _show(found)
    if not found.healthy:
        sys.exit(_ABSENT)


def _status(folder: Path) -> Status:
    known = state.load(folder)
    if known is None:
        return Status("absent")
    judged = cluster.judge(folder, known)
    return Status(
        known.phase,
        known.phase is state.Phase.RUNNING and all(each.healthy for each in judged),
        known.version,
        f"https://127.0.0.1:{known.ports.apiserver}",
        str(known.kubeconfig),
        str(builds.known(find(known.version), cache.folder()).kubernetes),
        judged,
    )


def _show(found: Status) -> None:
    if found.phase == "absent":
        click.echo("there is no cluster: make cluster")
        return
    table = Table("component", "pid", "port", "healthy", box=None)
    for each in found.components:
        table.add_row(each.name, str(each.pid or "-"), str(each.port or "-"), "yes" if each.healthy else "no")
    click.echo(f"Kubernetes {found.version} at {found.server}, kubeconfig {found.kubeconfig}")
    Console(soft_wrap=True).print(table)
    if not found.healthy:
        click.echo("it is not well: `make cluster` starts it anew, `make cluster-down` removes it")


@rig.command(name="crds")
@folder_option
def crds_(*, folder: Path | None) -> None:
    """Install the custom resources of other projects into the running cluster, again if need be."""
    folder = (folder or _default_folder()).absolute()
    known = state.load(folder)
    if known is None or not cluster.healthy(folder, known):
        raise UsageError(Problem("no healthy cluster runs", remedy="make cluster"))
    programs = builds.known(find(known.version), cache.folder())
    count = crds.install(crds.fetch(cache.folder(), _say), programs.path("kubectl"), folder)
    _say(f"{count} custom resources are there")


@rig.command()
@release_option
def build(*, release: Release) -> None:
    """Fill the cache with all that `up` needs, and start nothing."""
    programs = builds.programs(release, cache.folder(), _say)
    crds.fetch(cache.folder(), _say)
    click.echo(programs.kubernetes)


@rig.command()
@folder_option
def env(*, folder: Path | None) -> None:
    """Print what a shell needs: eval "$(python -m rig env)"."""
    folder = (folder or _default_folder()).absolute()
    known = state.load(folder)
    if known is None:
        raise UsageError(Problem("no cluster runs", remedy="make cluster"))
    programs = builds.known(find(known.version), cache.folder())
    click.echo(f"export KUBECONFIG={known.kubeconfig}\nexport PATH={programs.kubernetes}:$PATH")
