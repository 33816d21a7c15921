import pytest

from beaufort.catalog.accelerators import ACCELERATORS
from beaufort.catalog.labels import node_labels
from beaufort.errors import UsageError
from rig import inventory
from rig.inventory import NODES


def test_every_node_has_names_and_addresses_of_its_own() -> None:
    assert len({node.name for node in NODES}) == len({node.number for node in NODES}) == len(NODES)
    assert {node.zone for node in NODES} == {"zone-a", "zone-b"}


def test_devices_are_spread_evenly_over_the_numa_nodes() -> None:
    (first, _) = inventory.nodes(numa=2)
    assert [first.device(index) for index in range(4)] == [
        ("nvidia-0", 0),
        ("nvidia-1", 0),
        ("nvidia-2", 1),
        ("nvidia-3", 1),
    ]
    assert [inventory.nodes(numa=0)[0].device(index)[1] for index in range(4)] == [0, 0, 0, 0]


def test_a_node_that_is_not_there_is_told_with_those_that_are() -> None:
    assert inventory.find("n2") == NODES[1]
    with pytest.raises(UsageError, match=r"there is no node 'n9' \(choose one of n1, n2\)"):
        inventory.find("n9")


def test_the_labels_are_those_by_which_the_catalogue_chooses_nodes() -> None:
    chosen = {label.key: label.values for each in ACCELERATORS.values() for label in node_labels(each, "eks")}
    carried = dict(NODES[0].labels) | dict(NODES[1].labels)
    l40s = node_labels(ACCELERATORS["L40S"], "eks")
    assert {label.key: carried[label.key] in label.values for label in l40s} == {label.key: True for label in l40s}
    assert carried["amd.com/gpu.product-name"] in {
        value for each in ACCELERATORS.values() for label in node_labels(each) for value in label.values
    }
    assert set(chosen) <= set(carried)
