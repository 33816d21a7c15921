from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
import yaml

from beaufort.errors import UsageError
from beaufort.plan.plan import Plan
from beaufort.render import Json, Manifest, Setting, clusters, engine
from beaufort.render.manifest import annotations_of, kind_of, name_of, namespace_of

Adjusted = Callable[..., Plan]
Named = Callable[..., Setting]
At = Callable[..., Json]

AWS = {"kind": "aws"}
GENERIC = {
    "kind": "generic",
    "cluster": {"kind": "OpenStackCluster", "name": "net"},
    "control_plane": {"kind": "OpenStackMachineTemplate", "name": "small"},
    "machines": {"kind": "OpenStackMachineTemplate", "name": "gpu"},
    "spot": {"kind": "OpenStackMachineTemplate", "name": "gpu-spot"},
}
ZONES = ("eu-west-1a", "eu-west-1b")
FORMS = {"v1beta1": "1.10", "v1beta2": "1.12"}


def _setting(
    adjusted: Adjusted, plan: Plan, infrastructure: Mapping[str, object], version: str = "1.12", minor: int = 30
) -> Setting:
    provision = {"infrastructure": infrastructure, "version": version, "namespace": "fleet"}
    regions = tuple(
        region.model_copy(update={"pools": tuple(pool.model_copy(update={"zones": ()}) for pool in region.pools)})
        for region in plan.regions
    )
    changed = adjusted(plan, cluster={"provision": provision, "zones": ZONES, "provider": "other"})
    changed = changed.model_copy(update={"regions": regions})
    return Setting(changed, changed.regions[0], minor)


def _objects(setting: Setting) -> dict[str, dict[str, Manifest]]:
    found: dict[str, dict[str, Manifest]] = {}
    for each in clusters.render(setting).manifests:
        assert name_of(each) not in found.setdefault(kind_of(each), {})
        found[kind_of(each)][name_of(each)] = each
    return found


@pytest.fixture(params=FORMS)
def version(request: pytest.FixtureRequest) -> str:
    """Return a release of Cluster API of either form."""
    return FORMS[request.param]


@pytest.fixture(params=["aws", "generic"])
def infrastructure(request: pytest.FixtureRequest) -> Mapping[str, object]:
    """Return either provider."""
    return AWS if request.param == "aws" else GENERIC


def test_a_cluster_that_exists_is_not_made(setting: Setting) -> None:
    assert clusters.render(setting).manifests == ()


@pytest.mark.parametrize("name", ["spot", "one-l40s"])
def test_every_reference_leads_somewhere(
    adjusted: Adjusted, named: Named, infrastructure: Mapping[str, object], version: str, name: str
) -> None:
    setting = _setting(adjusted, named(name).plan, infrastructure, version)
    objects = _objects(setting)
    for reference in _references([*clusters.render(setting).manifests]):
        kind, target = str(reference["kind"]), str(reference["name"])
        if kind.startswith("OpenStack"):
            assert target in {"net", "small", "gpu", "gpu-spot"}
        else:
            assert target in objects[kind]
        api = str(reference.get("apiVersion", reference.get("apiGroup")))
        assert ("/" in api) is (version == "1.10"), "a reference of v1beta2 has a group alone"


def _references(value: object) -> list[dict[str, str]]:
    if isinstance(value, Mapping):
        own = [dict(value)] if {"kind", "name"} <= set(value) and {"apiVersion", "apiGroup"} & set(value) else []
        return own + [found for below in value.values() for found in _references(below)]
    if isinstance(value, list | tuple):
        return [found for below in value for found in _references(below)]
    return []


def test_everything_is_in_the_management_cluster(
    adjusted: Adjusted, named: Named, infrastructure: Mapping[str, object]
) -> None:
    layer = clusters.render(_setting(adjusted, named("spot").plan, infrastructure))
    assert layer.apart
    assert {namespace_of(each) for each in layer.manifests} == {"fleet"}


def test_each_pool_has_a_group_in_each_zone(adjusted: Adjusted, named: Named, at: At, version: str) -> None:
    setting = _setting(adjusted, named("spot").plan, AWS, version)
    groups = _objects(setting)["MachineDeployment"]
    zones = {
        name: str(at(each, "spec", "template", "spec", "failureDomain"))
        for name, each in groups.items()
        if "h100" in name
    }
    assert sorted(zones.values()) == sorted([*ZONES, *ZONES])
    assert len(groups) == 5, "two pools in two zones, and the machines without accelerators"


def test_the_autoscaler_learns_what_an_engine_asks_for(adjusted: Adjusted, named: Named, at: At) -> None:
    # From none it adds a machine only if what it is told of it fits the pod.
    for name in ("spot", "one-l40s", "amd"):
        setting = _setting(adjusted, named(name).plan, GENERIC)
        pods = [each for each in engine.render(setting).manifests if kind_of(each) == "Deployment"]
        told = [
            annotations_of(each)
            for each in _objects(setting)["MachineDeployment"].values()
            if "capacity.cluster-autoscaler.kubernetes.io/gpu-type" in annotations_of(each)
        ]
        assert told
        for pod in pods:
            spec = at(pod, "spec", "template", "spec")
            assert any(_fits(spec, each, setting, at) for each in told), name_of(pod)


def _fits(pod: Json, told: Mapping[str, str], setting: Setting, at: At) -> bool:
    prefix = "capacity.cluster-autoscaler.kubernetes.io/"
    labels = dict(each.split("=") for each in told[f"{prefix}labels"].split(","))
    terms = at(pod, "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms")
    assert isinstance(terms, list)
    chosen = any(
        all(
            (labels.get(each["key"]) in each["values"]) is (each["operator"] == "In")
            for each in term["matchExpressions"]
        )
        for term in terms
    )
    tolerations = at(pod, "tolerations")
    assert isinstance(tolerations, list)
    tolerated = {each["key"] for each in tolerations}
    kept = {each.partition("=")[0] for each in told[f"{prefix}taints"].split(",")}
    asked = at(pod, "containers", 0, "resources", "requests")
    assert isinstance(asked, Mapping)
    return (
        chosen
        and kept <= tolerated
        and told[f"{prefix}gpu-type"] == setting.resource
        and int(told[f"{prefix}gpu-count"]) >= int(str(asked[setting.resource]))
        and int(told[f"{prefix}cpu"]) >= int(str(asked["cpu"]))
    )


def test_sizes_are_within_the_plan(adjusted: Adjusted, named: Named) -> None:
    setting = _setting(adjusted, named("spot").plan, AWS)
    for name, each in _objects(setting)["MachineDeployment"].items():
        if name.endswith("-system"):
            continue
        told = annotations_of(each)
        fewest = int(told["cluster.x-k8s.io/cluster-api-autoscaler-node-group-min-size"])
        most = int(told["cluster.x-k8s.io/cluster-api-autoscaler-node-group-max-size"])
        pool = next(pool for pool in setting.region.pools if pool.name in name)
        assert 0 <= fewest <= most == pool.max_nodes
        spec = each["spec"]
        assert isinstance(spec, Mapping)
        assert "replicas" not in spec, "an apply would undo the autoscaler"


def test_spot_machines_are_spot_and_others_are_not(adjusted: Adjusted, named: Named, at: At) -> None:
    objects = _objects(_setting(adjusted, named("spot").plan, AWS))
    for name, each in objects["MachineDeployment"].items():
        reference = at(each, "spec", "template", "spec", "infrastructureRef", "name")
        machine = at(objects["AWSMachineTemplate"][str(reference)], "spec", "template", "spec")
        assert isinstance(machine, Mapping)
        assert ("spotMarketOptions" in machine) is ("spot" in name)
    assert at(next(iter(objects["AWSCluster"].values())), "spec", "region") == "eu-west-1"


def test_a_template_of_the_user_is_taken_for_spot(adjusted: Adjusted, named: Named, at: At) -> None:
    for name, each in _objects(_setting(adjusted, named("spot").plan, GENERIC))["MachineDeployment"].items():
        template = at(each, "spec", "template", "spec", "infrastructureRef", "name")
        expected = "small" if name.endswith("-system") else "gpu-spot" if "h100-spot" in name else "gpu"
        assert template == expected


def test_nodes_get_the_pools_kubelet_configuration(adjusted: Adjusted, named: Named, at: At, version: str) -> None:
    setting = _setting(adjusted, named("one-l40s").plan, AWS, version)
    templates = [each for name, each in _objects(setting)["KubeadmConfigTemplate"].items() if "l40s" in name]
    assert len(templates) >= 1
    for each in templates:
        spec = at(each, "spec", "template", "spec")
        file = at(spec, "files", 0)
        folder = str(at(spec, "joinConfiguration", "patches", "directory"))
        assert str(at(file, "path")) == f"{folder}/kubeletconfiguration0+merge.yaml"
        assert yaml.safe_load(str(at(file, "content")))["kind"] == "KubeletConfiguration"
        registration = at(spec, "joinConfiguration", "nodeRegistration")
        assert at(registration, "taints", 0, "key") == "nvidia.com/gpu"
        arguments = at(registration, "kubeletExtraArgs")
        assert isinstance(arguments, list if version == "1.12" else Mapping)
        assert "nvidia.com/gpu.product=NVIDIA-L40S" in str(arguments)


def test_another_content_is_another_template(adjusted: Adjusted, named: Named) -> None:
    def names(topology: str, weight: int) -> tuple[set[str], set[str]]:
        plan = adjusted(named("one-l40s").plan, nodes={"topology": topology})
        model = plan.model.model_copy(update={"weight_bytes": weight})
        objects = _objects(_setting(adjusted, plan.model_copy(update={"model": model}), AWS))
        return set(objects["KubeadmConfigTemplate"]), set(objects["AWSMachineTemplate"])

    before, same = names("restricted", 1 << 34), names("restricted", 1 << 34)
    assert before == same
    other_kubelet, other_disk = names("best-effort", 1 << 34), names("restricted", 1 << 37)
    assert before[0] != other_kubelet[0]
    assert before[1] == other_kubelet[1]
    assert before[1] != other_disk[1]


@pytest.mark.parametrize(
    ("version", "minor", "fits"),
    [
        ("1.7", 30, True),
        ("1.7", 31, False),
        ("1.13", 30, True),
        ("1.14", 30, False),
        ("1.14", 31, True),
        ("1.15", 30, False),
        ("1.10", 34, False),
        ("1.15", 37, True),
    ],
)
def test_a_release_that_makes_no_such_cluster_is_refused(
    adjusted: Adjusted,
    named: Named,
    version: str,
    minor: int,
    fits: bool,  # noqa: FBT001 - a row of the table
) -> None:
    setting = _setting(adjusted, named("spot").plan, GENERIC, version, minor)
    if fits:
        assert clusters.render(setting).manifests
        return
    with pytest.raises(UsageError, match=f"makes no clusters of Kubernetes 1.{minor}") as caught:
        clusters.render(setting)
    assert "use " in caught.value.problems[0].remedy


def test_a_region_that_aws_does_not_have_is_refused(adjusted: Adjusted, named: Named) -> None:
    plan = adjusted(
        named("regions").plan, cluster={"provision": {"infrastructure": AWS}, "zones": ("a", "b"), "provider": "other"}
    )
    with pytest.raises(UsageError, match="no region of AWS"):
        clusters.render(Setting(plan, plan.regions[0], 30))


def test_a_machine_that_the_catalog_lacks_is_asked_for(adjusted: Adjusted, named: Named) -> None:
    with pytest.raises(UsageError, match="instanceTypes"):
        clusters.render(_setting(adjusted, named("amd").plan, AWS))
    given = {**AWS, "instance_types": {"MI300X": "x9.metal"}}
    assert clusters.render(_setting(adjusted, named("amd").plan, given)).manifests


def test_gates_of_the_service_file_are_turned_on(adjusted: Adjusted, named: Named, at: At, version: str) -> None:
    plan = adjusted(named("spot").plan, cluster={"feature_gates": ("VolumeAttributesClass",)})
    (control_plane,) = _objects(_setting(adjusted, plan, GENERIC, version))["KubeadmControlPlane"].values()
    arguments = str(at(control_plane, "spec", "kubeadmConfigSpec", "clusterConfiguration", "apiServer", "extraArgs"))
    assert "VolumeAttributesClass=true" in arguments
    assert "storage.k8s.io/v1alpha1=true" in arguments


def test_each_region_is_a_cluster(adjusted: Adjusted, named: Named) -> None:
    plan = _setting(adjusted, named("regions").plan, GENERIC).plan
    names = [name_of(clusters.render(Setting(plan, region, 30)).manifests[0]) for region in plan.regions]
    assert names == ["global-eu", "global-us"]
