"""A plan's objects on real nodes, engines emulated: what clients notice while the service is disturbed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import disruption
from disruption import Kubectl, deploy, measure, node_lost, summary
from images.build import IMAGES, built

from .conftest import Cluster, status

ASKING = Path(__file__).with_name("asking.py")
pytestmark = pytest.mark.timeout(240, func_only=True)


@dataclass(frozen=True)
class Service:
    """A service that runs."""

    kubectl: Kubectl
    model: str
    pid: int  # of node n1

    def ask(self) -> subprocess.Popen[str]:
        """Start users on node n1, in its network, who ask by the gateways' Service."""
        address = self.kubectl("get", "service", f"{disruption.NAME}-gateway", "-o", "jsonpath={.spec.clusterIP}")
        inside = ("nsenter", f"--net=/proc/{self.pid}/ns/net")
        command = (*inside, sys.executable, str(ASKING), f"http://{address}/v1", self.model)
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


@pytest.fixture(scope="module")
def service(nodes: Cluster) -> Iterator[Service]:
    if nodes.place is None:
        pytest.skip("only the rig takes an image that has just been built")
    nodes.rig("image", "load", str(built(IMAGES[0])))
    known = status(*nodes.place)
    kubectl = Kubectl(known, nodes.place)
    pid = next(each["pid"] for each in known["components"] if each["name"] == "n1")
    yield Service(kubectl, deploy(kubectl), pid)
    kubectl("delete", "namespace", disruption.NAMESPACE, "--wait=false")


def test_gateways_know_their_engines_and_their_zone(service: Service) -> None:
    kubectl = service.kubectl
    said = {each: kubectl("logs", each) for each in kubectl.names("gateway")}
    zones = {
        line.split(" in zone ")[1].split()[0]
        for text in said.values()
        for line in text.splitlines()
        if " in zone " in line
    }
    assert zones == {"zone-a", "zone-b"}, said
    assert all(text.count(": added") == 4 for text in said.values()), said


def test_a_service_that_is_rolled_and_evicted_fails_nobody(service: Service) -> None:
    phases, rows = measure(service.kubectl, service.model, 5.0, ["engines rolled", "evicted"], calm_seconds=5.0)
    results = [summary(phase, rows, None) for phase in phases]
    assert all(result["requests"] > 0 for result in results)
    wrong = [row for row in rows if row["outcome"] != "ok"]
    assert wrong == [], "an orderly end breaks no stream either"


def test_a_lost_node_costs_no_answer_and_ends_no_stream_in_silence(service: Service) -> None:
    with service.ask() as users:
        node_lost(service.kubectl)
        said, _ = users.communicate(timeout=120)
    seen = json.loads(said)
    allowed = {"whole", "streamed", "streamed: told upstream_failed"}
    assert set(seen) <= allowed, seen
    assert min(seen["whole"], seen["streamed"]) > 10
    assert len(service.kubectl.names("engine")) == 4
