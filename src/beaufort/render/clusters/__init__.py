"""The layer ``clusters``: the region's cluster itself, for Cluster API to make and keep.

| Module | Holds |
|---|---|
| `form` | the two forms in which Cluster API takes its objects, and which releases make which Kubernetes |
| `groups` | the groups of machines: one for each pool and zone, and one without accelerators |
| `control_plane` | Cluster and KubeadmControlPlane |
| `machines` | MachineDeployment, KubeadmConfigTemplate, MachineHealthCheck |
| `aws` | AWSCluster and AWSMachineTemplate |
| `infrastructure` | the templates of either provider |

Cluster API makes clusters; it routes no traffic and installs nothing in them. Templates are named after what they hold:
Cluster API does not look into one that changes, and replaces machines when they refer to another.
"""

from __future__ import annotations

from beaufort.render.clusters import control_plane, form, groups, infrastructure, machines
from beaufort.render.layer import Layer
from beaufort.render.release import release
from beaufort.render.setting import Setting
from beaufort.spec.provision import ClusterApi

_APART = "they belong to the management cluster, which makes the others"


def render(setting: Setting) -> Layer:
    """Return the layer; nothing when the cluster exists already, or any will do.

    Raises:
        UsageError: This release of Cluster API makes no such cluster, or a machine for an accelerator is not known.
    """
    provision = setting.spec.cluster.provision
    if provision is None or setting.emulated:
        return Layer("clusters")
    form.check(setting, provision)
    return Layer(
        "clusters",
        manifests=(
            *control_plane.manifests(setting, provision),
            *infrastructure.manifests(setting, provision),
            *(each for group in groups.groups(setting) for each in machines.manifests(setting, provision, group)),
        ),
        notes=_notes(setting, provision),
        apart=_APART,
    )


def _notes(setting: Setting, provision: ClusterApi) -> tuple[str, ...]:
    management = f"the management cluster (Cluster API {provision.version})"
    told = (
        f"Apply these to {management}, then the network plugin to the new one: until then its nodes are not Ready.",
        "Cluster API sends no traffic from one region to another: each region's cluster stands by itself.",
        "The cluster autoscaler (--cloud-provider=clusterapi) changes the number of machines, so that is not written.",
    )
    if provision.infrastructure.kind == "aws":
        image = f"an image of {release(setting)} (clusterawsadm ami list, or image-builder)"
        return (*told, f"On AWS it also needs the cloud controller manager, the EBS CSI driver, and {image}.")
    return told
