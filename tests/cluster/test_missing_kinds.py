"""Kinds of objects that a cluster lacks: left out with a word, or refused before anything is changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .conftest import Cluster
from .deploying import Verbs, eventually

MONITORING = ("podmonitors.monitoring.coreos.com", "prometheusrules.monitoring.coreos.com")
Remove = Callable[..., None]


@pytest.fixture
def remove(cluster: Cluster) -> Iterator[Remove]:
    """Return a function that removes definitions of kinds, which are there again in the end."""
    if cluster.place is None:
        pytest.skip("the kinds of somebody's cluster are not removed")

    def gone(*definitions: str) -> None:
        done = cluster.kubectl("delete", "crd", *definitions)
        assert done.returncode == 0, done.stderr
        served = ("api-resources", "-o", "name")
        eventually(lambda: not set(definitions) & set(cluster.kubectl(*served).stdout.split()), "they are still served")

    yield gone
    cluster.rig("crds")


@pytest.fixture
def verbs(cluster: Cluster, namespace: str, tmp_path: Path) -> Iterator[Verbs]:
    made = Verbs(cluster, tmp_path, namespace)
    yield made
    made.start("destroy", "svc", "-n", namespace, "--yes").communicate(timeout=120)


def test_monitors_are_left_out_and_come_when_they_can(verbs: Verbs, remove: Remove, cluster: Cluster) -> None:
    remove(*MONITORING)
    _, err = verbs.deploy("--no-wait")
    assert "note: PodMonitor of layer monitoring is left out: the cluster serves no PodMonitor" in err
    assert "install the Prometheus Operator, or write spec.monitoring.prometheus: false" in err
    assert "svc-gateway" in verbs.names("deployments")
    _, err = verbs.deploy("--no-wait", "--only", "monitoring", code=1)
    assert "error: " in err
    assert "serves no PodMonitor" in err
    cluster.rig("crds")
    told = verbs.document("--no-wait")
    created = {each["kind"] for each in told["changes"] if each["verb"] == "created"}
    assert created == {"PodMonitor", "PrometheusRule"}


def test_what_keeps_others_out_is_never_left_out(verbs: Verbs, remove: Remove) -> None:
    verbs.write(more="  cluster: {cni: cilium}\n")
    remove("ciliumnetworkpolicies.cilium.io")
    _, err = verbs.deploy("--no-wait", code=1)
    assert "the cluster serves no CiliumNetworkPolicy of cilium.io/v2" in err
    assert "try: install Cilium, or write spec.network.policy: kubernetes" in err
    assert verbs.names("deployments", "services") == set()
