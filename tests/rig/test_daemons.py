import json
import tomllib
from pathlib import Path

import pytest
import yaml

from rig import daemons, pki
from rig.inventory import NODES, Node, nodes
from rig.network import node_address, node_pods

from .conftest import NOW, PORTS

MADE_UP, REAL = nodes(numa=2)


@pytest.mark.parametrize("node", NODES, ids=lambda node: node.name)
def test_the_kubelet_is_strict_about_processors_and_quick_about_failures(tmp_path: Path, node: Node) -> None:
    pki.make(tmp_path, PORTS, NOW)
    found = yaml.safe_load(daemons.kubelet(node, tmp_path, "rig-1-n1", {"A": True}))
    assert (found["cpuManagerPolicy"], found["topologyManagerPolicy"]) == ("static", "single-numa-node")
    assert (found["nodeStatusUpdateFrequency"], found["nodeLeaseDurationSeconds"]) == ("1s", 4)
    assert (found["cgroupRoot"], found["featureGates"]) == ("/rig-1-n1", {"A": True})
    assert found["address"] == node_address(node.number)
    files = (found["tlsCertFile"], found["tlsPrivateKeyFile"], found["authentication"]["x509"]["clientCAFile"])
    assert all(Path(each).is_file() for each in files)
    proxy = yaml.safe_load(daemons.kube_proxy(node, tmp_path, {}))
    assert Path(proxy["clientConnection"]["kubeconfig"]).is_file()


def test_only_a_node_of_made_up_processors_has_the_wrapper_of_runc() -> None:
    options = []
    for node in (MADE_UP, REAL):
        text = daemons.containerd(node, Path("/own/runc-anywhere"), Path("/n/cni"))
        plugin = tomllib.loads(text)["plugins"]["io.containerd.grpc.v1.cri"]
        assert plugin["restrict_oom_score_adj"] is True
        assert plugin["cni"]["conf_dir"] == "/n/cni"
        options.append(plugin["containerd"]["runtimes"]["runc"]["options"])
    assert options == [{"BinaryName": "/own/runc-anywhere"}, {}]


def test_pods_have_addresses_of_their_nodes_own() -> None:
    ranges = [json.loads(daemons.cni(node))["plugins"][0]["ipam"]["ranges"] for node in NODES]
    assert ranges == [[[{"subnet": node_pods(node.number)}]] for node in NODES]
    assert len({node_pods(node.number) for node in NODES}) == len(NODES)


def test_a_node_says_its_zone_and_what_it_is_labelled_with() -> None:
    (labels,) = (each for each in daemons.kubelet_flags(NODES[0]) if each.startswith("--node-labels="))
    assert "topology.kubernetes.io/zone=zone-a" in labels
    assert "nvidia.com/gpu.product=NVIDIA-L40S" in labels
