"""The accelerators: the figures of their vendors that a roofline needs.

Memory is what the driver reports, not the round number of the brochure: it is what an engine can have, and what the
node label ``nvidia.com/gpu.memory`` carries. Arithmetic rates are dense, without structured sparsity (NVIDIA's
brochures print the sparse figure, twice the dense one). The interconnect is what one accelerator sends while it
receives as much: half of the total that vendors print.
"""

from __future__ import annotations

from dataclasses import dataclass

from beaufort.catalog.lookup import row
from beaufort.units import GIB, MIB

TERA = 1e12
GIGA = 1e9


@dataclass(frozen=True, slots=True)
class Accelerator:
    """One accelerator, as its vendor describes it.

    Attributes:
        name: Its name in Beaufort.
        vendor: Who makes it.
        memory_bytes: Memory that the driver reports.
        memory_bandwidth: Bytes per second between memory and chip.
        bf16_flops: Dense bf16 operations per second (a multiply-add is two).
        fp8_flops: The same with fp8 inputs; ``None`` where the hardware has none.
        int8_flops: The same with int8 inputs.
        interconnect: Bytes per second from one accelerator to the others of its node, in one direction.
        source: Where the figures were read.
    """

    name: str
    vendor: str
    memory_bytes: int
    memory_bandwidth: float
    bf16_flops: float
    fp8_flops: float | None
    int8_flops: float
    interconnect: float
    source: str


_PCIE_4_X16 = 32 * GIGA  # 16 lanes of 16 GT/s, PCI Express 4.0

_ROWS = (
    Accelerator(
        name="L4",
        vendor="NVIDIA",
        memory_bytes=23_034 * MIB,
        memory_bandwidth=300 * GIGA,
        bf16_flops=121 * TERA,
        fp8_flops=242.5 * TERA,
        int8_flops=242.5 * TERA,
        interconnect=_PCIE_4_X16,
        source="NVIDIA L4 Tensor Core GPU datasheet",
    ),
    Accelerator(
        name="A10G",
        vendor="NVIDIA",
        memory_bytes=23_028 * MIB,
        memory_bandwidth=600 * GIGA,
        bf16_flops=70 * TERA,
        fp8_flops=None,
        int8_flops=140 * TERA,
        interconnect=_PCIE_4_X16,
        source="NVIDIA A10G datasheet for AWS, February 2022",
    ),
    Accelerator(
        name="L40S",
        vendor="NVIDIA",
        memory_bytes=46_068 * MIB,
        memory_bandwidth=864 * GIGA,
        bf16_flops=362.05 * TERA,
        fp8_flops=733 * TERA,
        int8_flops=733 * TERA,
        interconnect=_PCIE_4_X16,
        source="NVIDIA L40S GPU datasheet",
    ),
    Accelerator(
        name="A100-40GB",
        vendor="NVIDIA",
        memory_bytes=40_960 * MIB,
        memory_bandwidth=1555 * GIGA,
        bf16_flops=312 * TERA,
        fp8_flops=None,
        int8_flops=624 * TERA,
        interconnect=300 * GIGA,
        source="NVIDIA A100 Tensor Core GPU datasheet (SXM4, 40 GB)",
    ),
    Accelerator(
        name="A100-80GB",
        vendor="NVIDIA",
        memory_bytes=81_920 * MIB,
        memory_bandwidth=2039 * GIGA,
        bf16_flops=312 * TERA,
        fp8_flops=None,
        int8_flops=624 * TERA,
        interconnect=300 * GIGA,
        source="NVIDIA A100 Tensor Core GPU datasheet (SXM4, 80 GB)",
    ),
    Accelerator(
        name="H100",
        vendor="NVIDIA",
        memory_bytes=81_559 * MIB,
        memory_bandwidth=3350 * GIGA,
        bf16_flops=989.5 * TERA,
        fp8_flops=1979 * TERA,
        int8_flops=1979 * TERA,
        interconnect=450 * GIGA,
        source="NVIDIA H100 Tensor Core GPU datasheet (SXM5, 80 GB)",
    ),
    Accelerator(
        name="H200",
        vendor="NVIDIA",
        memory_bytes=143_771 * MIB,
        memory_bandwidth=4800 * GIGA,
        bf16_flops=989.5 * TERA,
        fp8_flops=1979 * TERA,
        int8_flops=1979 * TERA,
        interconnect=450 * GIGA,
        source="NVIDIA H200 Tensor Core GPU datasheet (SXM5, 141 GB)",
    ),
    Accelerator(
        name="B200",
        vendor="NVIDIA",
        memory_bytes=183_359 * MIB,
        memory_bandwidth=8000 * GIGA,
        bf16_flops=2250 * TERA,
        fp8_flops=4500 * TERA,
        int8_flops=4500 * TERA,
        interconnect=900 * GIGA,
        source="NVIDIA Blackwell architecture technical brief (HGX B200) and DGX B200 datasheet",
    ),
    Accelerator(
        name="MI300X",
        vendor="AMD",
        memory_bytes=196_592 * MIB,
        memory_bandwidth=5300 * GIGA,
        bf16_flops=1307.4 * TERA,
        fp8_flops=2614.9 * TERA,
        int8_flops=2614.9 * TERA,
        interconnect=448 * GIGA,
        source="AMD Instinct MI300X accelerator data sheet",
    ),
    # Two cores of a server, as a laptop or a small virtual machine lends them. Each has two AVX-512 units at 2.5 GHz:
    # 2 cores x 2 units x 16 lanes x 2 operations x 2.5 GHz. Without bf16 units, bf16 weights are multiplied as float32;
    # int8 (VNNI) is four times as fast. Two cores draw about 20 GB/s from their memory controller.
    Accelerator(
        name="cpu",
        vendor="Intel",
        memory_bytes=8 * GIB,
        memory_bandwidth=20 * GIGA,
        bf16_flops=0.32 * TERA,
        fp8_flops=None,
        int8_flops=1.28 * TERA,
        interconnect=20 * GIGA,
        source="Intel 64 and IA-32 Architectures Optimization Reference Manual (AVX-512), for two cores at 2.5 GHz",
    ),
)

ACCELERATORS: dict[str, Accelerator] = {known.name: known for known in _ROWS}
"""Every known accelerator by name."""


def accelerator(name: str) -> Accelerator:
    """Return the accelerator called ``name``.

    Raises:
        UsageError: The catalog has no such accelerator; the remedy names the nearest.
    """
    return row(ACCELERATORS, name, "accelerator")
