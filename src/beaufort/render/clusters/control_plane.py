"""The cluster and its control plane."""

from __future__ import annotations

from beaufort.catalog.features import Stage
from beaufort.catalog.kubernetes import FEATURES
from beaufort.render.clusters import form, infrastructure
from beaufort.render.manifest import Json, Manifest
from beaufort.render.release import release
from beaufort.render.setting import Setting
from beaufort.spec.provision import ClusterApi

COMPONENT = "cluster"


def manifests(setting: Setting, provision: ClusterApi) -> tuple[Manifest, ...]:
    """Return the objects."""
    return _cluster(setting, provision), _control_plane(setting, provision)


def metadata(setting: Setting, provision: ClusterApi, name: str) -> dict[str, Json]:
    """Return the metadata of an object in the management cluster."""
    return {
        **setting.metadata(COMPONENT, name),
        "namespace": provision.namespace,
        "labels": {
            **setting.labels(COMPONENT),
            "cluster.x-k8s.io/cluster-name": setting.names.cluster(setting.region.name),
        },
    }


def _cluster(setting: Setting, provision: ClusterApi) -> Manifest:
    name = setting.names.cluster(setting.region.name)
    return {
        "apiVersion": form.api(provision),
        "kind": "Cluster",
        "metadata": metadata(setting, provision, name),
        "spec": {
            "clusterNetwork": {"pods": {"cidrBlocks": [provision.pod_cidr]}},
            "controlPlaneRef": form.own(provision, "controlplane", "KubeadmControlPlane", _name(setting)),
            "infrastructureRef": form.reference(provision, infrastructure.cluster(setting, provision)),
        },
    }


def _control_plane(setting: Setting, provision: ClusterApi) -> Manifest:
    template = form.reference(provision, infrastructure.control_plane(setting, provision))
    registration = infrastructure.registration(provision, {})
    return {
        "apiVersion": form.api(provision, "controlplane"),
        "kind": "KubeadmControlPlane",
        "metadata": metadata(setting, provision, _name(setting)),
        "spec": {
            "replicas": provision.control_plane_machines,
            "version": release(setting),
            "machineTemplate": (
                {"spec": {"infrastructureRef": template}}
                if form.is_v1beta2(provision)
                else {"infrastructureRef": template}
            ),
            "kubeadmConfigSpec": {
                "clusterConfiguration": _programs(setting, provision),
                "initConfiguration": {"nodeRegistration": registration},
                "joinConfiguration": {"nodeRegistration": registration},
            },
        },
    }


def _programs(setting: Setting, provision: ClusterApi) -> Json:
    """Return the arguments of the control plane's programs: the gates that the service file turns on."""
    gates = setting.spec.cluster.feature_gates
    on = {"feature-gates": ",".join(f"{gate}=true" for gate in gates)} if gates else {}
    apis = ",".join(f"{api}=true" for api in _unserved_apis(setting))
    cloud = infrastructure.cloud_arguments(provision)
    found = {
        "apiServer": {**on, **({"runtime-config": apis} if apis else {})},
        "controllerManager": {**on, **cloud},
        "scheduler": on,
    }
    return {program: {"extraArgs": form.arguments(provision, values)} for program, values in found.items() if values}


def _unserved_apis(setting: Setting) -> list[str]:
    """Return the APIs that have to be served besides their gate."""
    states = (feature.at(setting.minor) for feature in FEATURES.values())
    gates = setting.spec.cluster.feature_gates
    return [
        state.api
        for state in states
        if state.api and state.stage in {Stage.ALPHA, Stage.BETA} and not state.enabled and state.feature.gate in gates
    ]


def _name(setting: Setting) -> str:
    return setting.names.machines(setting.region.name, "control-plane")
