import pytest

from beaufort.catalog.accelerators import ACCELERATORS
from beaufort.catalog.instances import CLOUDS, INSTANCES, Instance, instances
from beaufort.units import GIB

ALL = pytest.mark.parametrize("known", INSTANCES.values(), ids=lambda known: known.name)


@ALL
def test_a_row_is_plausible(known: Instance) -> None:
    assert known.accelerator in ACCELERATORS
    assert known.count in {1, 2, 4, 8}
    assert known.vcpus >= 4 * known.count
    assert 12 * GIB * known.count <= known.memory_bytes <= 4096 * GIB
    assert known.numa_nodes in {None, 2, 4}
    assert known.source


def test_a_node_of_eight_h100_is_known_at_each_cloud() -> None:
    sizes = {known.cloud: (known.vcpus, known.numa_nodes) for p in CLOUDS for known in instances("H100", p, 8)[:1]}
    assert sizes == {"aws": (192, 2), "azure": (96, 2), "gcp": (208, None)}


def test_the_smallest_comes_first() -> None:
    found = instances("L4", "eks")
    assert [known.name for known in found] == ["g6.xlarge", "g6.2xlarge", "g6.12xlarge", "g6.48xlarge"]


def test_managed_kubernetes_means_its_cloud() -> None:
    assert instances("L4", "gke", 8) == instances("L4", "gcp", 8)
    assert [known.name for known in instances("L4", "gke", 8)] == ["g2-standard-96"]


@pytest.mark.parametrize(
    ("name", "provider", "count"), [("H100", "other", None), ("MI300X", "gke", None), ("L4", "aws", 3)]
)
def test_what_is_not_known_is_empty(name: str, provider: str, count: int | None) -> None:
    assert instances(name, provider, count) == ()
