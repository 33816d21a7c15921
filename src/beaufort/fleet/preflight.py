"""What can be known to stand in the way before any process is started."""

from __future__ import annotations

from importlib.util import find_spec

from beaufort.engines.models import LocalModel, resolve
from beaufort.errors import Problem, UnavailableError
from beaufort.fleet import memory
from beaufort.fleet.settings import Settings
from beaufort.spec.source import HubSource, parse_source
from beaufort.units import MIB

# The embedded engine's process without a model: Python, OpenVINO and its plugins. Measured: 72 MiB after the
# imports, some 150 MiB more once a pipeline runs.
PROGRAM_BYTES = 224 * MIB
# What the embedded engine takes when it is told nothing else.
DEFAULT_KV_TOKENS = 32_768


def check(settings: Settings) -> None:
    """Return when nothing is known to stand in the way. A model that has to be fetched is the engine's to judge.

    Raises:
        UsageError: There is no such model, or it is of a kind that cannot be loaded.
        UnavailableError: A package is not installed, or the model does not fit into memory.
    """
    if settings.engine != "openvino":
        return
    if find_spec("openvino_genai") is None:
        raise UnavailableError(
            Problem("the local engine is not installed", "openvino-genai", 'pip install "beaufort[local]"')
        )
    if not isinstance(parse_source(settings.model), HubSource):
        model = resolve(settings.model, progress=lambda _: None)
        memory.check_fits(need(settings, model), memory.available())


def need(settings: Settings, model: LocalModel) -> memory.Need:
    """Return what the engines need, at least: what does not fit by this would not have fitted.

    OpenVINO keeps keys and values in 8 bits; their scales, a sixth more, are left out.
    """
    tokens = settings.kv_cache_tokens or DEFAULT_KV_TOKENS
    kv_per_token = 2 * model.layers * model.kv_heads * model.head_dim
    return memory.Need(model.size_bytes, tokens * kv_per_token, PROGRAM_BYTES, settings.replicas)
