"""A deployment with exactly the rights that are printed for it, and with one less."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from .conftest import Cluster
from .deploying import Verbs, node, ready

LAYERS = "  scheduling: {profile: spread}\n  storage: {kind: none}\n"


@pytest.fixture
def verbs(cluster: Cluster, namespace: str, tmp_path: Path) -> Iterator[Verbs]:
    """Return the verbs of an account with the printed rights alone."""
    made = Verbs(cluster, tmp_path, namespace)
    made.write(replicas="{min: 1, max: 3}", engine="vllm", more=LAYERS)
    printed, told = made.run("deploy", str(made.file), "--print-rbac")
    assert "kubectl create clusterrolebinding" in told
    done = cluster.kubectl("apply", "-f", "-", stdin=printed)
    assert done.returncode == 0, done.stderr
    roles = list(yaml.safe_load_all(printed))
    for each in roles:
        bind(cluster, each, namespace)
    made.kubeconfig = account(cluster, namespace, tmp_path)
    yield made
    made.kubeconfig = cluster.kubeconfig
    made.start("destroy", "svc", "-n", namespace, "--yes", "--volumes").communicate(timeout=120)
    wide = next(each["metadata"]["name"] for each in roles if each["kind"] == "ClusterRole")
    cluster.kubectl("delete", "clusterrole,clusterrolebinding", wide)
    cluster.kubectl("delete", "role,rolebinding", wide, "-n", "kube-system")


def bind(cluster: Cluster, role: dict[str, Any], namespace: str) -> None:
    name = role["metadata"]["name"]
    place = () if role["kind"] == "ClusterRole" else ("-n", role["metadata"]["namespace"])
    kind = "clusterrolebinding" if role["kind"] == "ClusterRole" else "rolebinding"
    which = f"--{role['kind'].lower()}={name}"
    done = cluster.kubectl("create", kind, name, which, f"--serviceaccount={namespace}:deployer", *place)
    assert done.returncode == 0, done.stderr


def account(cluster: Cluster, namespace: str, folder: Path) -> Path:
    """Return the kubeconfig of a service account."""
    cluster.kubectl("create", "serviceaccount", "deployer", "-n", namespace)
    token = cluster.kubectl("create", "token", "deployer", "-n", namespace).stdout.strip()
    config = yaml.safe_load(cluster.kubeconfig.read_text())
    config["users"][0]["user"] = {"token": token}
    path = folder / "deployer.kubeconfig"
    path.write_text(yaml.safe_dump(config))
    return path


def test_the_printed_rights_are_enough_for_all_and_not_more_than_needed(
    verbs: Verbs, cluster: Cluster, namespace: str
) -> None:
    with node(cluster, namespace, ready):
        told = verbs.document("--no-ask")
    assert told["result"] == "ready"
    assert {"Role", "RoleBinding", "ClusterRoleBinding", "PriorityClass"} <= {each["kind"] for each in told["changes"]}
    assert verbs.run("diff", str(verbs.file))[0] == ""
    assert "well" in verbs.run("status", str(verbs.file))[0]
    out, _ = verbs.run("doctor", str(verbs.file), "-o", "json")
    checks = {each["check"]: each for each in json.loads(out)["checks"]}
    assert checks["rights"]["verdict"] == "ok"
    assert checks["webhooks"]["verdict"] == "unknown"
    for forbidden in (("get", "secrets", "-n", namespace), ("get", "pods", "-n", "default"), ("get", "nodes")):
        done = cluster.kubectl(f"--kubeconfig={verbs.kubeconfig}", *forbidden)
        assert "forbidden" in done.stderr
    verbs.run("destroy", str(verbs.file), "--yes")
    assert verbs.names("deployments", "services", "pdb", "hpa") == set()


@pytest.mark.parametrize(
    ("resource", "said"),
    [
        ("deployments", 'cannot get resource "deployments" in API group "apps"'),
        ("pods", 'cannot list resource "pods" in API group ""'),
        ("endpointslices", "is attempting to grant RBAC permissions not currently held"),
    ],
)
def test_a_right_that_is_missing_is_named_with_where_to_find_it(
    verbs: Verbs, cluster: Cluster, namespace: str, resource: str, said: str
) -> None:
    name = next(iter(cluster.get("rolebindings", "-n", namespace)["items"]))["roleRef"]["name"]
    role = cluster.get("role", name, "-n", namespace)
    for rule in role["rules"]:
        rule["resources"] = [each for each in rule["resources"] if each != resource] or ["none"]
    assert cluster.kubectl("replace", "-f", "-", stdin=json.dumps(role)).returncode == 0
    _, err = verbs.deploy("--timeout", "5s", code=1)
    assert said in err
    assert "try: ask for the rights that 'beaufort deploy --print-rbac' prints" in err
    out, _ = verbs.run("doctor", str(verbs.file), "-o", "json", code=1)
    checks = {each["check"]: each for each in json.loads(out)["checks"]}
    assert checks["rights"]["verdict"] == "failed"
    assert resource in checks["rights"]["evidence"]
