"""What survives: the folder of built programs and custom resources, and the locks that guard it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from beaufort.errors import Problem, UnavailableError

VARIABLE = "BEAUFORT_RIG_CACHE"


def folder() -> Path:
    """Return the cache: ``$BEAUFORT_RIG_CACHE``, or ``beaufort/rig`` under the user's cache folder.

    Raises:
        UnavailableError: It cannot be made or written to.
    """
    own, caches = os.environ.get(VARIABLE), os.environ.get("XDG_CACHE_HOME")
    path = Path(own) if own else (Path(caches) if caches else Path.home() / ".cache") / "beaufort" / "rig"
    path = path.absolute()
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unusable(path, error.strerror) from error
    if not os.access(path, os.W_OK | os.X_OK):
        raise _unusable(path, "it is not writable")
    return path


def _unusable(path: Path, why: str | None) -> UnavailableError:
    return UnavailableError(Problem(f"the rig's cache cannot be used: {why}", str(path), f"set {VARIABLE} to a folder"))


@contextmanager
def locked(path: Path, waiting: Callable[[str], None]) -> Iterator[None]:
    """Hold the lock file ``path``; while another process holds it, wait, and say so through ``waiting`` once.

    The kernel drops the lock when its holder ends, however it ends. The file goes with the lock.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = _acquire(path, waiting)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(handle)


def _acquire(path: Path, waiting: Callable[[str], None]) -> int:
    said = False
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not said:
                waiting(f"waiting for another rig that holds {path}")
                said = True
            fcntl.flock(handle, fcntl.LOCK_EX)
        # Whoever held it may have removed the file meanwhile: then this is a lock that nobody else would meet.
        if _is(handle, path):
            return handle
        os.close(handle)


def _is(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


def write(path: Path, text: str, mode: int = 0o644) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(handle, "w") as file:
            file.write(text)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
