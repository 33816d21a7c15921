"""Checks of the API server and of what stands between it and whoever asks."""

from __future__ import annotations

from collections.abc import Iterator

from beaufort.catalog.features import NEWEST_MINOR, OLDEST_MINOR
from beaufort.catalog.kubernetes import FEATURES
from beaufort.doctor.facts import Cluster, Need, Object, name_of
from beaufort.doctor.result import Result, failed, listed, ok, unknown, warning
from beaufort.units import show_seconds

_SKEW_WARNING = 5.0  # seconds; the server's clock is read to one second
_SKEW_FAILED = 60.0  # leases and tokens are counted in tens of seconds
# What manifests use where a gate is on, and is off by default in some version since 1.30.
_USED = ("VolumeAttributesClass", "ServiceTrafficDistribution", "MatchLabelKeysInPodAffinity", "HPAScaleToZero")


def reach(cluster: Cluster, _: Need) -> Result:
    """Check that the API server answers and is well."""
    if cluster.unready:
        return failed(f"not well: {listed(cluster.unready)}", "see kubectl get --raw '/readyz?verbose'")
    return ok(f"{cluster.server} answers in {show_seconds(cluster.round_trip_seconds)}")


def version(cluster: Cluster, _: Need) -> Result:
    """Check the version of Kubernetes."""
    if not cluster.version:
        return unknown("the server does not say its version")
    if cluster.minor < OLDEST_MINOR:
        return failed(f"Kubernetes {cluster.version}", f"use a cluster of version 1.{OLDEST_MINOR} or newer")
    if cluster.minor > NEWEST_MINOR:
        what = f"Kubernetes {cluster.version} is newer than 1.{NEWEST_MINOR}, the newest that Beaufort knows"
        return warning(what, "use a newer Beaufort; until then it is treated like the newest known")
    return ok(f"Kubernetes {cluster.version}")


def clock(cluster: Cluster, _: Need) -> Result:
    """Check that the clocks of this machine and of the API server agree."""
    if cluster.skew_seconds is None:
        return unknown("the server tells no time")
    skew = abs(cluster.skew_seconds)
    way = "ahead of" if cluster.skew_seconds > 0 else "behind"
    evidence = f"the server's clock is {show_seconds(skew)} {way} this machine's"
    if skew <= _SKEW_WARNING:
        return ok("the server's clock agrees with this machine's")
    remedy = "let both follow NTP: certificates, tokens and leases go by the clock"
    return failed(evidence, remedy) if skew > _SKEW_FAILED else warning(evidence, remedy)


def gates(cluster: Cluster, need: Need) -> Result:
    """Check the feature gates that manifests can make use of, and those that the service file says are on."""
    wrong = sorted(gate for gate in need.gates if cluster.gates.get(gate) is False)
    if wrong:
        remedy = "turn them on, or remove them from spec.cluster.featureGates"
        return failed(f"the service file says they are on, and they are off: {listed(wrong)}", remedy)
    by_default = {name: FEATURES[name].at(max(cluster.minor, OLDEST_MINOR)).enabled for name in _USED}
    on = [name for name in _USED if cluster.gates.get(name, by_default[name])]
    off = [name for name in _USED if name not in on]
    source = (
        "as the API server says" if cluster.gates else "by default of the version; the server does not tell its gates"
    )
    evidence = f"on: {listed(on) or 'none'}; off: {listed(off) or 'none'} ({source})"
    unused = sorted({name for name in on if not by_default[name]} - need.gates)
    if unused and need.service:
        return warning(evidence, f"write spec.cluster.featureGates: [{', '.join(unused)}] and they are made use of")
    return ok(evidence)


def webhooks(cluster: Cluster, _: Need) -> Result:
    """Check that the webhooks that decide about pods and workloads are there."""
    ready = _ready_services(cluster)
    hooks = [*cluster.all("validatingwebhooks"), *cluster.all("mutatingwebhooks")]
    deciding = [(name_of(each), hook) for each in hooks for hook in each.get("webhooks") or () if _decides(hook)]
    dead = sorted({f"{name} ({place})" for name, hook in deciding if (place := _place(hook)) and place not in ready})
    if dead:
        remedy = "bring their Services back, or delete their configurations: until then nothing is accepted"
        return failed(f"no pod answers for {listed(dead)}, which must", remedy)
    return ok(f"{len(deciding)} webhooks decide about pods or workloads; none lacks a pod that answers")


def _decides(hook: Object) -> bool:
    """Return whether a webhook can hold up what a service consists of, in any namespace."""
    if hook.get("failurePolicy", "Fail") != "Fail":
        return False
    touched = {"*", "pods", "deployments", "daemonsets", "jobs", "*/*", "services", "configmaps"}
    groups = {"", "*", "apps", "batch"}
    return any(
        touched & set(rule.get("resources") or ()) and groups & set(rule.get("apiGroups") or ())
        for rule in hook.get("rules") or ()
    )


def _place(hook: Object) -> str:
    service = hook.get("clientConfig", {}).get("service")
    return f"{service['namespace']}/{service['name']}" if service else ""


def _ready_services(cluster: Cluster) -> set[str]:
    return set(_services_with_endpoints(cluster.all("endpointslices")))


def _services_with_endpoints(slices: tuple[Object, ...]) -> Iterator[str]:
    for each in slices:
        service = (each["metadata"].get("labels") or {}).get("kubernetes.io/service-name", "")
        if any(_serves(endpoint) for endpoint in each.get("endpoints") or ()):
            yield f"{each['metadata'].get('namespace', '')}/{service}"


def _serves(endpoint: Object) -> bool:
    return (endpoint.get("conditions") or {}).get("ready") is not False
