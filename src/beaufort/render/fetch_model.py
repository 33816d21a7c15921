"""Download a model once and verify it, or wait until somebody has. A program for a pod: only its text is used here.

    fetch_model.py REPOSITORY REVISION FOLDER [--openvino | --gguf=FILE] [--wait]

What is downloaded are the safetensors, with all that belongs to them; or an OpenVINO model; or one GGUF file, with its
other parts if it is split. FOLDER holds the model once the marker in it names this repository and revision, and every
file has its size. Files that are complete are kept when the program is started again; those with a hash are read once
more before the marker is written, because the hub's client compares sizes only. HF_TOKEN and HF_ENDPOINT are the
client's own.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatch
from pathlib import Path

MARKER = ".complete"
POLL_SECONDS = 2.0
PARALLEL = 4
CHUNK = 1 << 24
# The same weights in other forms, and what no engine reads.
NEVER = ("*.bin", "*.ckpt", "*.gguf", "*.h5", "*.msgpack", "*.onnx", "*.pt", "*.pth", "original/*", ".git*", "*.md")
OPENVINO = ("openvino_*", "*.json", "*.jinja", "*.txt", "*.model")


def main(arguments: list[str]) -> int:
    """Return the exit code: 0 when the folder holds the model."""
    repository, revision, folder, *options = arguments
    path = Path(folder)
    if "--wait" in options:
        wait(repository, revision, path)
        return 0
    try:
        fetch(repository, revision, path, next((each for each in options if each != "--wait"), ""))
    except Exception as error:  # noqa: BLE001 - whatever it is, the log gets one line, and the pod is started again
        sys.exit(
            f"{repository}@{revision} was not downloaded: {type(error).__name__}: {first_line(error)}{hint(error)}"
        )
    return 0


def first_line(error: Exception) -> str:
    """Return what went wrong without the rest of a long message."""
    return (str(error).strip().splitlines() or ["no reason is given"])[0][:300]


def hint(error: Exception) -> str:
    """Return what to do about an error of the hub or of the way to it; nothing when that is not known."""
    kinds = {kind.__name__ for kind in type(error).__mro__}
    if kinds & {"GatedRepoError"}:
        return "; accept the model's terms on the hub, and put that account's token into the Secret with HF_TOKEN"
    if kinds & {"RepositoryNotFoundError", "RevisionNotFoundError", "EntryNotFoundError"}:
        return "; check spec.model.source: owner, name and revision, and for a private one the Secret with HF_TOKEN"
    if kinds & {"TransportError", "ConnectionError", "LocalEntryNotFoundError", "TimeoutError", "OfflineModeIsEnabled"}:
        return "; the hub is not reached: check DNS, proxy and network policies, or name a mirror in HF_ENDPOINT"
    return ""


def complete(repository: str, revision: str, folder: Path) -> bool:
    """Return whether the folder holds the model, by its marker and the sizes of its files."""
    try:
        marker = json.loads((folder / MARKER).read_text("utf-8"))
        same = (marker["repository"], marker["revision"]) == (repository, revision)
        return same and all((folder / name).stat().st_size == size for name, size in marker["files"].items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def wait(repository: str, revision: str, folder: Path) -> None:
    """Return once the folder holds the model."""
    say(f"waiting for {repository}@{revision} in {folder}")
    while not complete(repository, revision, folder):
        time.sleep(POLL_SECONDS)
    say("it is there")


def fetch(repository: str, revision: str, folder: Path, form: str = "") -> None:
    """Download what is missing, verify it, and write the marker. Two at once take turns."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if complete(repository, revision, folder):
            say(f"{repository}@{revision} is in {folder} already")
            return
        (folder / MARKER).unlink(missing_ok=True)
        download(repository, revision, folder, form)


def download(repository: str, revision: str, folder: Path, form: str) -> None:
    """Download and verify into a folder that nobody else writes to."""
    from huggingface_hub import HfApi, hf_hub_download  # noqa: PLC0415 - whoever only waits does without

    listing = HfApi().model_info(repository, revision=revision, files_metadata=True)
    names = wanted([file.rfilename for file in listing.siblings or ()], form)
    files = {file.rfilename: file for file in listing.siblings or () if file.rfilename in names}
    missing = sum(file.size or 0 for name, file in files.items() if not (folder / name).exists())
    free = shutil.disk_usage(folder).free
    if missing > free:
        sys.exit(f"{missing >> 20} MiB are missing, {free >> 20} MiB are free in {folder}")
    say(f"downloading {missing >> 20} MiB of {repository} at {listing.sha}")
    with ThreadPoolExecutor(PARALLEL) as pool:
        list(pool.map(lambda name: hf_hub_download(repository, name, revision=listing.sha, local_dir=folder), names))
    for name, file in files.items():
        verify(folder / name, file.lfs.sha256 if file.lfs else None)
    shutil.rmtree(folder / ".cache", ignore_errors=True)
    sizes = {name: (folder / name).stat().st_size for name in names}
    write_marker(folder, {"repository": repository, "revision": revision, "commit": listing.sha, "files": sizes})
    say(f"complete: {sum(sizes.values()) >> 20} MiB")


def wanted(names: list[str], form: str = "") -> list[str]:
    """Return the files to have, of the form that is asked for."""
    if form == "--openvino":
        return openvino(names)
    return gguf(names, form.removeprefix("--gguf=")) if form else safetensors(names)


def safetensors(names: list[str]) -> list[str]:
    """Return the files of a model in safetensors: of two sets of the same, the one for Transformers."""
    kept = [name for name in names if not any(fnmatch(name, pattern) for pattern in NEVER)]
    if any(fnmatch(name, "model*.safetensors") for name in kept):
        kept = [name for name in kept if not fnmatch(name, "consolidated*.safetensors*")]
    if not any(name.endswith(".safetensors") for name in kept):
        sys.exit("the repository has no .safetensors files, which alone are loaded")
    return kept


def openvino(names: list[str]) -> list[str]:
    """Return the files of an OpenVINO model, and its tokenizer's."""
    if "openvino_model.xml" not in names:
        sys.exit("the repository has no openvino_model.xml; of one with GGUF files, name the file")
    return [name for name in names if "/" not in name and any(fnmatch(name, pattern) for pattern in OPENVINO)]


def gguf(names: list[str], file: str) -> list[str]:
    """Return a GGUF file, and the parts that belong to it: NAME-00001-of-00003.gguf."""
    parts = re.sub(r"-[0-9]{5}(-of-[0-9]{5}[.]gguf)$", r"-*\1", file)
    kept = [name for name in names if fnmatch(name, parts)]
    if not kept:
        sys.exit(f"the repository has no file {file}")
    return kept


def verify(path: Path, sha256: str | None) -> None:
    """Remove the file and end when its hash is another."""
    path.chmod(0o644)  # read by the engine's user, whoever downloaded it
    if sha256 is None:
        return
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    if digest.hexdigest() != sha256:
        path.unlink()
        sys.exit(f"{path.name} is damaged: {digest.hexdigest()} instead of {sha256}; it is downloaded again")


def write_marker(folder: Path, content: dict[str, object]) -> None:
    """Write the marker in one step, after all else is on the disk."""
    os.sync()
    partial = folder / f"{MARKER}.partial"
    partial.write_text(json.dumps(content, indent=1), "utf-8")
    partial.replace(folder / MARKER)


def say(line: str) -> None:
    """Tell whoever reads the pod's log."""
    print(line, flush=True)  # noqa: T201 - a pod's log is its standard output


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
