import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beaufort.catalog.models import MODELS, Architecture
from beaufort.catalog.precision import Precision
from beaufort.catalog.repositories import known_repository


@pytest.mark.parametrize("entry", MODELS.values(), ids=lambda entry: entry.name)
def test_every_rows_own_repository_is_known(entry: Architecture) -> None:
    found = known_repository(f"hf://{entry.repo}")
    assert found is not None
    assert (found.architecture, found.precision) == (entry, Precision.BF16)


@pytest.mark.parametrize(
    ("source", "name", "precision"),
    [
        ("hf://mistralai/Mistral-7B-v0.1", "mistral-7b-v0.1", Precision.BF16),
        ("MISTRALAI/MISTRAL-7B-INSTRUCT-V0.3", "mistral-7b-v0.3", Precision.BF16),
        ("hf://mistralai/Mistral-7B-Instruct-v0.3@main", "mistral-7b-v0.3", Precision.BF16),
        ("hf://mistralai/Mistral-7B-Instruct-v0.3/model.safetensors", "mistral-7b-v0.3", Precision.BF16),
        ("mistralai/Mistral-Nemo-Base-2407", "mistral-nemo-12b", Precision.BF16),
        ("nvidia/Mistral-NeMo-12B-Instruct", "mistral-nemo-12b", Precision.BF16),
        ("mistralai/Mistral-Small-3.1-24B-Instruct-2503", "mistral-small-3.2-24b", Precision.BF16),
        ("neuralmagic/Mistral-7B-Instruct-v0.3-FP8", "mistral-7b-v0.3", Precision.FP8),
        ("RedHatAI/Mistral-Nemo-Instruct-2407-FP8", "mistral-nemo-12b", Precision.FP8),
        ("neuralmagic/Mistral-Small-24B-Instruct-2501-FP8-Dynamic", "mistral-small-24b", Precision.FP8),
        ("RedHatAI/Mistral-7B-Instruct-v0.3-quantized.w8a8", "mistral-7b-v0.3", Precision.INT8),
        ("RedHatAI/Mistral-7B-Instruct-v0.3-GPTQ-4bit", "mistral-7b-v0.3", Precision.W4A16),
        ("TheBloke/Mistral-7B-Instruct-v0.2-AWQ", "mistral-7b-v0.2", Precision.W4A16),
        ("unsloth/mistral-7b-instruct-v0.3-bnb-4bit", "mistral-7b-v0.3", Precision.NF4),
        ("TheBloke/Mistral-7B-Instruct-v0.2-GGUF", "mistral-7b-v0.2", None),
        ("bartowski/mistralai_Mistral-Small-24B-Instruct-2501-GGUF", "mistral-small-24b", None),
    ],
)
def test_a_known_name_tells_model_and_form(source: str, name: str, precision: Precision | None) -> None:
    found = known_repository(source)
    assert found is not None
    assert (found.architecture.name, found.precision) == (name, precision)


@pytest.mark.parametrize(
    "source",
    [
        "",
        "demo",
        "./models/Mistral-7B-Instruct-v0.3",
        "hf://mistralai",
        "mistralai/Mixtral-8x7B-Instruct-v0.1",
        "nvidia/Mistral-NeMo-Minitron-8B-Base",
        "NousResearch/Hermes-2-Pro-Mistral-7B",
        "cognitivecomputations/dolphin-2.9.3-mistral-nemo-12b",
        "someone/Mistral-7B-Instruct-v0.3-abliterated",
        "someone/Mistral-7B-Instruct-v0.30",
        "someone/Mistral-7B-Instruct-v0.3-FP8-AWQ",
        "someone/Mistral-7B-Instruct-v0.3-4bit",
        "someone/Mistral-7B-Instruct-v0.3-w8a16",
        "mistralai/Mistral-7B",
        f"hf://mistralai/{'Mistral-7B-v0.1' * 100}",
    ],
)
def test_what_a_name_does_not_tell_is_not_guessed(source: str) -> None:
    assert known_repository(source) is None


@settings(deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_known_or_not(text: str) -> None:
    assert known_repository(text) is None or "/" in text
