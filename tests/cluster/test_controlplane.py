import json

from rig.versions import DEFAULT, RELEASES, gates

from .conftest import Cluster

DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: d}
spec:
  replicas: 2
  selector: {matchLabels: {app: d}}
  template:
    metadata: {labels: {app: d}}
    spec: {nodeSelector: {no: node}, containers: [{name: c, image: i}]}
"""
FAST = """
apiVersion: storage.k8s.io/v1alpha1
kind: VolumeAttributesClass
metadata: {name: fast}
driverName: pd.csi.storage.gke.io
parameters: {iops: "5000"}
"""
NEAR = """
apiVersion: v1
kind: Service
metadata: {name: near}
spec: {trafficDistribution: PreferClose, ports: [{port: 80}]}
"""


def test_the_api_server_says_the_version_that_was_asked_for(cluster: Cluster, newest_cluster: Cluster) -> None:
    for one, release in ((cluster, DEFAULT), (newest_cluster, RELEASES[-1])):
        version = json.loads(one.kubectl("version", "-o", "json").stdout)
        assert version["serverVersion"]["gitVersion"] == version["clientVersion"]["gitVersion"] == release.version
        assert version["serverVersion"]["minor"] == str(release.minor.minor)


def test_controllers_and_scheduler_do_their_work(each_cluster: Cluster, namespace: str) -> None:
    assert each_cluster.apply(DEPLOYMENT, namespace) == ""
    waited = each_cluster.kubectl(
        "wait", "pods", "-n", namespace, "-l", "app=d", "--for=condition=PodScheduled=false", "--timeout=60s"
    )
    assert waited.stdout.count("condition met") == 2, waited.stderr
    pods = each_cluster.get("pods", "-n", namespace, "-l", "app=d")["items"]
    messages = [condition["message"] for pod in pods for condition in pod["status"]["conditions"]]
    # Without nodes, or with some that are not wanted: the test does not mind which.
    assert all("no nodes available" in message or "affinity/selector" in message for message in messages)


def test_a_field_that_does_not_exist_is_refused(each_cluster: Cluster, namespace: str) -> None:
    wrong = DEPLOYMENT.replace("  replicas: 2", "  replica: 2")
    assert "replica: field not declared in schema" in each_cluster.dry_run(wrong, namespace)


def test_a_dry_run_keeps_nothing(each_cluster: Cluster, namespace: str) -> None:
    assert each_cluster.dry_run(DEPLOYMENT, namespace) == ""
    assert each_cluster.get("deployments", "-n", namespace)["items"] == []


def test_what_is_alpha_is_switched_on(cluster: Cluster, namespace: str) -> None:
    assert gates(DEFAULT) == {"ServiceTrafficDistribution": True, "VolumeAttributesClass": True}
    try:
        assert cluster.apply(FAST, namespace) == ""
        assert cluster.get("volumeattributesclass", "fast")["driverName"] == "pd.csi.storage.gke.io"
    finally:
        cluster.kubectl("delete", "volumeattributesclass", "fast")
    assert cluster.apply(NEAR, namespace) == ""
    assert cluster.get("service", "near", "-n", namespace)["spec"]["trafficDistribution"] == "PreferClose"


def test_what_is_stable_in_the_newest_needs_no_switch(newest_cluster: Cluster, namespace: str) -> None:
    assert newest_cluster.dry_run(FAST.replace("v1alpha1", "v1"), namespace) == ""
