"""A plan's objects on real nodes, engines emulated: what clients notice while the service is disturbed."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import disruption
from beaufort.cli.plan_file import load_plan
from beaufort.render import render
from disruption import Kubectl, deploy, measure, node_lost, summary
from images.build import IMAGES, built

from .conftest import ROOT, Cluster, status
from .test_render import in_namespace
from .workloads import execute

ASKING = Path(__file__).with_name("asking.py")
pytestmark = pytest.mark.timeout(240, func_only=True)

_ASK = """
import sys, urllib.request
about = {"content-type": "application/json"}
request = urllib.request.Request("http://demo-gateway/v1/chat/completions", sys.argv[1].encode(), about)
print(urllib.request.urlopen(request, timeout=60).read().decode())
"""


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


@pytest.mark.model
@pytest.mark.slow
@pytest.mark.timeout(900, func_only=True)
def test_the_demo_model_answers_from_a_pod_and_its_pod_ends_in_order(rig_nodes: Cluster, namespace: str) -> None:
    for image in IMAGES:
        rig_nodes.rig("image", "load", str(built(image)))
    plan = in_namespace(load_plan(str(ROOT / "examples" / "demo.yaml")), namespace)
    only = ["engine", "gateway", "disruption"]
    region = render(plan, minor=30, only=only).regions[0]
    assert rig_nodes.apply(region.stream(), namespace) == ""
    for each in ("demo-engine-cpu-on-demand", "demo-gateway"):
        done = rig_nodes.kubectl("-n", namespace, "rollout", "status", f"deployment/{each}", "--timeout=110s")
        assert done.returncode == 0, done.stdout + done.stderr
    (gateway, *_) = rig_nodes.get("pods", "-n", namespace, "-l", "app.kubernetes.io/component=gateway")["items"]
    asked = {"model": "demo", "messages": [{"role": "user", "content": "What is the wind?"}], "max_tokens": 8}
    name = gateway["metadata"]["name"]
    answer = json.loads(execute(rig_nodes, namespace, name, "python3", "-c", _ASK, json.dumps(asked)))
    assert answer["usage"]["completion_tokens"] == 8
    assert answer["choices"][0]["message"]["content"].strip()
    began = time.monotonic()
    assert rig_nodes.kubectl("-n", namespace, "delete", "deployment", "demo-engine-cpu-on-demand").returncode == 0
    gone = ("wait", "pods", "-l", "app.kubernetes.io/component=engine", "--for=delete", "--timeout=100s")
    assert rig_nodes.kubectl("-n", namespace, *gone).returncode == 0
    assert time.monotonic() - began < plan.lifecycle.grace_seconds, "it was killed"
