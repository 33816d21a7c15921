"""Which files of a model repository are needed to serve it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from beaufort.errors import Problem, UsageError
from beaufort.spec.source import HubSource

OPENVINO_MODEL = "openvino_model.xml"
_OPENVINO_SUFFIXES = (".json", ".jinja", ".txt", ".model")
_PART = re.compile(r"(?P<stem>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})\.gguf")
_MOST_LISTED = 12
_MOST_PARTS = 512


def choose_files(source: HubSource, files: Sequence[str]) -> tuple[str, ...]:
    """Return the files to download; the first one is what to load, or lies in the folder to load.

    Raises:
        UsageError: None of them can be served, or several could be.
    """
    where = f"hf://{source.repo}"
    if source.file is not None:
        return _named(where, source.file, files)
    if OPENVINO_MODEL in files:
        return (OPENVINO_MODEL, *(name for name in files if name != OPENVINO_MODEL and _is_openvino(name)))
    ggufs = sorted(name for name in files if name.endswith(".gguf") and (parts_of(name)[0] == name))
    if len(ggufs) == 1:
        return _parts(where, ggufs[0], files)
    if ggufs:
        remedy = f"name one, such as {where}/{ggufs[0]}"
        raise UsageError(Problem(f"it has several GGUF files: {_listed(ggufs)}", where, remedy))
    if any(name.endswith(".safetensors") for name in files):
        remedy = (
            f"name a repository with a GGUF file, or convert it: optimum-cli export openvino -m {source.repo} FOLDER"
        )
        raise UsageError(Problem("it has safetensors only, which the embedded engine does not read", where, remedy))
    remedy = "name a repository with a GGUF file or an OpenVINO model"
    raise UsageError(Problem("it has no model that the embedded engine reads", where, remedy))


def parts_of(name: str) -> tuple[str, ...]:
    """Return the files of a GGUF model that may be split, the first one first: ``name`` alone if it is whole."""
    match = _PART.fullmatch(name)
    if match is None or not 1 <= int(match["count"]) <= _MOST_PARTS:
        return (name,)
    return tuple(f"{match['stem']}-{i + 1:05}-of-{match['count']}.gguf" for i in range(int(match["count"])))


def _named(where: str, name: str, files: Sequence[str]) -> tuple[str, ...]:
    if not name.endswith(".gguf"):
        remedy = "name a GGUF file, or only the repository for an OpenVINO model"
        raise UsageError(Problem("it is no GGUF file", f"{where}/{name}", remedy))
    if name not in files:
        ggufs = [each for each in files if each.endswith(".gguf")]
        remedy = f"it has {_listed(ggufs)}" if ggufs else "the repository has no GGUF file"
        raise UsageError(Problem("there is no such file", f"{where}/{name}", remedy))
    return _parts(where, parts_of(name)[0], files)


def _parts(where: str, name: str, files: Sequence[str]) -> tuple[str, ...]:
    parts = parts_of(name)
    missing = [part for part in parts if part not in files]
    if missing:
        raise UsageError(Problem(f"its part {missing[0]} is missing", where, "name another file"))
    return parts


def _is_openvino(name: str) -> bool:
    path = PurePosixPath(name)
    return len(path.parts) == 1 and (name.startswith("openvino_") or path.suffix in _OPENVINO_SUFFIXES)


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_LISTED} more" if len(names) > _MOST_LISTED else ""
    return ", ".join(names[:_MOST_LISTED]) + more
