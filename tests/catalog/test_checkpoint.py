import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beaufort.catalog.checkpoint import stored_precision
from beaufort.catalog.precision import Precision
from beaufort.errors import UsageError


def _groups(bits: int, kind: str, *, activations: bool) -> dict[str, object]:
    inputs = {"num_bits": bits, "type": kind} if activations else None
    scheme = {"weights": {"num_bits": bits, "type": kind}, "input_activations": inputs, "targets": ["Linear"]}
    return {"quant_method": "compressed-tensors", "config_groups": {"group_0": scheme}}


@pytest.mark.parametrize(
    ("settings", "precision"),
    [
        (None, Precision.BF16),
        ({"quant_method": "fp8", "activation_scheme": "static"}, Precision.FP8),
        ({"quant_method": "fbgemm_fp8"}, Precision.FP8),
        ({"quant_method": "modelopt", "quant_algo": "FP8"}, Precision.FP8),
        (_groups(8, "float", activations=True), Precision.FP8),
        (_groups(8, "int", activations=True), Precision.INT8),
        (_groups(4, "int", activations=False), Precision.W4A16),
        ({"quant_method": "gptq", "bits": 4, "group_size": 128}, Precision.W4A16),
        ({"quant_method": "awq", "bits": 4, "zero_point": True}, Precision.W4A16),
        ({"quant_method": "awq", "w_bit": 4}, Precision.W4A16),
        ({"quant_method": "auto-round", "bits": 4}, Precision.W4A16),
        ({"quant_method": "bitsandbytes", "load_in_4bit": True, "bnb_4bit_quant_type": "nf4"}, Precision.NF4),
        ({"quant_method": "bitsandbytes", "_load_in_4bit": True, "bnb_4bit_quant_type": "nf4"}, Precision.NF4),
    ],
)
def test_the_precision_is_read(settings: object, precision: Precision) -> None:
    assert stored_precision({"quantization_config": settings}, "config.json") is precision


def test_older_and_nested_settings_are_found() -> None:
    groups = _groups(8, "float", activations=True)
    del groups["quant_method"]
    assert stored_precision({"compression_config": groups}, "config.json") is Precision.FP8
    assert stored_precision({"text_config": {"quantization_config": groups}}, "config.json") is Precision.FP8
    assert stored_precision({"text_config": {}}, "config.json") is Precision.BF16


@pytest.mark.parametrize(
    "settings",
    [
        {"quant_method": "gptq", "bits": 8},
        {"quant_method": "bitsandbytes", "load_in_8bit": True},
        {"quant_method": "bitsandbytes", "load_in_4bit": True, "bnb_4bit_quant_type": "fp4"},
        {"quant_method": "modelopt", "quant_algo": "NVFP4"},
        {"quant_method": "aqlm"},
        {"quant_method": ["fp8"]},
        _groups(8, "int", activations=False),
        _groups(4, "float", activations=True),
        {"quant_method": "compressed-tensors", "config_groups": {}},
        {"quant_method": "compressed-tensors", "config_groups": {"a": {"weights": None}}},
        {
            "quant_method": "compressed-tensors",
            "config_groups": {
                "a": {"weights": {"num_bits": 4, "type": "int"}},
                "b": {"weights": {"num_bits": 8, "type": "float"}, "input_activations": {}},
            },
        },
        "fp8",
        7,
    ],
)
def test_what_has_no_precision_here_is_refused_with_the_choice(settings: object) -> None:
    with pytest.raises(UsageError, match=r"config\.json: quantization_config: the weights are stored as .*choose a"):
        stored_precision({"quantization_config": settings}, "config.json")


def test_what_is_no_configuration_is_refused() -> None:
    with pytest.raises(UsageError, match="is not a JSON object"):
        stored_precision(["fp8"], "config.json")


SETTINGS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda part: (
        st.lists(part)
        | st.dictionaries(st.sampled_from(["quant_method", "bits", "config_groups", "weights", "num_bits"]), part)
    ),
    max_leaves=8,
)


@settings(deadline=None)
@given(SETTINGS)
def test_any_settings_are_read_or_refused(written: object) -> None:
    try:
        found = stored_precision({"quantization_config": written}, "config.json")
    except UsageError as error:
        _is_short(str(error))
    else:
        assert found in Precision


def _is_short(told: str) -> None:
    assert len(told) < 400
