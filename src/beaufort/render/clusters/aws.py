"""Clusters on AWS, by Cluster API's provider (CAPA) 2."""

from __future__ import annotations

import hashlib
import json
import re

from beaufort.catalog.instances import Instance, instances
from beaufort.errors import Problem, UsageError
from beaufort.plan.capacity import Pool
from beaufort.render.clusters.groups import Group
from beaufort.render.manifest import Json, Manifest
from beaufort.render.setting import Setting
from beaufort.spec.provision import Aws, ClusterApi, Template
from beaufort.units import GIB

_API = "infrastructure.cluster.x-k8s.io"
_VERSION = "v1beta2"  # of CAPA's own objects, whichever form Cluster API's have
_REGION = re.compile(r"([a-z]{2}(?:-[a-z]+)+-\d)[a-z]?", re.ASCII)
_SYSTEM_DISK_GIB = 80
_IMAGES_GIB = 120  # the system, and the images of engines, which are large


def manifests(setting: Setting, provision: ClusterApi, chosen: Aws, groups: tuple[Group, ...]) -> tuple[Manifest, ...]:
    """Return the cluster and the templates of its machines, each once."""
    specs = (_control_plane_spec(chosen), *(_group_spec(setting, chosen, group) for group in groups))
    named = {_template_name(setting, spec): spec for spec in specs}
    return (
        _aws_cluster(setting, provision, chosen),
        *(_template(setting, provision, name, spec) for name, spec in named.items()),
    )


def cluster(setting: Setting) -> Template:
    """Return what refers to the cluster."""
    return _refer("AWSCluster", setting.names.cluster(setting.region.name))


def control_plane(setting: Setting, chosen: Aws) -> Template:
    """Return what refers to the template of the control plane."""
    return _refer("AWSMachineTemplate", _template_name(setting, _control_plane_spec(chosen)))


def machines(setting: Setting, chosen: Aws, group: Group) -> Template:
    """Return what refers to the template of a group."""
    return _refer("AWSMachineTemplate", _template_name(setting, _group_spec(setting, chosen, group)))


def instance(setting: Setting, pool: Pool) -> Instance | None:
    """Return the catalog's machine for a pool: the smallest that has room for its engines beside what it keeps."""
    known = instances(pool.accelerator, "aws", pool.accelerators_per_node)
    host, reserved = setting.plan.host, setting.spec.nodes.reserved
    engines = max(pool.accelerators_per_node // setting.plan.shape.accelerators_per_node, 1)
    cpus = engines * host.cpus + reserved.cpus
    memory = engines * host.memory_bytes + reserved.memory
    return next((each for each in known if each.vcpus >= cpus and each.memory_bytes >= memory), None)


def _refer(kind: str, name: str) -> Template:
    return Template.model_construct(group=_API, version=_VERSION, kind=kind, name=name)


def _aws_cluster(setting: Setting, provision: ClusterApi, chosen: Aws) -> Manifest:
    name = setting.names.cluster(setting.region.name)
    return {
        "apiVersion": f"{_API}/{_VERSION}",
        "kind": "AWSCluster",
        "metadata": {
            **setting.metadata("cluster", name),
            "namespace": provision.namespace,
        },
        "spec": {
            "region": region(setting),
            "controlPlaneLoadBalancer": {"loadBalancerType": "nlb", "healthCheckProtocol": "HTTPS"},
            **({"sshKeyName": chosen.ssh_key} if chosen.ssh_key else {}),
        },
    }


def region(setting: Setting) -> str:
    """Return the region's name at AWS: the file's, or that of its zones.

    Raises:
        UsageError: Neither is one.
    """
    names = (setting.region.name, *(zone for pool in setting.region.pools for zone in pool.zones))
    for name in (*names, *setting.spec.cluster.zones):
        if found := _REGION.fullmatch(name):
            return found[1]
    raise UsageError(
        Problem(
            f"{setting.region.name or 'the region'!r} is no region of AWS, and no zone tells one",
            "spec.regions",
            "name it as AWS does, for example regions: [eu-west-1]",
        ),
    )


def _template(setting: Setting, provision: ClusterApi, name: str, spec: dict[str, Json]) -> Manifest:
    return {
        "apiVersion": f"{_API}/{_VERSION}",
        "kind": "AWSMachineTemplate",
        "metadata": {
            **setting.metadata("cluster", name),
            "namespace": provision.namespace,
        },
        "spec": {"template": {"spec": spec}},
    }


def _control_plane_spec(chosen: Aws) -> dict[str, Json]:
    return {
        "instanceType": chosen.control_plane_type,
        "iamInstanceProfile": "control-plane.cluster-api-provider-aws.sigs.k8s.io",
        "rootVolume": _disk(_SYSTEM_DISK_GIB),
        **_common(chosen),
    }


def _group_spec(setting: Setting, chosen: Aws, group: Group) -> dict[str, Json]:
    if group.pool is None:
        kind, disk = chosen.system_type, _SYSTEM_DISK_GIB
    else:
        kind = chosen.instance_types.get(group.pool.accelerator) or _known(setting, group.pool)
        disk = _IMAGES_GIB + 3 * -(-setting.plan.model.weight_bytes // GIB)
    return {
        "instanceType": kind,
        "iamInstanceProfile": "nodes.cluster-api-provider-aws.sigs.k8s.io",
        "rootVolume": _disk(disk),
        **({"spotMarketOptions": {}} if group.spot else {}),  # no maximum: the price on demand is the most
        **_common(chosen),
    }


def _known(setting: Setting, pool: Pool) -> str:
    found = instance(setting, pool)
    if found is None:
        what = f"no instance type of AWS with {pool.accelerators_per_node} {pool.accelerator} and room for its engines"
        remedy = f"name one: infrastructure: {{kind: aws, instanceTypes: {{{pool.accelerator}: ...}}}}"
        raise UsageError(Problem(f"the catalog has {what}", "spec.cluster.provision.infrastructure", remedy))
    return found.name


def _disk(gib: int) -> Json:
    return {"size": gib, "type": "gp3", "encrypted": True}


def _common(chosen: Aws) -> dict[str, Json]:
    return {
        "instanceMetadataOptions": {"httpTokens": "required", "httpPutResponseHopLimit": 1},  # not for pods
        **({"sshKeyName": chosen.ssh_key} if chosen.ssh_key else {}),
    }


def _template_name(setting: Setting, spec: dict[str, Json]) -> str:
    """Return a name made of the content: a template cannot be changed, only replaced by another."""
    digest = hashlib.sha256(json.dumps(spec, sort_keys=True).encode()).hexdigest()[:8]
    return setting.names.machines(setting.region.name, digest)
