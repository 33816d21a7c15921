"""Checks of the machine that the command runs on."""

from __future__ import annotations

from beaufort.doctor.facts import Machine
from beaufort.doctor.result import Result, failed, ok, warning
from beaufort.units import GIB, show_bytes

_OLDEST = (3, 11, 0)
_MEMORY = GIB  # the demo model, its keys and values, and the programs
_DISK = 5 * GIB  # a model of 7 billion parameters with four bits each


def python(machine: Machine) -> Result:
    """Check the version of Python."""
    found = ".".join(map(str, machine.python))
    if machine.python < _OLDEST:
        return failed(f"Python {found}", "install Python 3.11 or newer")
    return ok(f"Python {found}")


def memory(machine: Machine) -> Result:
    """Check the free memory."""
    evidence = f"{show_bytes(machine.memory_bytes)} free, {machine.cores} cores"
    if machine.memory_bytes < _MEMORY:
        return warning(evidence, "free some memory before beaufort up: the demo model needs about 1 GiB")
    return ok(evidence)


def disk(machine: Machine) -> Result:
    """Check the free disk."""
    evidence = f"{show_bytes(machine.disk_bytes)} free where models are kept"
    if machine.disk_bytes < _DISK:
        return warning(evidence, "free some disk, or set HF_HOME to a larger one: a 7B model takes about 4 GiB")
    return ok(evidence)


def local_engine(machine: Machine) -> Result:
    """Check the embedded engine."""
    if not machine.local_engine:
        return warning("the embedded engine is not installed", 'pip install "beaufort[local]" to serve models here')
    return ok("the embedded engine is installed")
