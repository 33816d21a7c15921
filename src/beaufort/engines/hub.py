"""Models from the Hugging Face hub, by its own client: found, downloaded, verified, kept in its cache.

The client honours HF_TOKEN, HF_ENDPOINT and HF_HOME by itself, and goes on where a connection broke. A process that is
stopped begins the file anew: the client keeps no part of a file that it could not finish. It compares sizes only, so
what it downloads is hashed here.
"""

from __future__ import annotations

import errno
import hashlib
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import huggingface_hub as hf
from huggingface_hub import constants, errors
from huggingface_hub.hf_api import RepoSibling
from tqdm import tqdm  # type: ignore[import-untyped] # huggingface_hub's progress bars are of this class

from beaufort.engines.repository import choose_files
from beaufort.errors import BeaufortError, Problem, UnavailableError, UsageError
from beaufort.spec.source import HubSource
from beaufort.units import show_bytes

Progress = Callable[[str], None]
_TIMEOUT = 30.0
_STEP = 10  # percent between two lines


def download(source: HubSource, progress: Progress) -> Path:
    """Return the GGUF file, or the folder with the OpenVINO model, downloading what is not in the cache.

    Raises:
        UsageError: There is no such repository, revision or file, or nothing in it can be served.
        UnavailableError: It cannot be had now: no network, no permission, no room.
    """
    with _explained(source):
        try:
            files = _listing(source)
        except (httpx.TransportError, errors.OfflineModeIsEnabled):
            cached = _cached(source)
            if cached is None:
                raise
            progress(f"the hub cannot be reached: taking {source.repo} from the cache")
            return cached
        chosen = choose_files(source, list(files))
        missing = [files[name] for name in chosen if _in_cache(source, name) is None]
        _check_room(source, missing)
        for file in missing:
            _fetch(source, file, progress)
        return _model_path(source, chosen)


def _listing(source: HubSource) -> dict[str, RepoSibling]:
    info = hf.HfApi().model_info(source.repo, revision=source.revision, files_metadata=True, timeout=_TIMEOUT)
    return {file.rfilename: file for file in info.siblings or ()}


def _in_cache(source: HubSource, name: str) -> Path | None:
    # By the branch's name: the cache remembers the commit that it stood at.
    found = hf.try_to_load_from_cache(source.repo, name, revision=source.revision)
    return Path(found) if isinstance(found, str) else None


def _model_path(source: HubSource, chosen: Sequence[str]) -> Path:
    path = _in_cache(source, chosen[0])
    if path is None:
        problem = Problem("it is not in the cache after its download", f"hf://{source.repo}", "try again")
        raise UnavailableError(problem)
    return path if path.suffix == ".gguf" else path.parent


def _cached(source: HubSource) -> Path | None:
    """Return the model if the cache has all of it."""
    folder = Path(constants.HF_HUB_CACHE) / f"models--{source.repo.replace('/', '--')}"
    revision = source.revision or constants.DEFAULT_REVISION
    try:
        commit = (folder / "refs" / revision).read_text().strip()
    except OSError:
        commit = revision
    snapshot = folder / "snapshots" / commit
    try:
        chosen = choose_files(source, [str(path.relative_to(snapshot)) for path in snapshot.rglob("*")])
    except UsageError:
        return None
    return _model_path(source, chosen)


def _check_room(source: HubSource, files: Sequence[RepoSibling]) -> None:
    needed = sum(file.size or 0 for file in files)
    folder = Path(constants.HF_HUB_CACHE)
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if needed > free:
        what = f"{show_bytes(needed)} are to be downloaded, {show_bytes(free)} are free in {folder}"
        remedy = "make room, or set HF_HOME to a larger disk"
        raise UnavailableError(Problem(what, f"hf://{source.repo}", remedy))


def _fetch(source: HubSource, file: RepoSibling, progress: Progress) -> None:
    size = f" ({show_bytes(file.size)})" if file.size else ""
    progress(f"downloading {file.rfilename}{size} of {source.repo}")
    bars = None if sys.stderr.isatty() else _lines(file.rfilename, progress)
    path = Path(hf.hf_hub_download(source.repo, file.rfilename, revision=source.revision, tqdm_class=bars))
    if file.lfs is None or _sha256(path) == file.lfs.sha256:
        return
    path.resolve().unlink()
    path.unlink(missing_ok=True)
    where = f"hf://{source.repo}/{file.rfilename}"
    raise UnavailableError(Problem("the download is damaged: its SHA-256 is not the hub's", where, "try again"))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _lines(name: str, progress: Progress) -> type[tqdm]:
    """Return a class of progress bar that says a line now and then."""

    class Lines(tqdm):  # type: ignore[misc] # tqdm ships no types
        """Draws nothing."""

        def __init__(self, *, total: int | None = None, initial: int = 0, **_: object) -> None:
            super().__init__(total=total, initial=initial, disable=True)
            self._size = total or 0
            self._done = initial
            self._said = 0

        def update(self, n: float | None = 1) -> bool | None:
            self._done += int(n or 0)
            percent = self._done * 100 // self._size if self._size else 0
            if percent >= self._said + _STEP:
                self._said = percent // _STEP * _STEP
                progress(f"{name}: {self._said} %")
            return None

    return Lines


@contextmanager
def _explained(source: HubSource) -> Iterator[None]:
    """Turn the client's errors into ours."""
    try:
        yield
    except BeaufortError:
        raise
    except (errors.HfHubHTTPError, errors.EntryNotFoundError, httpx.HTTPError, OSError) as error:
        raise _problem(source, error) from error


def _problem(source: HubSource, error: Exception) -> BeaufortError:
    where = f"hf://{source.repo}"
    page = f"{constants.ENDPOINT}/{source.repo}"
    cause = error.__cause__ if isinstance(error, errors.LocalEntryNotFoundError) else error
    status = cause.response.status_code if isinstance(cause, errors.HfHubHTTPError) else None
    match cause:
        case errors.RevisionNotFoundError():
            return UsageError(Problem(f"it has no revision {source.revision!r}", where, f"see {page}"))
        case errors.GatedRepoError():
            remedy = f"accept its terms at {page}, then set HF_TOKEN to a token of that account"
            return UnavailableError(Problem("access to it has to be granted", where, remedy))
        case errors.RepositoryNotFoundError():
            remedy = "check the name; if it is private, set HF_TOKEN to a token that may read it"
            return UsageError(Problem("there is no such repository, or it is private", where, remedy))
        case errors.EntryNotFoundError() if status is not None:
            return UsageError(Problem("a file of it is missing", where, f"see {page}"))
    return _outage(where, cause, status)


def _outage(where: str, cause: BaseException | None, status: int | None) -> UnavailableError:
    """Return why the hub, the disk or the network does not do its part."""
    number = cause.errno if isinstance(cause, OSError) else None
    if status in {401, 403}:
        what, remedy = "the hub refuses access", "set HF_TOKEN to a token that may read it"
    elif status is not None:
        what, remedy = f"the hub answers {status}", "try again later"
    elif number in {errno.ENOSPC, errno.EDQUOT}:
        what, remedy = f"the disk of {constants.HF_HUB_CACHE} is full", "make room, or set HF_HOME to a larger disk"
    elif isinstance(cause, OSError) and number is not None:
        what, remedy = f"{cause.strerror}: {cause.filename}", "set HF_HOME to a folder that can be written"
    else:
        what = f"{constants.ENDPOINT} cannot be reached"
        remedy = "check the network and HF_ENDPOINT, or name a file on this machine"
    return UnavailableError(Problem(what, where, remedy))
