"""Nodes that KWOK makes believe: thousands, with labels, zones and devices, for what only reads the API."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from rig import addons, components, health, hub, kubectl, state
from rig.bringup import begin, until
from rig.build import Programs
from rig.components import CONTROLLER_MANAGER
from rig.kit import Kit
from rig.progress import Say, step
from rig.state import State

_LABEL, _VALUE = addons.SIMULATED
SELECTOR = f"{_LABEL}={_VALUE}"
# Pods come to them only when they tolerate this one: it keeps those away that have to run.
TAINT = {"key": "kwok.x-k8s.io/node", "value": "fake", "effect": "NoSchedule"}
_AT_ONCE = 4
_SIZE = {"cpu": "64", "memory": "512Gi", "ephemeral-storage": "1Ti", "pods": "110"}


def nodes(numbers: Sequence[int], zones: Sequence[str], product: str, devices: int) -> list[dict[str, Any]]:
    """Return the objects of nodes.

    Args:
        numbers: Each node's number, which is in its name.
        zones: They are in these zones by turns.
        product: What GPU feature discovery would say of their accelerators.
        devices: How many of ``nvidia.com/gpu`` each has.
    """
    size = _SIZE | ({"nvidia.com/gpu": str(devices)} if devices else {})
    gpu = {"nvidia.com/gpu.product": product, "nvidia.com/gpu.count": str(devices)} if devices else {}
    found = []
    for number in numbers:
        name = f"kwok-{number:05}"
        labels = {
            _LABEL: _VALUE,
            "kubernetes.io/hostname": name,
            "kubernetes.io/os": "linux",
            "kubernetes.io/arch": "amd64",
            "topology.kubernetes.io/region": "rig",
            "topology.kubernetes.io/zone": zones[number % len(zones)],
            **gpu,
        }
        metadata = {"name": name, "labels": labels, "annotations": {"kwok.x-k8s.io/node": "fake"}}
        status = {"allocatable": size, "capacity": size}
        found.append(
            {"apiVersion": "v1", "kind": "Node", "metadata": metadata, "spec": {"taints": [TAINT]}, "status": status}
        )
    return found


def add(folder: Path, wanted: Sequence[dict[str, Any]], kit: Kit, programs: Programs, known: State, say: Say) -> State:
    """Add nodes and return when all of them are ready."""
    if not known.process(addons.KWOK):
        known = _controller_manager(folder, programs, known, patient=True)
        command = hub.of(known).inside(str(kit.addons[addons.KWOK]), *addons.kwok(folder, kit.stages))
        known = begin(folder, addons.KWOK, command, known)
    with step(say, f"adding {len(wanted)} nodes"):
        _create(folder, wanted, programs)
        names = {each["metadata"]["name"] for each in wanted}
        until(lambda: names <= health.ready_names(folder, known.ports, SELECTOR), folder, known, "one of the nodes", 1)
    return known


def _create(folder: Path, wanted: Sequence[dict[str, Any]], programs: Programs) -> None:
    # kubectl creates one object after the other, and waits for each.
    parts = [list(wanted[first::_AT_ONCE]) for first in range(min(_AT_ONCE, len(wanted)))]
    documents = [json.dumps({"apiVersion": "v1", "kind": "List", "items": part}) for part in parts]
    arguments = ["create", "-f", "-"]
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda each: kubectl.run(programs.path("kubectl"), folder, arguments, each), documents))


def remove(folder: Path, programs: Programs, known: State, say: Say) -> State:
    """Remove all of them, and KWOK. Pods that were on them go within a minute, as the controllers notice."""
    with step(say, "removing the nodes of KWOK"):
        kubectl.run(programs.path("kubectl"), folder, ["delete", "nodes", "--selector", SELECTOR, "--wait=false"])
    if one := known.process(addons.KWOK):
        one.end()
        known = _controller_manager(folder, programs, known.without(addons.KWOK), patient=False)
    return known


def present(folder: Path, known: State) -> list[str]:
    """Return their names."""
    return sorted(health.nodes(folder, known.ports, SELECTOR))


def _controller_manager(folder: Path, programs: Programs, known: State, *, patient: bool) -> State:
    """Start the controller manager anew, with another idea of when a node is lost."""
    if one := known.process(CONTROLLER_MANAGER):
        one.end()
    known = known.without(CONTROLLER_MANAGER)
    arguments = components.controller_manager(folder, known.ports, known.gates, nodes=True, patient=patient)
    command = hub.of(known).inside(programs.path(CONTROLLER_MANAGER), *arguments)
    known = begin(folder, CONTROLLER_MANAGER, command, known)
    state.save(folder, known)
    until(partial(health.answers, CONTROLLER_MANAGER, folder, known.ports), folder, known, CONTROLLER_MANAGER)
    return known
