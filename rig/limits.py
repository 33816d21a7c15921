"""The one setting of the machine that a cluster with nodes changes: how many inotify instances root may have.

A cluster with nodes takes about 33 of the kernel's usual 128, so the fourth would not start. The limit is raised with
the first and restored with the last.
"""

from __future__ import annotations

import shutil
from hashlib import sha256
from pathlib import Path

from rig.cache import locked, write

_ENOUGH = 1024
_SETTING = Path("/proc/sys/fs/inotify/max_user_instances")
# Until the machine starts anew, as the setting itself. It holds the value from before, and a file for each cluster.
_PLACE = Path("/run/beaufort-rig")
_BEFORE = "before"


def claim(folder: Path, place: Path = _PLACE, setting: Path = _SETTING) -> None:
    """Raise the limit if it is low, for as long as the cluster of a folder is there."""
    with locked(_lock(place), lambda _: None):
        place.mkdir(exist_ok=True)
        before = int(setting.read_text())
        if before < _ENOUGH:
            write(place / _BEFORE, str(before))
            setting.write_text(str(_ENOUGH))
        (place / _name(folder)).touch()


def release(folder: Path, place: Path = _PLACE, setting: Path = _SETTING) -> None:
    """Restore the limit, unless another cluster needs it."""
    if not (place / _name(folder)).exists():
        return
    with locked(_lock(place), lambda _: None):
        (place / _name(folder)).unlink(missing_ok=True)
        if any(each.name != _BEFORE for each in place.iterdir()):
            return
        # Whoever has set another value since then wants that one.
        if (place / _BEFORE).exists() and int(setting.read_text()) == _ENOUGH:
            setting.write_text((place / _BEFORE).read_text())
        shutil.rmtree(place)


def _name(folder: Path) -> str:
    return sha256(str(folder).encode()).hexdigest()[:12]


def _lock(place: Path) -> Path:
    return place.with_name(f"{place.name}.lock")
