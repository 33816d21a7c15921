import pytest

from beaufort.catalog.accelerators import ACCELERATORS, Accelerator, accelerator
from beaufort.errors import UsageError
from beaufort.units import GIB, MIB

NAMES = {
    "L4",
    "A10G",
    "L40S",
    "A100-40GB",
    "A100-80GB",
    "A100-80GB-PCIe",
    "H100",
    "H100-PCIe",
    "H100-NVL",
    "H200",
    "B200",
    "MI300X",
    "cpu",
}
ALL = pytest.mark.parametrize("entry", ACCELERATORS.values(), ids=lambda entry: entry.name)


def test_the_catalog_holds_just_these() -> None:
    assert ACCELERATORS.keys() == NAMES


@ALL
def test_a_row_is_plausible(entry: Accelerator) -> None:
    assert entry.source
    assert entry.vendor
    assert entry.family
    assert 8 * GIB <= entry.memory_bytes < 200 * GIB
    assert 1e10 < entry.interconnect <= entry.memory_bandwidth < 1e13


@ALL
def test_rates_are_dense_and_double_with_half_the_bits(entry: Accelerator) -> None:
    # A sparse figure in one column would break the ratio.
    ratio = 4 if entry.name == "cpu" else 2
    assert entry.int8_flops == pytest.approx(ratio * entry.bf16_flops, rel=0.02)
    assert entry.fp8_flops is None or entry.fp8_flops == entry.int8_flops


def test_ampere_has_no_fp8() -> None:
    without = {name for name, entry in ACCELERATORS.items() if entry.fp8_flops is None}
    assert without == {name for name, entry in ACCELERATORS.items() if entry.family == "ampere"} | {"cpu"}


@ALL
def test_a_joined_accelerator_is_faster_than_pci_express(entry: Accelerator) -> None:
    assert entry.joined == (entry.interconnect > 64e9)


@pytest.mark.parametrize(
    ("name", "resource"),
    [("H100", "nvidia.com/gpu"), ("MI300X", "amd.com/gpu"), ("cpu", "cpu"), ("L4", "nvidia.com/gpu")],
)
def test_the_resource_is_what_the_device_plugin_offers(name: str, resource: str) -> None:
    assert accelerator(name).resource == resource


# As a node's device plugin reports them; the memory is what the driver calls total.
@pytest.mark.parametrize(
    ("product", "name", "mib"),
    [
        ("NVIDIA-L4", "L4", 23_034),
        ("NVIDIA-A10G", "A10G", 23_028),
        ("NVIDIA-L40S", "L40S", 46_068),
        ("NVIDIA-A100-SXM4-40GB", "A100-40GB", 40_960),
        ("NVIDIA-A100-SXM4-80GB", "A100-80GB", 81_920),
        ("NVIDIA-A100-80GB-PCIe", "A100-80GB-PCIe", 81_920),
        ("NVIDIA-H100-80GB-HBM3", "H100", 81_559),
        ("NVIDIA-H100-PCIe", "H100-PCIe", 81_559),
        ("NVIDIA-H100-NVL", "H100-NVL", 95_830),
        ("NVIDIA-H200", "H200", 143_771),
        ("NVIDIA-B200", "B200", 183_359),
        ("AMD_Instinct_MI300X_OAM", "MI300X", 196_592),
    ],
)
def test_the_products_of_node_labels_are_known(product: str, name: str, mib: int) -> None:
    found = accelerator(product)
    assert (found.name, found.memory_bytes) == (name, mib * MIB)
    assert product in found.products


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("h100-sxm", "H100"),
        ("H100 80GB HBM3", "H100"),
        ("NVIDIA H100 80GB HBM3", "H100"),
        ("h100 sxm5", "H100"),
        ("Tesla A100-SXM4-40GB", "A100-40GB"),
        ("a100_80gb", "A100-80GB"),
        ("A100 PCIe", "A100-80GB-PCIe"),
        ("nvidia l40s", "L40S"),
        ("AMD Instinct MI300X", "MI300X"),
        ("h200-141gb", "H200"),
        ("CPU", "cpu"),
    ],
)
def test_what_people_call_it_is_understood(written: str, name: str) -> None:
    assert accelerator(written).name == name


@pytest.mark.parametrize("written", ["A100", "NVIDIA A100", "a100"])
def test_an_ambiguous_name_is_answered_with_all_that_it_may_mean(written: str) -> None:
    with pytest.raises(UsageError, match=r"several accelerators.*A100-40GB, A100-80GB or A100-80GB-PCIe"):
        accelerator(written)


def test_a_wrong_name_is_answered_with_the_right_one() -> None:
    with pytest.raises(UsageError, match=r"no accelerator 'L400S'.*L40S"):
        accelerator("L400S")
