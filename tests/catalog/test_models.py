import pytest

from beaufort.catalog.models import MODELS, Architecture, model
from beaufort.catalog.precision import Precision, weight_bytes
from beaufort.errors import UsageError

# What the publishers' checkpoints hold: the sum over the shapes in their safetensors headers.
PUBLISHED = {
    "mistral-7b-v0.1": 7_241_732_096,
    "mistral-7b-v0.2": 7_241_732_096,
    "mistral-7b-v0.3": 7_248_023_552,
    "mistral-nemo-12b": 12_247_782_400,
    "ministral-8b": 8_019_808_256,
    "mistral-small-24b": 23_572_403_200,
    "mistral-small-3.2-24b": 24_011_361_280,
    "smollm2-135m": 134_515_008,
}
MISTRALS = [entry for entry in MODELS.values() if entry.name != "smollm2-135m"]


def test_the_catalog_holds_just_these_models() -> None:
    assert MODELS.keys() == PUBLISHED.keys()


@pytest.mark.parametrize("name", PUBLISHED)
def test_parameters_are_the_published_count(name: str) -> None:
    assert model(name).parameters == PUBLISHED[name]


# Of the checkpoints as they are published, in bf16, without the headers of their files.
WEIGHT_BYTES = {
    "mistral-7b-v0.1": 14_483_464_192,
    "mistral-7b-v0.2": 14_483_464_192,
    "mistral-7b-v0.3": 14_496_047_104,
    "mistral-nemo-12b": 24_495_564_800,
    "ministral-8b": 16_039_616_512,
    "mistral-small-24b": 47_144_806_400,
    "mistral-small-3.2-24b": 48_022_722_560,
    "smollm2-135m": 269_030_016,
}
# Of one token in bf16: keys and values of every layer and KV head.
KV_BYTES = {
    "mistral-7b-v0.1": 131_072,
    "mistral-7b-v0.2": 131_072,
    "mistral-7b-v0.3": 131_072,
    "mistral-nemo-12b": 163_840,
    "ministral-8b": 147_456,
    "mistral-small-24b": 163_840,
    "mistral-small-3.2-24b": 163_840,
    "smollm2-135m": 23_040,
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_weights_take_the_published_bytes(name: str) -> None:
    assert weight_bytes(model(name), Precision.BF16) == WEIGHT_BYTES[name]


@pytest.mark.parametrize("name", PUBLISHED)
def test_keys_and_values_of_a_token_take_the_known_bytes(name: str) -> None:
    assert model(name).kv_bytes_per_token() == KV_BYTES[name]
    assert model(name).kv_bytes_per_token(bytes_per_value=1) == KV_BYTES[name] // 2


@pytest.mark.parametrize(
    ("name", "context", "tokens"),
    [
        ("mistral-7b-v0.1", 1000, 32 * 1000),
        ("mistral-7b-v0.1", 32_768, 32 * 4096),
        ("mistral-7b-v0.3", 32_768, 32 * 32_768),
        ("ministral-8b", 32_768, 36 * 32_768),
        ("ministral-8b", 131_072, 9 * 131_072 + 27 * 32_768),
        ("mistral-7b-v0.1", 0, 0),
    ],
)
def test_a_window_bounds_the_keys_and_values_of_its_layers(name: str, context: int, tokens: int) -> None:
    assert model(name).kv_tokens(context) == tokens


@pytest.mark.parametrize("entry", MODELS.values(), ids=lambda entry: entry.name)
def test_within_every_window_a_sequence_costs_its_tokens(entry: Architecture) -> None:
    assert entry.kv_bytes(1000) == 1000 * entry.kv_bytes_per_token()
    assert entry.kv_bytes(1000, bytes_per_value=1) == 500 * entry.kv_bytes_per_token()


@pytest.mark.parametrize("entry", MISTRALS, ids=lambda entry: entry.name)
def test_the_family_shares_its_heads(entry: Architecture) -> None:
    assert (entry.heads, entry.kv_heads, entry.head_dim, entry.tied) == (32, 8, 128, False)


@pytest.mark.parametrize("entry", MODELS.values(), ids=lambda entry: entry.name)
def test_a_row_is_consistent(entry: Architecture) -> None:
    assert entry.heads % entry.kv_heads == 0
    assert entry.repo in entry.source
    assert all(window is None or 0 < window <= entry.max_context for window in entry.sliding_windows)
    assert entry.layers % (len(entry.sliding_windows) or 1) == 0


def test_a_wrong_name_is_answered_with_the_right_one() -> None:
    with pytest.raises(UsageError, match=r"no model 'mistral-nemo-12'.*did you mean mistral-nemo-12b"):
        model("mistral-nemo-12")
