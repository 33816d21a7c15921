import pytest

from beaufort.catalog.accelerators import ACCELERATORS, Accelerator, accelerator
from beaufort.errors import UsageError
from beaufort.units import GIB

NAMES = {"L4", "A10G", "L40S", "A100-40GB", "A100-80GB", "H100", "H200", "B200", "MI300X", "cpu"}
ALL = pytest.mark.parametrize("entry", ACCELERATORS.values(), ids=lambda entry: entry.name)


def test_the_catalog_holds_just_these() -> None:
    assert ACCELERATORS.keys() == NAMES


@ALL
def test_a_row_is_plausible(entry: Accelerator) -> None:
    assert entry.source
    assert entry.vendor
    assert 8 * GIB <= entry.memory_bytes < 200 * GIB
    assert 1e10 < entry.interconnect <= entry.memory_bandwidth < 1e13


@ALL
def test_rates_are_dense_and_double_with_half_the_bits(entry: Accelerator) -> None:
    # A sparse figure in one column would break the ratio.
    ratio = 4 if entry.name == "cpu" else 2
    assert entry.int8_flops == pytest.approx(ratio * entry.bf16_flops, rel=0.02)
    assert entry.fp8_flops is None or entry.fp8_flops == entry.int8_flops


def test_ampere_has_no_fp8() -> None:
    assert [name for name, entry in ACCELERATORS.items() if entry.fp8_flops is None] == [
        "A10G",
        "A100-40GB",
        "A100-80GB",
        "cpu",
    ]


def test_a_wrong_name_is_answered_with_the_right_one() -> None:
    with pytest.raises(UsageError, match=r"no accelerator 'A100'.*A100-[48]0GB"):
        accelerator("A100")
