"""What the model of a service file holds: from its repository's name, or from files on this machine."""

from __future__ import annotations

import json
from pathlib import Path

from beaufort.catalog.checkpoint import stored_precision
from beaufort.catalog.config_json import architecture_from_config
from beaufort.catalog.models import model
from beaufort.catalog.repositories import KnownRepository, known_repository
from beaufort.engines.gguf import GGUFError, Header, read_header
from beaufort.errors import Problem, UsageError
from beaufort.spec import MistralService
from beaufort.spec.source import DemoSource, HubSource, PathSource

_DEMO = "smollm2-135m"
_MOST_BYTES = 1 << 20  # of a config.json: the largest have some kilobytes
_WHERE = "spec.model.source"
# The keys of a GGUF header, without the architecture before them, by those of a config.json.
_GGUF_KEYS = {
    "num_hidden_layers": "block_count",
    "hidden_size": "embedding_length",
    "num_attention_heads": "attention.head_count",
    "num_key_value_heads": "attention.head_count_kv",
    "head_dim": "attention.key_length",
    "intermediate_size": "feed_forward_length",
    "vocab_size": "vocab_size",
    "max_position_embeddings": "context_length",
}
_USUAL_VOCABULARY = 32_000


def held_by(service: MistralService) -> KnownRepository:
    """Return the architecture of a service's model and the form of its weights; without the network.

    Raises:
        UsageError: The catalog does not know the repository, or the file cannot be read or is of another kind.
    """
    match service.spec.model.origin:
        case DemoSource():
            return KnownRepository(model(_DEMO), None)
        case HubSource(repo=repo):
            return _hub(service.spec.model.source, repo)
        case PathSource(path=path):
            return _path(Path(path).expanduser(), service.spec.model.name)


def _hub(source: str, repo: str) -> KnownRepository:
    found = known_repository(source)
    if found is None:
        what = f"the name of the repository {repo} does not tell its architecture"
        remedy = "download its config.json and name the folder, or name a repository of the Mistral family"
        raise UsageError(Problem(what, _WHERE, remedy))
    return KnownRepository(found.architecture, None) if source.endswith(".gguf") else found


def _path(path: Path, name: str) -> KnownRepository:
    remedy = "name a folder with a config.json, or a GGUF file"
    try:
        if path.is_dir():
            return _folder(path / "config.json", name)
        if path.exists() and not path.is_file():
            raise UsageError(Problem(f"{path} is neither a folder nor a file", _WHERE, remedy))
        return _gguf(path, name)
    except FileNotFoundError as error:
        raise UsageError(Problem(f"there is no file {error.filename}", _WHERE, remedy)) from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UsageError(Problem(f"{path} cannot be read: {reason}", _WHERE, "name a readable file")) from error


def _folder(file: Path, name: str) -> KnownRepository:
    with file.open("rb") as opened:
        text = opened.read(_MOST_BYTES + 1)
    if len(text) > _MOST_BYTES:
        what = f"{file} is larger than {_MOST_BYTES >> 20} MiB"
        raise UsageError(Problem(what, _WHERE, "name a folder with a model's config.json"))
    try:
        config = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(Problem(f"{file} is not JSON", _WHERE, "download it again")) from error
    return KnownRepository(architecture_from_config(config, name, str(file)), stored_precision(config, str(file)))


def _gguf(path: Path, name: str) -> KnownRepository:
    try:
        header = read_header(path)
    except GGUFError as error:
        remedy = "name a GGUF file, or a folder with a config.json"
        raise UsageError(Problem(f"{path} cannot be read as a GGUF file: {error}", _WHERE, remedy)) from error
    return KnownRepository(architecture_from_config(_config(header), name, str(path)), None)


def _config(header: Header) -> dict[str, object]:
    """Return the header in the words of a config.json."""
    kind = header.text("general.architecture") or ""
    found = {ours: header.number(f"{kind}.{theirs}") for ours, theirs in _GGUF_KEYS.items()}
    known = {name: value for name, value in found.items() if value is not None}
    return {"model_type": kind, "vocab_size": _USUAL_VOCABULARY, **known}
