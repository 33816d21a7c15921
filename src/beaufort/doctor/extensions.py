"""Checks of what others bring into a cluster: metrics, kinds of objects, storage."""

from __future__ import annotations

from beaufort.doctor.facts import Cluster, Need, Object, name_of
from beaufort.doctor.result import Result, failed, listed, ok, warning

_METRICS = {
    "metrics.k8s.io": ("cpu and memory of pods, by which the gateway scales", "install metrics-server"),
    "custom.metrics.k8s.io": (
        "the engines' queues, by which they scale",
        "install prometheus-adapter with render's values",
    ),
    "external.metrics.k8s.io": (
        "sums over pods, for spec.scaling.metrics beaufort",
        "run Beaufort's operator, or KEDA",
    ),
}
_BROUGHT = {
    "monitoring.coreos.com": "Prometheus Operator",
    "leaderworkerset.x-k8s.io": "LeaderWorkerSet",
    "keda.sh": "KEDA",
    "gateway.networking.k8s.io": "Gateway API",
    "cilium.io": "Cilium",
    "snapshot.storage.k8s.io": "CSI snapshots",
    "cluster.x-k8s.io": "Cluster API",
    "inference.networking.k8s.io": "Inference Extension",
}
_DEFAULT = "storageclass.kubernetes.io/is-default-class"


def metrics(cluster: Cluster, need: Need) -> Result:
    """Check which metrics APIs are served, by whom, and whether they answer."""
    served: dict[str, Object] = {}
    for each in cluster.all("apiservices"):
        group = each["spec"].get("group", "")
        if group in _METRICS:
            served[group] = each
    shown = "; ".join(f"{group} by {_owner(each)}" for group, each in served.items()) or "none is served"
    silent = [group for group, each in served.items() if not _available(each)]
    if silent:
        reasons = listed(f"{group}: {_reason(served[group])}" for group in silent)
        return failed(f"{shown}; not answering: {reasons}", "see the pods behind it, or delete the APIService")
    missing = sorted((need.metrics or {"metrics.k8s.io"}) - served.keys())
    if missing:
        lacking = listed(f"{group} ({_METRICS[group][0]})" for group in missing)
        return warning(f"{shown}; missing: {lacking}", "; ".join(_METRICS[group][1] for group in missing))
    return ok(shown)


def kinds(cluster: Cluster, need: Need) -> Result:
    """Check that the kinds of objects are served that the service's manifests have."""
    there = [title for group, title in _BROUGHT.items() if cluster.serves(group)]
    missing = sorted(f"{kind} of {api}" for api, kind in need.kinds - cluster.served)
    if missing:
        groups = sorted({api.rpartition("/")[0] for api, _ in need.kinds - cluster.served})
        names = listed(_BROUGHT.get(group, group) for group in groups)
        only_monitoring = groups == ["monitoring.coreos.com"]
        what = f"not served: {listed(missing)}"
        if only_monitoring:
            return warning(what, f"install {names}, or deploy leaves them out")
        return failed(what, f"install {names}, or change the service file: beaufort deploy says how")
    absent = [title for group, title in _BROUGHT.items() if not cluster.serves(group)]
    return ok(f"there: {listed(there, 9) or 'none'}; not there: {listed(absent, 9) or 'none'}")


def storage(cluster: Cluster, need: Need) -> Result:
    """Check the classes of storage: one default, and those that the service file names."""
    classes = {name_of(each): each for each in cluster.all("storageclasses")}
    missing = sorted(need.classes - classes.keys())
    if missing:
        return failed(
            f"there is no StorageClass {listed(missing)}, but {listed(classes) or 'none'}",
            "name another in spec.storage",
        )
    defaults = [
        name for name, each in classes.items() if (each["metadata"].get("annotations") or {}).get(_DEFAULT) == "true"
    ]
    shown = listed(f"{name} ({each.get('provisioner')})" for name, each in classes.items())
    if not classes:
        return warning("there is no StorageClass", "keep the weights on nodes: spec.storage.kind: local")
    if len(defaults) > 1:
        return warning(f"{listed(defaults)} are all the default: {shown}", f"leave one with the annotation {_DEFAULT}")
    if not defaults:
        return ok(f"{shown}; none is the default")
    return ok(f"{shown}; {defaults[0]} is the default")


def quotas(cluster: Cluster, _: Need) -> Result:
    """Check that no quota of the namespace is used up."""
    full, near, seen = [], [], 0
    for quota in cluster.all("quotas"):
        hard, used = quota.get("spec", {}).get("hard") or {}, quota.get("status", {}).get("used") or {}
        for resource, limit in hard.items():
            seen += 1
            share = _amount(used.get(resource, "0")) / max(_amount(limit), 1e-9)
            shown = f"{resource} of {name_of(quota)} ({used.get(resource, '0')} of {limit})"
            if share >= 1:
                full.append(shown)
            elif share >= _NEARLY:
                near.append(shown)
    if full:
        return failed(f"used up: {listed(full)}", "raise the ResourceQuota, or free what is used")
    if near:
        return warning(f"nearly used up: {listed(near)}", "raise the ResourceQuota before the service grows")
    return ok(
        f"{seen} limits of quotas in {cluster.namespace}, none used up" if seen else f"no quota in {cluster.namespace}"
    )


_NEARLY = 0.9
# https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
_SCALES = {
    "m": 1e-3,
    "k": 1e3,
    "M": 1e6,
    "G": 1e9,
    "T": 1e12,
    "Ki": 2.0**10,
    "Mi": 2.0**20,
    "Gi": 2.0**30,
    "Ti": 2.0**40,
}


def _amount(quantity: object) -> float:
    text = str(quantity)
    for suffix in sorted(_SCALES, key=len, reverse=True):
        if text.endswith(suffix):
            return float(text.removesuffix(suffix)) * _SCALES[suffix]
    return float(text)


def _owner(service: Object) -> str:
    behind = service["spec"].get("service")
    return f"{behind['namespace']}/{behind['name']}" if behind else "the API server itself"


def _condition(service: Object) -> Object:
    conditions: list[Object] = service.get("status", {}).get("conditions") or []
    return next((each for each in conditions if each["type"] == "Available"), {})


def _available(service: Object) -> bool:
    return _condition(service).get("status") == "True"


def _reason(service: Object) -> str:
    return str(_condition(service).get("reason", "no word of it"))
