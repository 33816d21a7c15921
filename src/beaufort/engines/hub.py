"""Models on a Hugging Face hub: `hf://owner/repo[@revision][/file.gguf]`, downloaded by its own library.

The library resumes what was broken off, verifies sizes, and honours HF_TOKEN, HF_HOME and HF_ENDPOINT.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from beaufort.errors import Problem, UnavailableError, UsageError

SCHEME = "hf://"
_ADDRESS = re.compile(r"hf://([\w.-]+/[\w.-]+)(?:@([\w.-]+))?(?:/(.+))?", re.ASCII)
_OPENVINO_FILES = ("*.xml", "*.bin", "*.json", "*.txt", "*.jinja", "*.model")


@dataclass(frozen=True, slots=True)
class HubAddress:
    """A place on a hub.

    Attributes:
        repo: ``owner/name``.
        revision: Branch, tag or commit; None is the main branch.
        file: A file in the repository; None looks for the one there is.
    """

    repo: str
    revision: str | None
    file: str | None


def parse(source: str) -> HubAddress:
    """Return the address that ``source`` stands for.

    Raises:
        UsageError: It is none.
    """
    match = _ADDRESS.fullmatch(source)
    if match is None or ".." in source:
        remedy = "write hf://owner/repo, hf://owner/repo/file.gguf or hf://owner/repo@revision/file.gguf"
        raise UsageError(Problem("not an address on a hub", source, remedy))
    return HubAddress(match[1], match[2], match[3])


def download(address: HubAddress, progress: Callable[[str], None]) -> Path:
    """Return the GGUF file, or the OpenVINO folder, on this machine; what is there already is not fetched again.

    Raises:
        UsageError: There is no such repository, revision or file, or none that can be loaded.
        UnavailableError: The hub cannot be reached, or refuses.
    """
    try:
        import huggingface_hub  # noqa: PLC0415 - an extra, and slow to import
        from huggingface_hub import errors  # noqa: PLC0415 - as above
    except ImportError as error:
        problem = Problem("huggingface_hub is not installed", address.repo, "pip install 'beaufort[local]'")
        raise UnavailableError(problem) from error
    where = SCHEME + address.repo
    try:
        files = huggingface_hub.HfApi().list_repo_files(address.repo, revision=address.revision)
        chosen = _choose(address, files)
        progress(f"downloading {where}{'/' + chosen if chosen else ''}")
        if chosen:
            return Path(huggingface_hub.hf_hub_download(address.repo, chosen, revision=address.revision))
        return Path(
            huggingface_hub.snapshot_download(
                address.repo, revision=address.revision, allow_patterns=list(_OPENVINO_FILES)
            )
        )
    except errors.GatedRepoError as error:
        remedy = "ask for access on the model's page, then set HF_TOKEN to a token of that account"
        raise UnavailableError(Problem("the model is gated", where, remedy)) from error
    except errors.RevisionNotFoundError as error:
        raise UsageError(Problem(f"there is no revision {address.revision!r}", where, "name another")) from error
    except errors.RepositoryNotFoundError as error:
        remedy = "check the name; for a private model, set HF_TOKEN"
        raise UsageError(Problem("there is no such repository, or it is private", where, remedy)) from error
    except (errors.HfHubHTTPError, errors.LocalEntryNotFoundError, OSError) as error:
        remedy = "check the network and HF_ENDPOINT, then try again: what has arrived is kept"
        raise UnavailableError(Problem(f"the hub cannot be used: {_first_line(error)}", where, remedy)) from error
    except Exception as error:
        if type(error).__module__.partition(".")[0] not in {"httpx", "httpcore"}:
            raise
        remedy = "check the network and HF_ENDPOINT, then try again: what has arrived is kept"
        raise UnavailableError(Problem(f"the hub cannot be reached: {_first_line(error)}", where, remedy)) from error


def _choose(address: HubAddress, files: list[str]) -> str | None:
    """Return the file to load, or None for an OpenVINO folder."""
    where = SCHEME + address.repo
    if address.file is not None:
        if address.file not in files:
            raise UsageError(Problem(f"there is no file {address.file!r}", where, _listed(files)))
        return address.file
    if "openvino_model.xml" in files:
        return None
    found = [file for file in files if file.endswith(".gguf")]
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(Problem("it holds several GGUF files", where, f"name one of {', '.join(found[:12])}"))
    remedy = "name a repository with a GGUF file or an OpenVINO model, or convert this one with optimum-intel"
    raise UsageError(Problem("it holds neither", where, remedy))


def _listed(files: list[str]) -> str:
    found = [file for file in files if file.endswith(".gguf")]
    return f"there are {', '.join(found[:12])}" if found else "it holds no GGUF file"


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
