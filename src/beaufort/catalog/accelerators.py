"""The accelerators: the figures of their vendors that a roofline needs, and how Kubernetes knows them.

Memory is what the driver reports, not the round number of the brochure: it is what an engine can have, and what the
node label ``nvidia.com/gpu.memory`` carries. Arithmetic rates are dense, without structured sparsity (NVIDIA's
brochures print the sparse figure, twice the dense one). The interconnect is what one accelerator sends while it
receives as much: half of the total that vendors print.

The products are the names that the driver reports (the table of supported devices of NVIDIA's open kernel modules,
``amdgpu.ids`` of AMD's node labeller), in the form that GPU feature discovery and the node labeller write into labels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from beaufort.catalog.lookup import row
from beaufort.units import GIB, MIB

Link: TypeAlias = Literal["NVLink", "Infinity Fabric", "PCIe", "memory"]

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
        family: The architecture, for NVIDIA as in the node label ``nvidia.com/gpu.family``.
        link: What connects the accelerators of a node. A pair of PCIe cards may have a bridge besides: it is left out.
        products: The driver's names for it, as node labels carry them.
        aliases: What people call it besides.
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
    family: str = ""
    link: Link = "PCIe"
    products: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()

    @property
    def resource(self) -> str:
        """The resource that a pod asks for: ``nvidia.com/gpu`` is what the vendor's device plugin offers."""
        return {"NVIDIA": "nvidia.com/gpu", "AMD": "amd.com/gpu"}.get(self.vendor, "cpu")

    @property
    def joined(self) -> bool:
        """Whether the accelerators of a node exchange data without the host's PCI Express."""
        return self.link in {"NVLink", "Infinity Fabric"}


_PCIE_4_X16 = 32 * GIGA  # 16 lanes of 16 GT/s, PCI Express 4.0
_PCIE_5_X16 = 64 * GIGA  # 16 lanes of 32 GT/s, PCI Express 5.0

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
        family="ada-lovelace",
        link="PCIe",
        products=("NVIDIA-L4",),
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
        family="ampere",
        link="PCIe",
        products=("NVIDIA-A10G",),
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
        family="ada-lovelace",
        link="PCIe",
        products=("NVIDIA-L40S",),
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
        family="ampere",
        link="NVLink",
        products=("NVIDIA-A100-SXM4-40GB",),
        aliases=("A100", "A100-SXM", "A100-SXM4", "A100-40G", "A100-SXM-40GB", "A100-40GB-SXM", "A100-40GB-SXM4"),
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
        family="ampere",
        link="NVLink",
        products=("NVIDIA-A100-SXM4-80GB",),
        aliases=("A100", "A100-SXM", "A100-SXM4", "A100-80G", "A100-SXM-80GB", "A100-80GB-SXM", "A100-80GB-SXM4"),
    ),
    Accelerator(
        name="A100-80GB-PCIe",
        vendor="NVIDIA",
        memory_bytes=81_920 * MIB,
        memory_bandwidth=1935 * GIGA,
        bf16_flops=312 * TERA,
        fp8_flops=None,
        int8_flops=624 * TERA,
        interconnect=_PCIE_4_X16,
        source="NVIDIA A100 Tensor Core GPU datasheet (PCIe, 80 GB)",
        family="ampere",
        products=("NVIDIA-A100-80GB-PCIe",),
        aliases=(
            "A100",
            "A100-PCIe",
            "A100-PCIe-80GB",
        ),
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
        family="hopper",
        link="NVLink",
        products=("NVIDIA-H100-80GB-HBM3",),
        aliases=(
            "H100-80GB",
            "H100-80G",
            "H100-SXM",
            "H100-SXM5",
            "H100-SXM-80GB",
            "H100-SXM5-80GB",
            "H100-80GB-SXM",
            "H100-80GB-SXM5",
            "H100-mega-80GB",
        ),
    ),
    Accelerator(
        name="H100-PCIe",
        vendor="NVIDIA",
        memory_bytes=81_559 * MIB,
        memory_bandwidth=2000 * GIGA,
        bf16_flops=756.5 * TERA,
        fp8_flops=1513 * TERA,
        int8_flops=1513 * TERA,
        interconnect=_PCIE_5_X16,
        source="NVIDIA H100 PCIe GPU product brief and datasheet (80 GB)",
        family="hopper",
        products=("NVIDIA-H100-PCIe",),
        aliases=(
            "H100-PCIe-80GB",
            "H100-80GB-PCIe",
        ),
    ),
    Accelerator(
        name="H100-NVL",
        vendor="NVIDIA",
        memory_bytes=95_830 * MIB,
        memory_bandwidth=3938 * GIGA,
        bf16_flops=835.5 * TERA,
        fp8_flops=1670.5 * TERA,
        int8_flops=1670.5 * TERA,
        interconnect=_PCIE_5_X16,
        source="NVIDIA H100 NVL GPU product brief and datasheet (94 GB)",
        family="hopper",
        products=("NVIDIA-H100-NVL",),
        aliases=(
            "H100-94GB",
            "H100-NVL-94GB",
        ),
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
        family="hopper",
        link="NVLink",
        products=("NVIDIA-H200",),
        aliases=("H200-SXM", "H200-SXM5", "H200-141GB"),
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
        family="blackwell",
        link="NVLink",
        products=("NVIDIA-B200",),
        aliases=("B200-SXM", "B200-SXM6", "B200-180GB"),
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
        family="cdna3",
        link="Infinity Fabric",
        products=("AMD_Instinct_MI300X_OAM", "AMD_Instinct_MI300X", "AMD_Instinct_MI300X_VF"),
        aliases=("MI300X-192GB",),
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
        family="avx512",
        link="memory",
    ),
)

ACCELERATORS: dict[str, Accelerator] = {known.name: known for known in _ROWS}
"""Every known accelerator by name."""

_ALIASES = {known.name: (*known.products, *known.aliases) for known in _ROWS}


def accelerator(name: str) -> Accelerator:
    """Return the accelerator called ``name``: its name here, its driver's or node label's, or a usual short form.

    Raises:
        UsageError: The catalog has no such accelerator, or several (``A100``); the remedy names the nearest.
    """
    return row(ACCELERATORS, name, "accelerator", _ALIASES)
