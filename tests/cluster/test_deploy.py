"""``beaufort deploy``, ``diff`` and ``destroy`` on a real API server; what a node would tell of pods, the test does."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .conftest import Cluster
from .deploying import Answer, Relay, Verbs, failed, node, ready, waiting

NO_VOLUME = "  storage: {kind: none}\n"


@pytest.fixture
def verbs(cluster: Cluster, namespace: str, tmp_path: Path) -> Iterator[Verbs]:
    made = Verbs(cluster, tmp_path, namespace)
    yield made
    made.start("destroy", "svc", "-n", namespace, "--yes", "--volumes", "--no-wait").communicate(timeout=120)


def everything(cluster: Cluster, namespace: str) -> set[str]:
    """Return what is in the cluster, but for what Kubernetes itself makes and forgets."""
    kinds = "priorityclass,storageclass,clusterrole,clusterrolebinding"
    inside = (
        "all,configmap,secret,serviceaccount,pdb,networkpolicy,podmonitor,prometheusrule,role,rolebinding,pvc,ingress"
    )
    return {
        f"{each['kind']} {each['metadata']['name']}"
        for found in (cluster.get(kinds), cluster.get(inside, "-n", namespace))
        for each in found["items"]
    }


def test_a_service_comes_up_stays_as_it_is_and_leaves_nothing(verbs: Verbs, cluster: Cluster, namespace: str) -> None:
    before = everything(cluster, namespace)
    with node(cluster, namespace, ready):
        told = verbs.document("--no-ask")
        assert told["result"] == "ready"
        assert {each["component"]: each["ready"] for each in told["components"]} == {"engine": 2, "gateway": 1}
        assert told["cluster"]["version"] == cluster.version
        assert [each["event"] for each in told["events"]][-1] == "ready"
        versions = {each["metadata"]["uid"]: each["metadata"]["resourceVersion"] for each in verbs_objects(verbs)}
        out, _ = verbs.deploy("--no-ask")
        assert "0 created, 0 changed, 0 deleted" in out
        after = {each["metadata"]["uid"]: each["metadata"]["resourceVersion"] for each in verbs_objects(verbs)}
        assert after == versions
    out, err = verbs.run("destroy", str(verbs.file), "--yes")
    assert "deleted" in out
    assert "deleted Deployment" in err
    assert everything(cluster, namespace) == before


def verbs_objects(verbs: Verbs) -> list[dict[str, Any]]:
    """Return objects that nobody but the deployer changes."""
    kinds = "configmap,serviceaccount,networkpolicy,podmonitor,prometheusrule,service"
    found: list[dict[str, Any]] = verbs.cluster.get(kinds, "-n", verbs.namespace)["items"]
    return found


def test_only_what_was_edited_changes(verbs: Verbs) -> None:
    verbs.deploy("--no-wait")
    assert verbs.run("diff", str(verbs.file))[0] == ""
    verbs.write(replicas="3")
    out, _ = verbs.run("diff", str(verbs.file), code=1)
    assert {line for line in out.splitlines() if line[:1] in "+-" and line[:3] not in {"+++", "---"}} == {
        "-  replicas: 2",
        "+  replicas: 3",
        "-  maxUnavailable: 1",  # of the budget of disruptions
        "+  maxUnavailable: 2",
    }
    told = verbs.document("--no-wait")
    changed = [(each["verb"], each["kind"]) for each in told["changes"] if each["verb"] != "unchanged"]
    assert changed == [("configured", "PodDisruptionBudget"), ("configured", "Deployment")]
    found = verbs.document("--no-wait", "--without", "monitoring")
    gone = {each["kind"] for each in found["changes"] if each["verb"] == "deleted"}
    assert gone == {"PodMonitor", "PrometheusRule", "ConfigMap"}


def test_old_engines_serve_until_the_new_ones_answer(verbs: Verbs, cluster: Cluster, namespace: str) -> None:
    with node(cluster, namespace, ready):
        verbs.deploy("--no-ask")
    verbs.write(product="L4")
    with node(cluster, namespace, waiting("ErrImagePull", "not found")):
        told = verbs.document("--no-ask", "--timeout", "4s", code=1)
    assert {each["name"] for each in told["left"]} == {"svc-engine-l40s-on-demand"}
    assert verbs.names("deployments") >= {"svc-engine-l40s-on-demand", "svc-engine-l4-on-demand"}
    assert "image" in {each["cause"] for each in told["findings"]}
    cluster.kubectl("delete", "pods", "--all", "-n", namespace)
    with node(cluster, namespace, ready):
        told = verbs.document("--no-ask")
    assert "svc-engine-l40s-on-demand" not in verbs.names("deployments")
    assert ("deleted", "svc-engine-l40s-on-demand") in {(each["verb"], each["name"]) for each in told["changes"]}


def test_old_engines_give_room_to_new_ones_that_find_no_place(
    verbs: Verbs, cluster: Cluster, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("beaufort.kube.settling.ROOM_SECONDS", 1.0)
    with node(cluster, namespace, lambda pod: ready(pod) if "l40s" in pod["metadata"]["name"] else None):
        verbs.deploy("--no-ask", "--timeout", "2s", code=1)  # the gateway finds no place: there is no node
        verbs.write(product="L4")
        told = verbs.document("--no-ask", "--timeout", "6s", code=1)
    assert ("deleted", "svc-engine-l40s-on-demand") in {(each["verb"], each["name"]) for each in told["changes"]}
    assert told["left"] == []


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        (
            (
                waiting("ImagePullBackOff", "manifest unknown"),
                waiting("CrashLoopBackOff", ended=1, restarts=3),
                waiting("CreateContainerConfigError", 'secret "k" not found'),
            ),
            {
                "image": "check the image's name",
                "crash": "ended with exit code 1, and was started again 3 times",
                "configuration": 'secret "k" not found',
            },
        ),
        (
            (
                failed("TopologyAffinityError", "Resources cannot be allocated"),
                failed("UnexpectedAdmissionError", "no healthy devices present"),
                lambda _: None,
            ),
            {"topology": "single NUMA node", "device": "device plugin", "unschedulable": "the cluster has no node"},
        ),
    ],
    ids=["containers", "nodes"],
)
def test_what_is_wrong_with_pods_is_named_with_its_remedy(
    verbs: Verbs, cluster: Cluster, namespace: str, statuses: tuple[Answer, Answer, Answer], expected: dict[str, str]
) -> None:
    engines: list[str] = []

    def status(pod: dict[str, Any]) -> dict[str, Any] | None:
        name = pod["metadata"]["name"]
        if "engine" not in name:
            return statuses[2](pod)
        if name not in engines:
            engines.append(name)
        return statuses[engines.index(name) % 2](pod)

    with node(cluster, namespace, status):
        out, err = verbs.deploy("--timeout", "6s", "-o", "json", code=1)
    told = json.loads(out)
    causes = {each["cause"] for each in told["findings"]}
    assert expected.keys() <= causes
    # Nodes that refuse pods, and containers that fail, need somebody; a pod without a place may still find one.
    assert all(said in err for cause, said in expected.items() if cause != "unschedulable")
    assert "error: svc: it does not answer: the time is up" in err
    assert "  try: " in err


def test_a_pod_without_a_place_is_waited_for_and_named(verbs: Verbs) -> None:
    _, err = verbs.deploy("--timeout", "3s", code=1)
    assert "the cluster has no node" in err
    assert "try: add nodes" in err


def test_a_full_quota_is_named(verbs: Verbs, cluster: Cluster, namespace: str) -> None:
    assert (
        cluster.kubectl("create", "quota", "gpus", "--hard=requests.nvidia.com/gpu=1", "-n", namespace).returncode == 0
    )
    verbs.write(engine="vllm", more=NO_VOLUME)
    _, err = verbs.deploy("--timeout", "8s", code=1)
    assert "exceeded quota: gpus" in err
    assert "raise the ResourceQuota gpus, or ask for less: requested: requests.nvidia.com/gpu=1" in err


def test_a_gate_is_named(verbs: Verbs) -> None:
    verbs.write(engine="vllm", more=NO_VOLUME + "  scheduling: {gates: true}\n")
    _, err = verbs.deploy("--timeout", "5s", code=1)
    assert "it waits for its scheduling gate: " in err
    assert "see whether the controller that opens it runs" in err


def test_a_webhook_that_does_not_answer_is_named_before_anything_is_changed(
    verbs: Verbs, cluster: Cluster, namespace: str
) -> None:
    hook = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": f"{namespace}.example.com"},
        "webhooks": [
            {
                "name": f"{namespace}.example.com",
                "clientConfig": {"url": "https://127.0.0.1:1/"},
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
                "rules": [{"apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["*"], "resources": ["*"]}],
                "sideEffects": "None",
                "admissionReviewVersions": ["v1"],
            }
        ],
    }
    assert cluster.apply(json.dumps(hook), namespace) == ""
    try:
        _, err = verbs.deploy("--no-wait", code=1)
    finally:
        cluster.kubectl("delete", "validatingwebhookconfiguration", f"{namespace}.example.com")
    assert f"the webhook {namespace}.example.com decides this: do what it asks for, or see whether it runs" in err
    assert verbs.names("services", "deployments") == set()


def test_what_others_keep_is_told_and_taken_over_only_if_asked(verbs: Verbs, cluster: Cluster, namespace: str) -> None:
    cluster.kubectl("create", "service", "clusterip", "svc-gateway", "--tcp=80", "-n", namespace)
    _, err = verbs.deploy("--no-wait", code=1)
    assert "Service " + namespace + "/svc-gateway: an object of that name is there already" in err
    assert verbs.names("deployments") == set()
    cluster.kubectl("delete", "service", "svc-gateway", "-n", namespace)
    verbs.deploy("--no-wait")
    scaled = ("scale", "deployment", "svc-engine-l40s-on-demand", "--replicas=5", "-n", namespace)
    assert cluster.kubectl(*scaled).returncode == 0
    _, err = verbs.deploy("--no-wait", code=1)
    assert "spec.replicas is kept by kubectl" in err
    assert "--force-conflicts" in err
    verbs.deploy("--no-wait", "--force-conflicts")
    assert cluster.get("deployment", "svc-engine-l40s-on-demand", "-n", namespace)["spec"]["replicas"] == 2


def test_an_autoscaler_takes_over_where_replicas_are_and_gives_them_back(
    verbs: Verbs, cluster: Cluster, namespace: str
) -> None:
    def replicas() -> int:
        found = cluster.get("deployment", "svc-engine-l40s-on-demand", "-n", namespace)
        return int(found["spec"]["replicas"])

    verbs.write(replicas="3")
    verbs.deploy("--no-wait")
    verbs.write(replicas="{min: 1, max: 8}")
    out, _ = verbs.run("diff", str(verbs.file), code=1)
    assert "-  replicas: 3" not in out
    verbs.deploy("--no-wait")
    assert replicas() == 3, "what nobody applies any more must not fall back to one"
    assert "svc-engine-l40s-on-demand" in verbs.names("hpa")
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments/svc-engine-l40s-on-demand/scale"
    scale = {"apiVersion": "autoscaling/v1", "kind": "Scale", "spec": {"replicas": 6}}
    scale["metadata"] = {"name": "svc-engine-l40s-on-demand", "namespace": namespace}
    assert cluster.kubectl("replace", "--raw", path, "-f", "-", stdin=json.dumps(scale)).returncode == 0
    verbs.deploy("--no-wait")
    assert replicas() == 6, "the autoscaler's number stays"
    verbs.write(replicas="2")
    verbs.deploy("--no-wait")
    assert replicas() == 2
    assert "svc-engine-l40s-on-demand" not in verbs.names("hpa")


def test_a_run_that_was_killed_is_finished_by_the_next(verbs: Verbs, namespace: str) -> None:
    verbs.deploy("--no-wait")
    verbs.write(product="L4", replicas="{min: 1, max: 3}")
    process = verbs.start("deploy", str(verbs.file), "--no-wait")
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith(("created", "configured", "deleted")):
            break
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    left = verbs.names("deployments")
    assert "svc-engine-l40s-on-demand" in left
    verbs.deploy("--no-wait")
    assert verbs.names("deployments") == {"svc-engine-l4-on-demand", "svc-gateway"}
    assert verbs.document("--no-wait")["changes"] != []
    killed = verbs.start("destroy", "svc", "-n", namespace, "--yes")
    assert killed.stderr is not None
    killed.stderr.readline()
    killed.send_signal(signal.SIGKILL)
    killed.communicate(timeout=60)
    verbs.run("destroy", "svc", "-n", namespace, "--yes")
    assert verbs.names("deployments", "services", "hpa", "pdb") == set()


def test_an_api_server_that_goes_away_for_a_while_is_waited_for(
    verbs: Verbs, cluster: Cluster, namespace: str, tmp_path: Path
) -> None:
    with Relay(cluster.kubeconfig, tmp_path / "relayed") as relay, node(cluster, namespace, ready):
        verbs.kubeconfig = relay.kubeconfig
        process = verbs.start("deploy", str(verbs.file), "--no-ask")
        assert process.stderr is not None
        said = [next(line for line in process.stderr if line.startswith("created"))]
        relay.cut(2.0)
        said += process.stderr.readlines()
        assert process.wait(60) == 0, said
        assert any("does not answer" in line for line in said)
        process.communicate()
    verbs.kubeconfig = cluster.kubeconfig
    assert "0 created, 0 changed, 0 deleted" in verbs.deploy("--no-wait")[0]


def test_two_runs_at_the_same_time_do_not_forget_each_others_objects(verbs: Verbs, namespace: str) -> None:
    other = Verbs(verbs.cluster, verbs.file.parent, namespace)
    other.file = verbs.file.with_name("other.yaml")
    other.write(product="L4")
    processes = [each.start("deploy", str(each.file), "--no-wait") for each in (verbs, other)]
    for process in processes:
        _, err = process.communicate(timeout=120)
        assert process.returncode in {0, 1}
        assert process.returncode == 0 or "another run changes this service" in err, err
    verbs.deploy("--no-wait")
    assert verbs.names("deployments") == {"svc-engine-l40s-on-demand", "svc-gateway"}


def test_a_diff_for_a_namespace_that_is_not_there_yet(verbs: Verbs, cluster: Cluster) -> None:
    missing = f"{verbs.namespace}-new"
    out, _ = verbs.run("diff", str(verbs.file), "-n", missing, code=1)
    assert f"+++ Namespace {missing} to be created" in out
    assert f"+++ Deployment {missing}/svc-gateway to be created" in out
    assert cluster.kubectl("get", "namespace", missing).returncode != 0
    listed = json.loads(verbs.run("diff", str(verbs.file), "-n", missing, "-o", "json", code=1)[0])
    assert {each["verb"] for each in listed} == {"created"}


def test_a_diff_that_cannot_be_had_is_no_difference(verbs: Verbs, tmp_path: Path) -> None:
    verbs.kubeconfig = tmp_path / "nowhere"
    verbs.run("diff", str(verbs.file), code=2)


def test_nothing_is_destroyed_without_a_word(verbs: Verbs, namespace: str) -> None:
    verbs.deploy("--no-wait")
    _, err = verbs.run("destroy", "svc", "-n", namespace, code=2)
    assert "say --yes" in err
    assert verbs.names("deployments") != set()
    _, err = verbs.run("destroy", "nobody", "-n", namespace, "--yes", code=1)
    assert "no service 'nobody' was deployed" in err
