"""Processors and NUMA nodes that do not exist, in the files in which the kernel would show them."""

from __future__ import annotations

from pathlib import Path

from rig.cache import write
from rig.inventory import NUMA_CPUS

_NEAR, _FAR = 10, 21


def make(folder: Path, numa: int, memory_bytes: int) -> None:
    """Write the folders ``cpu`` and ``node`` of ``/sys/devices/system``.

    Args:
        folder: Where they are written.
        numa: How many NUMA nodes there are, each with ``NUMA_CPUS`` processors.
        memory_bytes: The machine's memory, which is divided among them.
    """
    cpus = numa * NUMA_CPUS
    for file in ("online", "possible", "present"):
        write(folder / "cpu" / file, f"0-{cpus - 1}\n")
    for cpu in range(cpus):
        socket = cpu // NUMA_CPUS
        facts = {
            "core_id": str(cpu % NUMA_CPUS),
            "physical_package_id": str(socket),
            "thread_siblings_list": str(cpu),
            "core_siblings_list": _range(socket),
        }
        for file, text in facts.items():
            write(folder / "cpu" / f"cpu{cpu}" / "topology" / file, text + "\n")
    for file in ("online", "possible", "has_cpu", "has_memory"):
        write(folder / "node" / file, f"0-{numa - 1}\n" if numa > 1 else "0\n")
    for one in range(numa):
        _node(folder / "node" / f"node{one}", one, numa, memory_bytes // numa // 1024)


def _node(place: Path, one: int, numa: int, memory_kib: int) -> None:
    write(place / "cpulist", _range(one) + "\n")
    write(place / "distance", " ".join(str(_NEAR if other == one else _FAR) for other in range(numa)) + "\n")
    write(place / "meminfo", f"Node {one} MemTotal: {memory_kib} kB\nNode {one} MemFree: {memory_kib} kB\n")
    for file in ("nr_hugepages", "free_hugepages"):
        write(place / "hugepages" / "hugepages-2048kB" / file, "0\n")
    for cpu in range(one * NUMA_CPUS, (one + 1) * NUMA_CPUS):
        (place / f"cpu{cpu}").unlink(missing_ok=True)
        (place / f"cpu{cpu}").symlink_to(f"../../cpu/cpu{cpu}")


def _range(numa: int) -> str:
    return f"{numa * NUMA_CPUS}-{(numa + 1) * NUMA_CPUS - 1}"
