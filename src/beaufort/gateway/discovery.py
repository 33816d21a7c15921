"""Where endpoints come from: options, and a file that may change while the gateway runs.

The file is JSON, ``{"endpoints": [{"url": "http://127.0.0.1:9001"}, ...]}``; further keys are left for later.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from beaufort.errors import BeaufortError, Problem, UsageError
from beaufort.gateway.upstream import normalise

_POLL_SECONDS = 0.2
_REMEDY = 'write {"endpoints": [{"url": "http://127.0.0.1:9001"}]}'


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True)

    url: str


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True)

    endpoints: tuple[_Row, ...]


def parse(text: bytes, where: str) -> tuple[str, ...]:
    """Return the addresses that an endpoints file names, normalised, each once.

    Raises:
        UsageError: It is not such a file; every problem in it.
    """
    try:
        rows = _File.model_validate_json(text).endpoints
    except ValidationError as error:
        raise UsageError(*(_problem(each["loc"], each["msg"], where) for each in error.errors())) from error
    urls: dict[str, None] = {}
    problems: list[Problem] = []
    for number, row in enumerate(rows):
        try:
            urls[normalise(row.url)] = None
        except UsageError as error:
            problems += (Problem(p.what, f"{where}: endpoints[{number}].url", p.remedy) for p in error.problems)
    if problems:
        raise UsageError(*problems)
    return tuple(urls)


def _problem(location: tuple[int | str, ...], message: str, where: str) -> Problem:
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).lstrip(".")
    return Problem(message, f"{where}: {path}" if path else where, _REMEDY)


class EndpointsFile:
    """The file, read when it changes.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None

    def changed(self) -> tuple[str, ...] | None:
        """Return the addresses if the file is another than at the last call, else None.

        Raises:
            UsageError: It is another, and it is unusable or gone.
        """
        try:
            status = self._path.stat()
        except OSError as error:
            unseen, self._seen = self._seen is not None, None
            if not unseen:
                return None
            raise self._unreadable(error) from error
        seen = (status.st_mtime_ns, status.st_size, status.st_ino)
        if seen == self._seen:
            return None
        self._seen = seen
        try:
            text = self._path.read_bytes()
        except OSError as error:
            raise self._unreadable(error) from error
        return parse(text, str(self._path))

    def _unreadable(self, error: OSError) -> UsageError:
        return UsageError(Problem(f"cannot be read: {error.strerror}", str(self._path), "the last good list is kept"))


async def follow(
    file: EndpointsFile, update: Callable[[tuple[str, ...]], None], complain: Callable[[BeaufortError], None]
) -> None:
    """Call ``update`` with the addresses whenever the file changes, ``complain`` when it cannot be used."""
    while True:
        await asyncio.sleep(_POLL_SECONDS)
        try:
            urls = file.changed()
        except UsageError as error:
            complain(error)
            continue
        if urls is not None:
            update(urls)
