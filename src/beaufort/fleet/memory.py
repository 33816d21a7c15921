"""Whether the replicas fit into this machine's memory."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import psutil

from beaufort.errors import Problem, UnavailableError
from beaufort.units import show_bytes


@dataclass(frozen=True, slots=True)
class Need:
    """What the replicas need, in bytes.

    Attributes:
        weights: The model, for one replica. Replicas share nothing: each has its own copy.
        kv: The KV cache of one replica.
        runtime: The program itself, for one replica.
        replicas: How many.
    """

    weights: int
    kv: int
    runtime: int
    replicas: int

    @property
    def replica(self) -> int:
        """Bytes of one replica."""
        return self.weights + self.kv + self.runtime

    @property
    def total(self) -> int:
        """Bytes of all of them."""
        return self.replica * self.replicas


def check_fits(need: Need, available: int) -> None:
    """Return when ``need`` fits into ``available`` bytes.

    Raises:
        UnavailableError: It does not; with the figures.
    """
    if need.total <= available:
        return
    fitting = available // need.replica
    parts = f"{show_bytes(need.weights)} model, {show_bytes(need.kv)} KV cache, {show_bytes(need.runtime)} program"
    count = "1 replica needs" if need.replicas == 1 else f"{need.replicas} replicas need"
    raise UnavailableError(
        Problem(
            f"{count} {show_bytes(need.total)} ({parts} each), {show_bytes(available)} is available",
            "memory",
            f"--replicas {fitting}" if fitting else "a smaller model, or a smaller --kv-cache-tokens",
        )
    )


# Where a container's limit and use stand: cgroup v2, then v1.
_CGROUPS = (
    (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")),
    (
        Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
        Path("/sys/fs/cgroup/memory/memory.usage_in_bytes"),
    ),
)


def available() -> int:
    """Return the bytes that may be used: the machine's, or what is left of the container's limit if less."""
    return min([psutil.virtual_memory().available, *container_rooms(_CGROUPS)])


def container_rooms(files: Iterable[tuple[Path, Path]]) -> list[int]:
    """Return what is left of each memory limit, from pairs of files (limit, use); a file may be absent."""
    rooms = []
    for limit, used in files:
        try:
            rooms.append(max(0, int(limit.read_text()) - int(used.read_text())))
        except (OSError, ValueError):  # absent, unreadable, or "max": no limit
            continue
    return rooms
