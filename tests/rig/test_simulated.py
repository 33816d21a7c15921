from rig import simulated


def test_nodes_are_in_zones_by_turns_and_keep_pods_away() -> None:
    found = simulated.nodes(range(7, 11), ("a", "b"), "NVIDIA-H100-80GB-HBM3", 8)
    assert [each["metadata"]["name"] for each in found] == ["kwok-00007", "kwok-00008", "kwok-00009", "kwok-00010"]
    labels = [each["metadata"]["labels"] for each in found]
    assert [each["topology.kubernetes.io/zone"] for each in labels] == ["b", "a", "b", "a"]
    assert all(each["type"] == "kwok" and each["nvidia.com/gpu.count"] == "8" for each in labels)
    assert all(each["spec"]["taints"][0]["effect"] == "NoSchedule" for each in found)
    assert all(each["status"]["allocatable"]["nvidia.com/gpu"] == "8" for each in found)


def test_nodes_without_devices_have_no_label_of_any() -> None:
    (one,) = simulated.nodes(range(1), ("a",), "X", 0)
    assert "nvidia.com/gpu" not in one["status"]["allocatable"]
    assert not [name for name in one["metadata"]["labels"] if "gpu" in name]
