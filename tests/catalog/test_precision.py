from dataclasses import replace

import pytest

from beaufort.catalog.models import MODELS, Architecture, model
from beaufort.catalog.precision import KvPrecision, Precision, group_size, linear_bytes, weight_bytes
from beaufort.errors import UsageError

ALL = pytest.mark.parametrize("entry", MODELS.values(), ids=lambda entry: entry.name)


@ALL
def test_bf16_is_two_bytes_a_parameter(entry: Architecture) -> None:
    assert weight_bytes(entry, Precision.BF16) == 2 * entry.parameters


@ALL
def test_fewer_bits_are_fewer_bytes(entry: Architecture) -> None:
    bf16, fp8, int8, w4a16, nf4 = (weight_bytes(entry, precision) for precision in Precision)
    assert bf16 > fp8 == int8 > nf4 > w4a16


@ALL
def test_tables_and_norms_are_never_quantised(entry: Architecture) -> None:
    rest = {weight_bytes(entry, precision) - linear_bytes(entry, precision) for precision in Precision}
    assert rest == {2 * (entry.parameters - entry.linear_parameters)}


def test_four_bits_with_scales_are_a_little_over_half_a_byte() -> None:
    entry = model("mistral-7b-v0.3")
    assert linear_bytes(entry, Precision.W4A16) == entry.linear_parameters * (0.5 + 2 / 128)


def test_nf4_keeps_a_float_for_64_weights() -> None:
    entry = model("mistral-7b-v0.3")
    assert linear_bytes(entry, Precision.NF4) == entry.linear_parameters * (0.5 + 4 / 64)


def test_keys_and_values_of_fp8_are_half_as_large() -> None:
    entry = model("mistral-7b-v0.3")
    sizes = [entry.kv_bytes_per_token(precision.bytes_per_value) for precision in KvPrecision]
    assert sizes == [128 * 1024, 64 * 1024]


def test_a_vision_encoder_stays_as_it_is() -> None:
    text, vision = model("mistral-small-24b"), model("mistral-small-3.2-24b")
    for precision in Precision:
        assert weight_bytes(vision, precision) - weight_bytes(text, precision) == 2 * 438_958_080


def test_the_measured_four_bit_file_is_met() -> None:
    # A 4-bit Mistral 7B with a bf16 head, as ONNX stores it, measured 4.15 to 4.27 GB.
    assert 4.0e9 < weight_bytes(model("mistral-7b-v0.3"), Precision.W4A16) < 4.27e9


def test_the_group_divides_the_shapes() -> None:
    assert group_size(model("mistral-7b-v0.3")) == 128
    assert group_size(model("smollm2-135m")) == 64


def test_a_model_that_no_group_divides_is_refused() -> None:
    odd = replace(model("smollm2-135m"), ffn=1500)
    with pytest.raises(UsageError, match=r"smollm2-135m.*another precision"):
        weight_bytes(odd, Precision.W4A16)
