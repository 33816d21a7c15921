"""The verbs for nodes: their power, their devices, their images, and thousands that are made up."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click

from beaufort.errors import Problem, UsageError
from rig import cache, cluster, devices, health, images, inventory, kit, kubectl, node, simulated, state
from rig.bringup import until
from rig.options import folder_option, running, say
from rig.progress import step
from rig.versions import find

name_argument = click.argument("name", metavar="NODE")


@click.group(name="node")
def node_group() -> None:
    """Switch a node off or on, or drain it."""


@node_group.command()
@name_argument
@folder_option
def off(*, name: str, folder: Path | None) -> None:
    """Take NODE's power away: all that runs on it ends at once, its disk stays."""
    folder, known, _ = running(folder)
    one = inventory.find(name, known.nodes)
    with cluster.held(folder, say):
        node.switch_off(folder, one, known)
    say(f"{name} is off; its pods move in about 15 s")


@node_group.command()
@name_argument
@folder_option
def on(*, name: str, folder: Path | None) -> None:
    """Give NODE its power back, and let pods come to it again."""
    folder, known, programs = running(folder)
    one = inventory.find(name, known.nodes)
    with cluster.held(folder, say):
        if name in known.off:
            parts = kit.find(find(known.version), programs, cache.folder(), say)
            known = node.switch_on(folder, (one,), parts, known)
            state.save(folder, known)
        with step(say, f"waiting for {name}"):
            until(lambda: health.node_ready(folder, known.ports, name), folder, known, name)
    say(kubectl.run(programs.path("kubectl"), folder, ["uncordon", name]).strip())


@node_group.command()
@name_argument
@click.option("--timeout", default=120, show_default=True, help="Seconds to wait for its pods to go.")
@folder_option
def drain(*, name: str, timeout: int, folder: Path | None) -> None:
    """Evict the pods of NODE, as far as disruption budgets allow, and let none come to it until `node on`."""
    folder, known, programs = running(folder)
    inventory.find(name, known.nodes)
    arguments = ["drain", name, "--ignore-daemonsets", "--delete-emptydir-data", "--force", f"--timeout={timeout}s"]
    say(kubectl.run(programs.path("kubectl"), folder, arguments).strip())


@click.group(name="gpu")
def gpu_group() -> None:
    """Make a device of a node healthy or unhealthy."""


def _health(name: str, index: int, folder: Path | None, *, healthy: bool) -> None:
    folder, known, _ = running(folder)
    one = inventory.find(name, known.nodes)
    file = node.place(folder, one) / "devices.json"
    changed = devices.load(file).with_health(index, healthy=healthy)
    devices.save(file, changed)
    well = sum(each.healthy for each in changed.devices)
    say(f"{name} has {well} healthy of {len(changed.devices)} {changed.resource}")


@gpu_group.command(name="healthy")
@name_argument
@click.argument("index", metavar="N", type=int)
@folder_option
def healthy_(*, name: str, index: int, folder: Path | None) -> None:
    """Offer device N of NODE to pods again."""
    _health(name, index, folder, healthy=True)


@gpu_group.command()
@name_argument
@click.argument("index", metavar="N", type=int)
@folder_option
def unhealthy(*, name: str, index: int, folder: Path | None) -> None:
    """Let device N of NODE fail: no pod gets it, and one that has it keeps running."""
    _health(name, index, folder, healthy=False)


@click.group(name="nodes")
def nodes_group() -> None:
    """Add or remove nodes that are made up by KWOK."""


@nodes_group.command()
@click.argument("count", type=click.IntRange(1, 20_000))
@click.option("--zone", "zones", multiple=True, default=("zone-a", "zone-b", "zone-c"), help="A zone; repeatable.")
@click.option("--product", default="NVIDIA-H100-80GB-HBM3", show_default=True, help="What their accelerators are.")
@click.option("--gpus", type=click.IntRange(0, 64), default=8, show_default=True, help="How many each has.")
@folder_option
def add(*, count: int, zones: tuple[str, ...], product: str, gpus: int, folder: Path | None) -> None:
    """Add COUNT nodes. Pods come to them that tolerate kwok.x-k8s.io/node=fake:NoSchedule, and seem to run."""
    folder, known, programs = running(folder)
    parts = kit.find(find(known.version), programs, cache.folder(), say)
    with cluster.held(folder, say):
        there = simulated.present(folder, known)
        first = int(there[-1].rpartition("-")[2]) + 1 if there else 0
        wanted = simulated.nodes(range(first, first + count), zones, product, gpus)
        simulated.add(folder, wanted, parts, programs, known, say)


@nodes_group.command()
@folder_option
def remove(*, folder: Path | None) -> None:
    """Remove all of them."""
    folder, known, programs = running(folder)
    with cluster.held(folder, say):
        simulated.remove(folder, programs, known, say)


@click.group(name="image")
def image_group() -> None:
    """Give images to the nodes."""


@image_group.command()
@click.argument("archive", type=click.Path(path_type=Path))
@folder_option
def load(*, archive: Path, folder: Path | None) -> None:
    """Import ARCHIVE into every node.

    It is a file as `docker save` or `buildah push ... docker-archive:` write it, or `base`: a small Debian with Python,
    made the first time, which pods name rig/base:bookworm.
    """
    folder, known, _ = running(folder)
    if str(archive) == "base" and not archive.exists():
        archive = images.base(cache.folder(), say)
    if not archive.is_file():
        raise UsageError(Problem("there is no such file", str(archive)))
    on = [each for each in known.nodes if each.name not in known.off]
    with (
        step(say, f"importing {archive.name} into {', '.join(each.name for each in on)}"),
        ThreadPoolExecutor() as pool,
    ):
        for said in pool.map(lambda each: node.load(known, each, archive), on):
            say(said.strip())


node_verbs = (node_group, gpu_group, nodes_group, image_group)
