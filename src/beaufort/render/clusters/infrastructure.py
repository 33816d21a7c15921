"""What the provider of the machines is told: its own objects on AWS, the user's templates elsewhere."""

from __future__ import annotations

from beaufort.render.clusters import aws, form
from beaufort.render.clusters.groups import Group, groups
from beaufort.render.manifest import Json, Manifest
from beaufort.render.setting import Setting
from beaufort.spec.provision import Aws, ClusterApi, Template


def manifests(setting: Setting, provision: ClusterApi) -> tuple[Manifest, ...]:
    """Return the provider's objects; none where they exist already."""
    match provision.infrastructure:
        case Aws() as chosen:
            return aws.manifests(setting, provision, chosen, groups(setting))
        case _:
            return ()


def cluster(setting: Setting, provision: ClusterApi) -> Template:
    """Return the provider's object of the cluster."""
    match provision.infrastructure:
        case Aws():
            return aws.cluster(setting)
        case generic:
            return generic.cluster


def control_plane(setting: Setting, provision: ClusterApi) -> Template:
    """Return the template of a machine of the control plane."""
    match provision.infrastructure:
        case Aws() as chosen:
            return aws.control_plane(setting, chosen)
        case generic:
            return generic.control_plane


def machines(setting: Setting, provision: ClusterApi, group: Group) -> Template:
    """Return the template of a group's machines."""
    match provision.infrastructure:
        case Aws() as chosen:
            return aws.machines(setting, chosen, group)
        case generic if group.pool is None:
            return generic.control_plane
        case generic:
            return (generic.spot or generic.machines) if group.spot else generic.machines


def registration(provision: ClusterApi, arguments: dict[str, str]) -> dict[str, Json]:
    """Return how a node registers itself, with the kubelet's further arguments."""
    values = {**cloud_arguments(provision), **arguments}
    # AWS's controller knows a node by the name that the machine's own metadata tell.
    named = {"name": "{{ ds.meta_data.local_hostname }}"} if isinstance(provision.infrastructure, Aws) else {}
    return {**named, **({"kubeletExtraArgs": form.arguments(provision, values)} if values else {})}


def cloud_arguments(provision: ClusterApi) -> dict[str, str]:
    """Return the argument that leaves the cloud to a controller of its own."""
    return {"cloud-provider": "external"} if isinstance(provision.infrastructure, Aws) else {}
