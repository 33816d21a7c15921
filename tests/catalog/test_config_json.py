import copy
import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from beaufort.catalog.config_json import architecture_from_config
from beaufort.catalog.models import Architecture, model
from beaufort.errors import UsageError

# As the publishers' files have them, without the fields that nothing here depends on.
MISTRAL_7B: dict[str, Any] = {
    "architectures": ["MistralForCausalLM"],
    "hidden_act": "silu",
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "max_position_embeddings": 32768,
    "model_type": "mistral",
    "num_attention_heads": 32,
    "num_hidden_layers": 32,
    "num_key_value_heads": 8,
    "sliding_window": None,
    "tie_word_embeddings": False,
    "torch_dtype": "bfloat16",
    "vocab_size": 32768,
}
NEMO = MISTRAL_7B | {
    "head_dim": 128,
    "hidden_size": 5120,
    "max_position_embeddings": 131072,
    "num_hidden_layers": 40,
    "vocab_size": 131072,
}
MINISTRAL = MISTRAL_7B | {
    "head_dim": 128,
    "intermediate_size": 12288,
    "layer_types": ["full_attention", *["sliding_attention"] * 3] * 9,
    "max_position_embeddings": 131072,
    "num_hidden_layers": 36,
    "sliding_window": 32768,
    "vocab_size": 131072,
}
SMOLLM2 = {
    "architectures": ["LlamaForCausalLM"],
    "hidden_size": 576,
    "intermediate_size": 1536,
    "is_llama_config": True,
    "max_position_embeddings": 8192,
    "model_type": "llama",
    "num_attention_heads": 9,
    "num_hidden_layers": 30,
    "num_key_value_heads": 3,
    "tie_word_embeddings": True,
    "vocab_size": 49152,
}
SMALL_TEXT = {
    "head_dim": 128,
    "hidden_size": 5120,
    "intermediate_size": 32768,
    "max_position_embeddings": 131072,
    "model_type": "mistral",
    "num_attention_heads": 32,
    "num_hidden_layers": 40,
    "num_key_value_heads": 8,
    "sliding_window": None,
    "vocab_size": 131072,
}
SMALL_3 = {
    "architectures": ["Mistral3ForConditionalGeneration"],
    "model_type": "mistral3",
    "multimodal_projector_bias": False,
    "spatial_merge_size": 2,
    "text_config": SMALL_TEXT,
    "vision_config": {
        "hidden_size": 1024,
        "intermediate_size": 4096,
        "model_type": "pixtral",
        "num_hidden_layers": 24,
        "patch_size": 14,
    },
}
# A nested part is published without the fields that have their default.
PIXTRAL = {
    "architectures": ["LlavaForConditionalGeneration"],
    "model_type": "llava",
    "text_config": {
        "head_dim": 128,
        "hidden_size": 5120,
        "max_position_embeddings": 1024000,
        "model_type": "mistral",
        "num_hidden_layers": 40,
        "sliding_window": None,
        "vocab_size": 131072,
    },
    "vision_config": {"head_dim": 64, "model_type": "pixtral", "patch_size": 16},
}


def _read(config: object) -> Architecture:
    return architecture_from_config(config, "it", "config.json")


def _problems(config: object) -> list[str]:
    with pytest.raises(UsageError) as caught:
        _read(config)
    assert all(problem.remedy and problem.where.startswith("config.json") for problem in caught.value.problems)
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("config", "name"),
    [
        (MISTRAL_7B, "mistral-7b-v0.3"),
        (MISTRAL_7B | {"sliding_window": 4096, "vocab_size": 32000}, "mistral-7b-v0.1"),
        (NEMO, "mistral-nemo-12b"),
        (MINISTRAL, "ministral-8b"),
        (SMALL_3, "mistral-small-3.2-24b"),
        (SMOLLM2, "smollm2-135m"),
    ],
)
def test_a_published_file_gives_the_row_of_the_catalog(config: dict[str, Any], name: str) -> None:
    found, known = _read(config), model(name)
    assert found.parameters == known.parameters
    for field in ("layers", "hidden", "heads", "kv_heads", "head_dim", "ffn", "vocab", "max_context", "tied"):
        assert getattr(found, field) == getattr(known, field), field
    assert found.sliding_windows == known.sliding_windows
    assert found.kv_bytes(100_000) == known.kv_bytes(100_000)


def test_the_row_is_named_and_its_source_told() -> None:
    found = architecture_from_config(MISTRAL_7B, "ours", "s3://models/ours/config.json", "us/ours")
    assert (found.name, found.source, found.repo) == ("ours", "s3://models/ours/config.json", "us/ours")
    assert found.licence == "not stated"


def test_a_nested_part_has_the_defaults_of_its_class() -> None:
    found = _read(PIXTRAL)
    assert (found.heads, found.kv_heads, found.ffn) == (32, 8, 14_336)
    assert found.parameters - found.other_parameters == model("mistral-nemo-12b").parameters


@pytest.mark.parametrize("head_dim", [None, "absent"])
def test_without_a_head_width_the_hidden_one_is_divided(head_dim: object) -> None:
    config = MISTRAL_7B | {"head_dim": head_dim}
    if head_dim == "absent":
        del config["head_dim"]
    assert _read(config).head_dim == 128


def test_without_kv_heads_every_head_has_its_own() -> None:
    config = {name: value for name, value in MISTRAL_7B.items() if name != "num_key_value_heads"}
    assert _read(config).kv_heads == 32


def test_ties_are_those_of_the_text_part() -> None:
    config = SMALL_3 | {"tie_word_embeddings": True}
    assert not _read(config).tied
    assert _read(config | {"text_config": SMALL_TEXT | {"tie_word_embeddings": True}}).tied


def test_windows_that_do_not_repeat_are_kept_whole() -> None:
    kinds = ["full_attention"] * 31 + ["sliding_attention"]
    found = _read(MISTRAL_7B | {"layer_types": kinds, "sliding_window": 4096})
    assert found.sliding_windows == (*[None] * 31, 4096)
    assert found.kv_tokens(10_000) == 31 * 10_000 + 4096


def test_layers_that_all_see_everything_have_no_window() -> None:
    config = MISTRAL_7B | {"layer_types": ["full_attention"] * 32, "sliding_window": 4096}
    assert _read(config).sliding_windows == ()


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        (
            {"architectures": ["MixtralForCausalLM"], "num_local_experts": 8, "model_type": "mixtral"},
            "mixture of experts",
        ),
        ({"architectures": ["MambaForCausalLM"], "state_size": 16}, "state-space model"),
        (SMALL_3 | {"text_config": SMALL_TEXT | {"kv_lora_rank": 256}}, "compressed keys and values"),
        (SMALL_3 | {"text_config": SMALL_TEXT | {"model_type": "mistral4"}}, "'mistral4' is not a decoder"),
        ({"architectures": ["T5ForConditionalGeneration"], "is_encoder_decoder": True}, "an encoder with a decoder"),
        ({"architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2"}, "'Qwen2ForCausalLM' is not an architecture"),
    ],
)
def test_what_is_no_dense_decoder_is_refused_with_the_reason(config: dict[str, Any], reason: str) -> None:
    assert any(reason in problem for problem in _problems(config))


@pytest.mark.parametrize("config", [[], "text", None, 7, {}, {"architectures": []}, {"architectures": "Mistral"}])
def test_what_is_no_configuration_is_refused(config: object) -> None:
    assert len(_problems(config)) == 1


def test_every_mistake_is_told_at_once() -> None:
    config = MISTRAL_7B | {
        "hidden_size": "4096",
        "num_hidden_layers": -32,
        "num_key_value_heads": 5,
        "intermediate_size": True,
        "max_position_embeddings": 1.5,
        "tie_word_embeddings": "no",
        "layer_types": ["full_attention", ["nested"]],
    }
    del config["vocab_size"]
    told = "\n".join(_problems(config))
    for part in (
        "hidden_size: '4096' is not a whole number",
        "num_hidden_layers: -32 is not between 1 and",
        "num_key_value_heads: 32 heads cannot be divided over 5 KV heads",
        "intermediate_size: True is not a whole number",
        "max_position_embeddings: 1.5 is not a whole number",
        "vocab_size: is missing",
        "tie_word_embeddings: 'no' is neither true nor false",
        "layer_types: ['nested'] is not known here",
    ):
        assert part in told


def test_a_hidden_width_that_the_heads_do_not_divide_is_told() -> None:
    assert "4097 is no multiple of 32 heads" in _problems(MISTRAL_7B | {"hidden_size": 4097})[0]


def test_layer_types_have_to_fit() -> None:
    config = MISTRAL_7B | {"layer_types": ["sliding_attention"] * 3}
    told = "\n".join(_problems(config))
    assert "names 3 layers, the model has 32" in told
    assert "sliding_window: is missing" in told


def test_a_mistake_in_a_nested_part_names_its_place() -> None:
    (told,) = _problems(SMALL_3 | {"text_config": SMALL_TEXT | {"hidden_size": 0}})
    assert told.startswith("config.json: text_config: hidden_size: 0 is not between")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def _refused_or_sound(config: object) -> None:
    """Whatever the file holds, it is read as something sound, or refused with remedies: nothing else is raised."""
    try:
        found = _read(config)
    except UsageError as error:
        _has_remedies(error)
        return
    assert found.parameters > 0
    assert found.heads % found.kv_heads == 0
    assert found.kv_tokens(1000) <= 1000 * found.layers


def _has_remedies(error: UsageError) -> None:
    assert error.problems
    assert all(problem.remedy and len(str(problem)) < 400 for problem in error.problems)


@settings(deadline=None)
@given(JSON)
def test_any_json_is_refused_or_read(config: object) -> None:
    _refused_or_sound(config)


@settings(deadline=None)
@given(st.sampled_from([MISTRAL_7B, MINISTRAL, SMALL_3, PIXTRAL]), st.data())
def test_a_file_with_any_field_damaged_is_refused_or_read(config: dict[str, Any], data: st.DataObject) -> None:
    damaged = copy.deepcopy(config)
    part = data.draw(st.sampled_from([damaged, *(each for each in damaged.values() if isinstance(each, dict))]))
    part[data.draw(st.sampled_from(sorted(part)))] = data.draw(JSON)
    _refused_or_sound(damaged)


@settings(deadline=None)
@example(layers=1, heads=1, groups=1, head_dim=1, ffn=1, vocab=1)
@given(
    layers=st.integers(1, 200),
    heads=st.integers(1, 64),
    groups=st.integers(1, 8),
    head_dim=st.integers(1, 512),
    ffn=st.integers(1, 1 << 20),
    vocab=st.integers(1, 1 << 20),
)
def test_parameters_are_the_sum_of_the_shapes(
    layers: int, heads: int, groups: int, head_dim: int, ffn: int, vocab: int
) -> None:
    hidden = heads * groups * head_dim
    config: Mapping[str, object] = MISTRAL_7B | {
        "hidden_size": hidden,
        "intermediate_size": ffn,
        "num_attention_heads": heads * groups,
        "num_hidden_layers": layers,
        "num_key_value_heads": heads,
        "vocab_size": vocab,
    }
    found = _read(json.loads(json.dumps(config)))
    attention = 2 * hidden * hidden + 2 * hidden * heads * head_dim
    assert found.parameters == layers * (attention + 3 * hidden * ffn + 2 * hidden) + hidden + 2 * hidden * vocab
