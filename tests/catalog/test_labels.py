import re

import pytest

from beaufort.catalog.accelerators import ACCELERATORS, Accelerator, accelerator
from beaufort.catalog.labels import node_labels

ALL = pytest.mark.parametrize("entry", ACCELERATORS.values(), ids=lambda entry: entry.name)
PROVIDERS = ("other", "gke", "eks", "aks", "k3s")


@ALL
@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_label_is_one_that_kubernetes_accepts(entry: Accelerator, provider: str) -> None:
    for label in node_labels(entry, provider):
        assert label.values
        assert re.fullmatch(r"[a-z0-9.-]+/[a-zA-Z0-9._-]{1,63}", label.key)
        assert all(re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?", value) for value in label.values)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_no_value_means_two_accelerators(provider: str) -> None:
    seen = [
        (label.key, value)
        for entry in ACCELERATORS.values()
        for label in node_labels(entry, provider)
        for value in label.values
    ]
    assert len(seen) == len(set(seen))


def test_a_node_anywhere_is_chosen_by_its_product() -> None:
    (label,) = node_labels(accelerator("H100"))
    assert (label.key, label.values) == ("nvidia.com/gpu.product", ("NVIDIA-H100-80GB-HBM3",))
    assert not label.before_node


def test_gke_knows_the_accelerator_before_the_node_is_there() -> None:
    first, second = node_labels(accelerator("A100-40GB"), "gke")
    assert (first.key, first.values) == ("cloud.google.com/gke-accelerator", ("nvidia-tesla-a100",))
    assert first.before_node
    assert second.key == "nvidia.com/gpu.product"


def test_karpenter_cannot_tell_one_a100_from_the_other() -> None:
    assert [label.writer for label in node_labels(accelerator("A100-80GB"), "eks")] == ["GPU feature discovery"]
    assert node_labels(accelerator("L40S"), "eks")[1].values == ("l40s",)


def test_amd_has_a_labeller_of_its_own() -> None:
    (label,) = node_labels(accelerator("MI300X"), "aks")
    assert label.key == "amd.com/gpu.product-name"
    assert "AMD_Instinct_MI300X_OAM" in label.values


def test_a_cpu_is_on_every_node() -> None:
    assert node_labels(accelerator("cpu"), "gke") == ()
