"""Services on real nodes, from `beaufort deploy` to a model that answers; and what is in the way, named."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import pytest

from beaufort.kube.kubeconfig import connect
from beaufort.kube.question import Answer, ask
from images.build import IMAGES, built

from .conftest import PATIENCE, Cluster
from .deploying import Verbs, eventually

IMAGE = next(each for each in IMAGES if each.name == "beaufort")
MODEL = "mistral-7b-instruct-v0.3"
GRAVE = {"image", "crash", "topology"}  # what is not waited for until the time is up
LIMIT = ("--timeout", "90s")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def serving(nodes: Cluster) -> Cluster:
    """Return a cluster whose nodes have this checkout's image."""
    if nodes.place is None:
        pytest.skip("the image of this checkout is given to the rig's nodes only")
    nodes.rig("image", "load", str(built(IMAGE)))
    return nodes


@pytest.fixture
def verbs(serving: Cluster, nodes: Cluster, namespace: str, tmp_path: Path) -> Iterator[Verbs]:
    made = Verbs(serving, tmp_path, namespace)
    yield made
    made.start("destroy", "svc", "-n", namespace, "--yes", "--volumes", "--no-wait").communicate(timeout=120)
    assert nodes is serving


def test_a_rehearsal_answers_and_leaves_nothing(verbs: Verbs) -> None:
    verbs.rehearse()
    told = verbs.document(*LIMIT)
    assert (told["result"], told["answer"]) == ("answers", "the model answers")
    assert {each["component"]: each["ready"] for each in told["components"]} == {"engine": 2, "gateway": 1}
    assert "0 created, 0 changed, 0 deleted" in verbs.deploy(*LIMIT)[0]
    status = json.loads(verbs.run("status", "svc", "-n", verbs.namespace, "-o", "json")[0])
    assert status["well"]
    assert {pod["node"] for pod in status["pods"]} <= {"n1", "n2"}
    assert all(pod["ready"] for pod in status["pods"])
    assert "serving mistral-7b-instruct-v0.3" in verbs.run("logs", "svc", "-n", verbs.namespace)[0]
    assert '"POST"' in verbs.run("logs", "svc", "gateway", "-n", verbs.namespace, "--tail", "20")[0]
    _, err = verbs.run("logs", "svc", "engine", "-n", verbs.namespace, "--previous", code=1)
    assert "no container has run before" in err
    verbs.run("destroy", "svc", "-n", verbs.namespace, "--yes")
    assert verbs.names("pods", "deployments", "services") == set()


def test_nobody_notices_that_the_engines_are_others(verbs: Verbs, serving: Cluster, namespace: str) -> None:
    verbs.rehearse()
    verbs.deploy(*LIMIT)
    with Asker(serving, namespace) as asker:
        verbs.rehearse(product="L4", replicas="1")
        told = verbs.document(*LIMIT)
    assert told["result"] == "answers"
    assert ("deleted", "svc-engine-l40s-on-demand") in {(each["verb"], each["name"]) for each in told["changes"]}
    assert len(asker.answers) > 3
    assert {each.kind for each in asker.answers} == {"answered"}, [each.what for each in asker.answers]


def test_a_log_is_followed_into_pods_that_come(verbs: Verbs, serving: Cluster, namespace: str) -> None:
    verbs.rehearse()
    verbs.deploy(*LIMIT)
    process = verbs.start("logs", "svc", "-n", namespace, "--follow")
    assert process.stdout is not None
    first = {process.stdout.readline().partition(":")[0] for _ in range(2)}
    assert first == {name for name in verbs.names("pods") if "engine" in name}
    serving.kubectl("delete", "pod", min(first), "-n", namespace, "--wait=false")
    new = next(line for line in process.stdout if line.partition(":")[0] not in first)
    assert "serving" in new
    process.terminate()
    process.communicate(timeout=30)


@pytest.mark.parametrize(
    ("choices", "cause", "said"),
    [
        ({"more": "  images: {gateway: 'beaufort/nothing:1'}\n"}, "image", "check the image's name, that the registry"),
        (
            {"engine": "openvino"},
            "crash",
            "OpenVINO GenAI is not installed",
        ),
        (
            {"engine": "vllm", "product": "H100", "more": "  storage: {kind: none}\n"},
            "unschedulable",
            "plan for accelerators that the nodes have",
        ),
        (
            {"engine": "vllm", "more": "  storage: {kind: none}\n  parallelism: {tensor: 4}\n"},
            "topology",
            "no single NUMA node has room for its cores and accelerators together",
        ),
        (
            {"engine": "vllm", "more": "  storage: {kind: class, className: nothere}\n"},
            "volume",
            "name a storage class that the cluster has",
        ),
    ],
    ids=["image", "crash", "accelerator", "numa", "class"],
)
def test_what_is_in_the_way_is_named(
    verbs: Verbs, choices: dict[str, str], cause: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("beaufort.rollout.verdict.STUCK_SECONDS", 2.0)
    if choices.get("engine") == "openvino":
        verbs.file.write_text(DEMO.format(namespace=verbs.namespace))
    else:
        verbs.write(**{"replicas": "1", **choices})
    out, err = verbs.deploy("--timeout", "15s" if cause in GRAVE else "5s", "-o", "json", code=1)
    told = json.loads(out)
    assert told["result"] == ("stuck" if cause in GRAVE else "late")
    assert cause in {each["cause"] for each in told["findings"]}, told["findings"]
    assert said in err
    status = json.loads(verbs.run("status", str(verbs.file), "-o", "json", code=1)[0])
    assert cause in {each["cause"] for each in status["findings"]}


DEMO = """\
apiVersion: beaufort.dev/v1alpha1
kind: MistralService
metadata: {{name: svc, namespace: {namespace}}}
spec:
  model: {{source: demo}}
  engine: openvino
  traffic: {{rate: 0.1, promptTokens: 100, outputTokens: 30}}
  objectives: {{ttft: 20s, tpot: 1s, maxAccuracyLoss: 5%}}
  gateway: {{replicas: 1}}
  images: {{engine: 'beaufort/beaufort:0.1.0'}}
"""


def test_the_doctor_sees_it_coming(verbs: Verbs) -> None:
    def verdicts(*arguments: str, code: int) -> dict[str, tuple[str, str]]:
        found = json.loads(verbs.run("doctor", str(verbs.file), "-o", "json", *arguments, code=code)[0])
        return {each["check"]: (each["verdict"], each["evidence"]) for each in found["checks"]}

    verbs.write(engine="vllm", product="H100", more="  storage: {kind: class, className: nothere}\n")
    found = verdicts(code=1)
    assert found["accelerators"][0] == found["storage"][0] == "failed"
    assert "but NVIDIA-L40S" in found["accelerators"][1]
    verbs.write(engine="vllm", replicas="1", more="  storage: {kind: none}\n  parallelism: {tensor: 4}\n")
    found = verdicts(code=0)
    assert "n1: 4 of 4 nvidia.com/gpu free" in found["accelerators"][1]
    assert found["topology"][0] == "warning"
    assert "all 4 accelerators of an engine have to be of one NUMA node on n1" in found["topology"][1]
    assert found["names"][0] == found["nodes"][0] == "ok"
    assert "metrics.k8s.io by kube-system/metrics-server" in found["metrics"][1]
    verdicts("--strict", code=1)


class Asker:
    """Somebody who asks the model again and again. A context."""

    def __init__(self, cluster: Cluster, namespace: str) -> None:
        self._cluster = cluster
        self._namespace = namespace
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._ask()))
        self.answers: list[Answer] = []

    def __enter__(self) -> Self:
        self._thread.start()
        eventually(lambda: self.answers, "nobody answers")
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(PATIENCE)

    async def _ask(self) -> None:
        async with connect(self._cluster.kubeconfig) as connection:
            while not self._stop.is_set():
                self.answers.append(await ask(connection, self._namespace, "svc-gateway", MODEL))
                await asyncio.sleep(0.3)
