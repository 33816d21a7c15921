"""One group of machines: how many, how a node is set up, and when a machine is replaced."""

from __future__ import annotations

import hashlib
import json

from beaufort.catalog.instances import INSTANCES
from beaufort.render.clusters import aws, form, infrastructure
from beaufort.render.clusters.control_plane import metadata
from beaufort.render.clusters.groups import Group, labels, taints
from beaufort.render.manifest import Json, Manifest, yaml_text
from beaufort.render.names import STATEFUL, fitting
from beaufort.render.nodes.kubelet import configuration
from beaufort.render.release import release
from beaufort.render.setting import Setting
from beaufort.spec.provision import Aws, ClusterApi
from beaufort.units import quantity

_CAPACITY = "capacity.cluster-autoscaler.kubernetes.io/"
_GROUP_SIZE = "cluster.x-k8s.io/cluster-api-autoscaler-node-group-"
_PATCHES = "/etc/kubernetes/patches"
_STARTUP_SECONDS = 1200  # a machine, its join, and the driver of its accelerators
_UNHEALTHY_SECONDS = 300
_MOST_UNHEALTHY = "40%"  # of a group: if more are, it is not the machines


def manifests(setting: Setting, provision: ClusterApi, group: Group) -> tuple[Manifest, ...]:
    """Return the group's objects."""
    return (
        _configuration(setting, provision, group),
        _deployment(setting, provision, group),
        _health_check(setting, provision, group),
    )


def _deployment(setting: Setting, provision: ClusterApi, group: Group) -> Manifest:
    cluster = setting.names.cluster(setting.region.name)
    configuration_name = _configuration_name(setting, provision, group)
    return {
        "apiVersion": form.api(provision),
        "kind": "MachineDeployment",
        "metadata": {
            **metadata(setting, provision, group.name),
            "annotations": _scaling(setting, provision, group),
        },
        "spec": {
            "clusterName": cluster,
            **({"replicas": group.max} if group.min == group.max else {}),
            "selector": {"matchLabels": {"cluster.x-k8s.io/deployment-name": group.name}},
            "template": {
                "metadata": {
                    "labels": {
                        "cluster.x-k8s.io/cluster-name": cluster,
                        "cluster.x-k8s.io/deployment-name": group.name,
                    },
                },
                "spec": {
                    "clusterName": cluster,
                    "version": release(setting),
                    "bootstrap": {
                        "configRef": form.own(provision, "bootstrap", "KubeadmConfigTemplate", configuration_name),
                    },
                    "infrastructureRef": form.reference(provision, infrastructure.machines(setting, provision, group)),
                    **({"failureDomain": group.zone} if group.zone else {}),
                    **_drain(setting, provision),
                },
            },
        },
    }


def _drain(setting: Setting, provision: ClusterApi) -> dict[str, Json]:
    """Return how long a machine's pods may take to leave before it is ended all the same."""
    seconds = 2 * setting.plan.lifecycle.grace_seconds + 300
    if form.is_v1beta2(provision):
        return {"deletion": {"nodeDrainTimeoutSeconds": seconds}}
    return {"nodeDrainTimeout": f"{seconds}s"}


def _scaling(setting: Setting, provision: ClusterApi, group: Group) -> dict[str, str]:
    """Return what the cluster autoscaler is told: how far it may go, and what a machine has that is not there yet."""
    if group.pool is None:
        return {}
    zone = {"topology.kubernetes.io/zone": group.zone} if group.zone else {}
    told = {**labels(setting, group), **zone}
    return {
        f"{_GROUP_SIZE}min-size": str(group.min),
        f"{_GROUP_SIZE}max-size": str(group.max),
        **_size(setting, provision, group),
        # The name of the resource, not of the product: the autoscaler compares it with what pods ask for.
        f"{_CAPACITY}gpu-type": setting.resource,
        f"{_CAPACITY}gpu-count": str(group.pool.accelerators_per_node),
        f"{_CAPACITY}labels": ",".join(f"{key}={value}" for key, value in told.items()),
        f"{_CAPACITY}taints": ",".join(
            f"{each['key']}={each['value']}:{each['effect']}" for each in taints(setting, group)
        ),
    }


def _size(setting: Setting, provision: ClusterApi, group: Group) -> dict[str, str]:
    """Return the cores and memory of a machine: the catalog's, or what its engines need at least."""
    if group.pool is None:
        return {}
    known = aws.instance(setting, group.pool)
    chosen = provision.infrastructure
    if isinstance(chosen, Aws):
        known = INSTANCES.get(chosen.instance_types.get(group.pool.accelerator, ""), known)
    if known is not None and isinstance(chosen, Aws):
        return {f"{_CAPACITY}cpu": str(known.vcpus), f"{_CAPACITY}memory": quantity(known.memory_bytes)}
    host, reserved = setting.plan.host, setting.spec.nodes.reserved
    engines = max(group.pool.accelerators_per_node // setting.plan.shape.accelerators_per_node, 1)
    return {
        f"{_CAPACITY}cpu": str(engines * host.cpus + reserved.cpus),
        f"{_CAPACITY}memory": quantity(engines * host.memory_bytes + reserved.memory + reserved.eviction),
    }


def _configuration(setting: Setting, provision: ClusterApi, group: Group) -> Manifest:
    return {
        "apiVersion": form.api(provision, "bootstrap"),
        "kind": "KubeadmConfigTemplate",
        "metadata": metadata(setting, provision, _configuration_name(setting, provision, group)),
        "spec": {"template": {"spec": _kubeadm(setting, provision, group)}},
    }


def _kubeadm(setting: Setting, provision: ClusterApi, group: Group) -> dict[str, Json]:
    told = ",".join(f"{key}={value}" for key, value in labels(setting, group).items())
    registration = infrastructure.registration(provision, {"node-labels": told} if told else {})
    if group.pool is None:
        return {"joinConfiguration": {"nodeRegistration": registration}}
    return {
        "joinConfiguration": {
            "nodeRegistration": {**registration, "taints": taints(setting, group)},
            "patches": {"directory": _PATCHES},
        },
        # kubeadm merges it into the kubelet's configuration before the kubelet starts.
        "files": [
            {
                "path": f"{_PATCHES}/kubeletconfiguration0+merge.yaml",
                "owner": "root:root",
                "permissions": "0644",
                "content": yaml_text(configuration(setting, group.pool)),
            },
        ],
    }


def _configuration_name(setting: Setting, provision: ClusterApi, group: Group) -> str:
    """Return a name made of the content: machines are replaced when they refer to another template only."""
    content = json.dumps(_kubeadm(setting, provision, group), sort_keys=True)
    return fitting(group.name, hashlib.sha256(content.encode()).hexdigest()[:8], limit=STATEFUL)


def _health_check(setting: Setting, provision: ClusterApi, group: Group) -> Manifest:
    return {
        "apiVersion": form.api(provision),
        "kind": "MachineHealthCheck",
        "metadata": metadata(setting, provision, group.name),
        "spec": {
            "clusterName": setting.names.cluster(setting.region.name),
            "selector": {"matchLabels": {"cluster.x-k8s.io/deployment-name": group.name}},
            **(_checks() if form.is_v1beta2(provision) else _checks_v1beta1()),
        },
    }


def _checks() -> dict[str, Json]:
    return {
        "checks": {
            "nodeStartupTimeoutSeconds": _STARTUP_SECONDS,
            "unhealthyNodeConditions": [
                {"type": "Ready", "status": status, "timeoutSeconds": _UNHEALTHY_SECONDS}
                for status in ("Unknown", "False")
            ],
        },
        "remediation": {"triggerIf": {"unhealthyLessThanOrEqualTo": _MOST_UNHEALTHY}},
    }


def _checks_v1beta1() -> dict[str, Json]:
    return {
        "nodeStartupTimeout": f"{_STARTUP_SECONDS}s",
        "unhealthyConditions": [
            {"type": "Ready", "status": status, "timeout": f"{_UNHEALTHY_SECONDS}s"} for status in ("Unknown", "False")
        ],
        "maxUnhealthy": _MOST_UNHEALTHY,
    }
