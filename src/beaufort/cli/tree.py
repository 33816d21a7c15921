"""Writing a tree of files that is made again and again, beside files of others.

A record in the tree names each file that was written, with the hash of its text. What is not in the record, or is not
as it was written, belongs to somebody else: then nothing is written at all. Files that are made no more are removed.
The record is renewed before and after the files, so that a run which was cut off can be repeated.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path

import click

from beaufort.errors import Problem, UsageError

RECORD = ".beaufort-render.json"
_SHOWN = 10  # problems of one kind that are told


def write_tree(folder: Path, files: Mapping[str, str]) -> tuple[int, int]:
    """Write ``files``, by their path in ``folder``, and remove those of an earlier run.

    Returns:
        How many files were written anew or changed, and how many removed.

    Raises:
        UsageError: A file of somebody else is in the way, or the folder cannot be written.
    """
    shown = click.format_filename(folder)
    try:
        return _write(folder, files)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UsageError(Problem(f"cannot be written: {reason}", shown, "name a writable folder")) from error


def _write(folder: Path, files: Mapping[str, str]) -> tuple[int, int]:
    if folder.exists() and not folder.is_dir():
        raise UsageError(Problem("is a file", click.format_filename(folder), "name a folder"))
    known = _known(folder)
    found = {path: _hash_of(folder / path) for path in {*files, *known}}
    _refuse_others(folder, found, files, known)
    wanted = {path: _hash(text.encode()) for path, text in files.items()}
    changed = [path for path in files if found[path] != wanted[path]]
    stale = [path for path in known if path not in files and found[path] is not None]
    if changed or stale or _flat(known) != wanted:
        _record(folder, {path: sorted({*known.get(path, ()), *_one(wanted.get(path))}) for path in {*known, *wanted}})
        for path in changed:
            _replace(folder / path, files[path])
        for path in stale:
            _remove(folder, path)
        _record(folder, {path: [digest] for path, digest in wanted.items()})
    return len(changed), len(stale)


def _known(folder: Path) -> dict[str, tuple[str, ...]]:
    """Return the hashes that each file of an earlier run may have."""
    try:
        record = json.loads((folder / RECORD).read_text("utf-8"))
        return {str(path): tuple(map(str, hashes)) for path, hashes in record["files"].items()}
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        remedy = "name another folder, or empty this one"
        raise UsageError(Problem("is damaged", click.format_filename(folder / RECORD), remedy)) from error


def _refuse_others(
    folder: Path, found: Mapping[str, str | None], files: Mapping[str, str], known: Mapping[str, tuple[str, ...]]
) -> None:
    problems = []
    for path, digest in sorted(found.items()):
        if digest is None or digest in known.get(path, ()) or (path in files and digest == _hash(files[path].encode())):
            continue
        place = click.format_filename(folder / path)
        if path in known:
            problems.append(Problem("was changed by hand", place, "keep the change in an overlay, and remove the file"))
        else:
            problems.append(Problem("was not written by `beaufort render`", place, "name another folder, or remove it"))
    if problems:
        raise UsageError(*problems[:_SHOWN])


def _hash_of(path: Path) -> str | None:
    """Return the hash of a file, or None when there is none. A link is never a file of ours."""
    if path.is_symlink():
        return _hash(os.fsencode(path.readlink()))
    return _hash(path.read_bytes()) if path.exists() else None


def _replace(path: Path, text: str) -> None:
    """Write the whole file or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_text(text, "utf-8")
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _remove(folder: Path, path: str) -> None:
    (folder / path).unlink(missing_ok=True)
    for parent in (folder / path).parents:
        if parent == folder or any(parent.iterdir()):
            return
        parent.rmdir()


def _record(folder: Path, files: Mapping[str, list[str]]) -> None:
    text = json.dumps({"about": "what `beaufort render` wrote here", "files": dict(sorted(files.items()))}, indent=1)
    _replace(folder / RECORD, f"{text}\n")


def _flat(known: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    return {path: " ".join(hashes) for path, hashes in known.items()}


def _one(value: str | None) -> tuple[str, ...]:
    return () if value is None else (value,)


def _hash(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()
