"""The control groups of a node's pods: made before the kubelet starts, removed when the node is gone."""

from __future__ import annotations

import time
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

_ROOT = Path("/sys/fs/cgroup")
_CPUSET = ("cpuset.cpus", "cpuset.mems")
# Processes that were killed leave their groups a moment later.
_PATIENCE = 10.0


def name(folder: Path, node: str) -> str:
    """Return the name of the group of a cluster's node, which no other cluster's node has."""
    return f"{_prefix(folder)}{node}"


def make(group: str, root: Path = _ROOT) -> None:
    """Make a group of that name in every hierarchy."""
    for hierarchy in _hierarchies(root):
        (hierarchy / group).mkdir(exist_ok=True)
        # Of the first version, where a group begins without a processor.
        for file in _CPUSET:
            if (hierarchy / file).exists() and (hierarchy / group / file).exists():
                (hierarchy / group / file).write_text((hierarchy / file).read_text())
        if (hierarchy / "cgroup.subtree_control").exists() and (hierarchy / "cpuset.cpus.effective").exists():
            wanted = (hierarchy / "cgroup.controllers").read_text().split()
            for place in (hierarchy, hierarchy / group):
                (place / "cgroup.subtree_control").write_text(" ".join(f"+{each}" for each in wanted))


def remove(folder: Path, node: str = "", root: Path = _ROOT) -> list[Path]:
    """Remove all groups of a cluster, or of one node of it, and return those that would not go."""
    ends = time.monotonic() + _PATIENCE
    while left := _groups(folder, node, root):
        for group in left:
            for path in sorted(group.rglob("*/"), reverse=True):
                with suppress(OSError):
                    path.rmdir()
            with suppress(OSError):
                group.rmdir()
        if time.monotonic() > ends:
            break
        time.sleep(0.02)
    return _groups(folder, node, root)


def _groups(folder: Path, node: str, root: Path) -> list[Path]:
    return [group for place in _hierarchies(root) for group in place.glob(f"{_prefix(folder)}{node or '*'}")]


def _prefix(folder: Path) -> str:
    return f"rig-{sha256(str(folder).encode()).hexdigest()[:8]}-"


def _hierarchies(root: Path) -> list[Path]:
    if (root / "cgroup.controllers").exists():
        return [root]
    # Controllers that are mounted together have one folder and several links to it.
    return [path for path in sorted(root.glob("*/")) if path.is_dir() and not path.is_symlink()]
