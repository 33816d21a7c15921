from pathlib import Path

import pytest

from beaufort.engines.models import LocalModel
from beaufort.errors import UnavailableError
from beaufort.fleet import memory, preflight
from beaufort.fleet.settings import Settings
from beaufort.units import GIB

MISTRAL_7B = LocalModel(Path("m.gguf"), "gguf", "m", 32_768, 4 * GIB, layers=32, kv_heads=8, head_dim=128)


def test_what_the_engines_need() -> None:
    need = preflight.need(Settings(replicas=2), MISTRAL_7B)
    assert (need.weights, need.kv, need.replicas) == (4 * GIB, 2 * GIB, 2)
    assert preflight.need(Settings(kv_cache_tokens=16_384), MISTRAL_7B).kv == GIB


def test_the_demo_model_fits_where_there_is_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available", lambda: 2 * GIB)
    preflight.check(Settings(replicas=2))
    with pytest.raises(UnavailableError, match="--replicas 3"):
        preflight.check(Settings(replicas=4))


@pytest.mark.parametrize(
    "settings", [Settings(engine="emulated", model="no such"), Settings(model="hf://owner/repo/m.gguf")]
)
def test_what_cannot_be_known_is_left_to_the_engine(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available", lambda: 0)
    preflight.check(settings)
