"""Checks of the pods' network and of the cluster's names."""

from __future__ import annotations

import re

from beaufort.doctor.facts import Cluster, Need, Object, name_of
from beaufort.doctor.result import Result, failed, listed, ok, unknown, warning

# What runs on every node for a network plugin: a part of its DaemonSet's name, what it is called, whether it enforces
# NetworkPolicy by itself.
_PLUGINS = (
    ("cilium", "Cilium", True),
    ("anetd", "GKE Dataplane V2 (Cilium)", True),
    ("calico-node", "Calico", True),
    ("canal", "Canal", True),
    ("antrea-agent", "Antrea", True),
    ("kube-router", "kube-router", True),
    ("weave-net", "Weave Net", True),
    ("aws-node", "Amazon VPC CNI", False),
    ("azure-cns", "Azure CNI", False),
    ("kube-flannel", "Flannel", False),
    ("kindnet", "kindnet", False),
)
_TAG = re.compile(r":v?(\d+)\.(\d+)(?:\.\d+)?")
# The first and the last minor version of Kubernetes with which a release of Cilium is tested, where it is known.
_CILIUM = {15: (26, 29), 18: (30, 33)}


def plugin(cluster: Cluster, _: Need) -> Result:
    """Check which network plugin runs, in which version, and whether it enforces policies."""
    for each in cluster.all("daemonsets"):
        for part, title, enforces in _PLUGINS:
            if part in name_of(each) and "operator" not in name_of(each):
                return _judge(cluster, each, title, enforces=enforces)
    if cluster.serves("cilium.io"):
        return unknown("no network plugin that is known runs as a DaemonSet; the kinds of Cilium are there")
    return unknown("no network plugin that is known runs as a DaemonSet", "see whether it enforces NetworkPolicy")


def _judge(cluster: Cluster, daemons: Object, title: str, *, enforces: bool) -> Result:
    image = daemons["spec"]["template"]["spec"]["containers"][0]["image"]
    tag = _TAG.search(image)
    shown = f"{title} {tag[1]}.{tag[2]}" if tag else title
    wanted = daemons.get("status", {}).get("desiredNumberScheduled", 0)
    ready = daemons.get("status", {}).get("numberReady", 0)
    if ready < wanted:
        return failed(f"{shown} is ready on {ready} of {wanted} nodes", "see the log of its pods on the others")
    tested = _CILIUM.get(int(tag[2])) if tag and title == "Cilium" and tag[1] == "1" else None
    if tested and not tested[0] <= cluster.minor <= tested[1]:
        what = f"{shown} is tested with Kubernetes 1.{tested[0]} to 1.{tested[1]}, this is 1.{cluster.minor}"
        return warning(what, "use a release of Cilium that lists this version")
    if not enforces:
        return warning(
            f"{shown}: policies may have no effect", "turn its policy engine on, or run Calico or Cilium beside it"
        )
    return ok(f"{shown}, ready on {ready} nodes")


def names(cluster: Cluster, _: Need) -> Result:
    """Check that the cluster's DNS answers somewhere."""
    slices = [
        each
        for each in cluster.all("endpointslices")
        if (each["metadata"].get("labels") or {}).get("kubernetes.io/service-name")
        in {"kube-dns", "dns-default", "rke2-coredns"}
    ]
    addresses = [
        address
        for each in slices
        for endpoint in each.get("endpoints") or ()
        if (endpoint.get("conditions") or {}).get("ready") is not False
        for address in endpoint["addresses"]
    ]
    if not slices:
        return warning("no Service of the usual names has the cluster's DNS", "see kubectl -n kube-system get services")
    if not addresses:
        return failed(
            "the cluster's DNS has no pod that is ready", "see kubectl -n kube-system get pods -l k8s-app=kube-dns"
        )
    return ok(f"the cluster's DNS is at {listed(addresses, 3)}")
