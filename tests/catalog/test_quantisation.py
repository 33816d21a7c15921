import pytest

from beaufort.catalog.accelerators import ACCELERATORS, accelerator
from beaufort.catalog.precision import KvPrecision, Precision
from beaufort.catalog.quantisation import KV_LOSS, METHODS, Method, Support, kv_supported, method
from beaufort.errors import UsageError

ALL = pytest.mark.parametrize("known", METHODS.values(), ids=lambda known: known.name)


def test_there_is_one_for_each_precision_and_gguf() -> None:
    assert list(METHODS) == [*Precision, "gguf"]
    assert [known.precision for known in METHODS.values()] == [*Precision, None]


@ALL
def test_a_row_is_consistent(known: Method) -> None:
    families = {entry.family for entry in ACCELERATORS.values()}
    assert known.native <= known.runs <= families
    assert known.runs
    assert 0 <= known.loss.low <= known.loss.high < 0.1
    assert known.loss.source


# One letter a method: native, weights only, or none.
@pytest.mark.parametrize(
    ("name", "supports"),
    [
        ("L4", "NNNWWW"),
        ("A10G", "NWNWWW"),
        ("A100-80GB", "NWNWWW"),
        ("H100", "NNNWWW"),
        ("B200", "NN-WWW"),
        ("MI300X", "NN---W"),
        ("cpu", "N-NW-W"),
    ],
)
def test_what_runs_where(name: str, supports: str) -> None:
    letters = {Support.NATIVE: "N", Support.WEIGHTS: "W", Support.NONE: "-"}
    assert "".join(letters[known.on(accelerator(name))] for known in METHODS.values()) == supports


@pytest.mark.parametrize("entry", ACCELERATORS.values(), ids=lambda entry: entry.name)
def test_fp8_is_native_where_the_data_sheet_has_a_rate_for_it(entry: object) -> None:
    chip = accelerator(entry.name)  # type: ignore[attr-defined] # a row of the catalog
    assert (method("fp8").on(chip) is Support.NATIVE) == (chip.fp8_flops is not None)


def test_only_two_can_be_made_while_loading() -> None:
    assert {known.name: known.in_flight for known in METHODS.values() if known.in_flight} == {
        "fp8": "fp8",
        "nf4": "bitsandbytes",
    }


def test_what_was_assumed_says_so() -> None:
    assert [known.name for known in METHODS.values() if known.loss.knowledge == "assumed"] == ["nf4"]
    assert KV_LOSS.knowledge == "assumed"


@pytest.mark.parametrize(
    ("before", "after", "share"), [(71.61, 71.28, 0.0046), (66.33, 65.85, 0.0072), (79.45, 78.88, 0.0072)]
)
def test_the_published_scores_give_the_loss_of_fp8(before: float, after: float, share: float) -> None:
    loss = method("fp8").loss
    assert (before - after) / before == pytest.approx(share, abs=0.0001)
    assert loss.low <= share <= loss.high
    assert f"{before} -> {after}" in loss.source


def test_fp8_keys_and_values_need_hardware_for_them() -> None:
    fitting = {name for name, entry in ACCELERATORS.items() if kv_supported(entry, KvPrecision.FP8)}
    assert fitting == {"L4", "L40S", "H100", "H100-PCIe", "H100-NVL", "H200", "B200", "MI300X"}
    assert all(kv_supported(entry, KvPrecision.BF16) for entry in ACCELERATORS.values())


def test_a_wrong_name_is_answered_with_the_right_one() -> None:
    with pytest.raises(UsageError, match=r"no quantisation 'w4a14'.*did you mean w4a16"):
        method("w4a14")
