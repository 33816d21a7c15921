from __future__ import annotations

from collections.abc import Callable

import pytest
import yaml

from beaufort.render import Json, Layer, Manifest, Setting
from beaufort.render.engine import render as render_engine
from beaufort.render.manifest import kind_of, name_of
from beaufort.render.storage import render
from beaufort.render.weights import kept, kind
from beaufort.units import parse_quantity

At = Callable[..., Json]
Named = Callable[..., Setting]


def one(layer: Layer, wanted: str) -> Manifest:
    (found,) = (each for each in layer.manifests if kind_of(each) == wanted)
    return found


def kinds(layer: Layer) -> list[str]:
    return [kind_of(each) for each in layer.manifests]


def on_one_node(setting: Setting) -> Setting:
    pool = setting.region.pools[0].model_copy(update={"max_nodes": 1, "nodes": 1})
    region = setting.region.model_copy(update={"pools": (pool,)})
    return Setting(setting.plan.model_copy(update={"regions": (region,)}), region, setting.minor)


@pytest.mark.parametrize(
    ("provider", "small", "large"),
    [("eks", "ebs", "local"), ("gke", "hyperdisk", "local"), ("aks", "azure", "local"), ("other", "local", "local")],
)
def test_a_provider_has_its_volume_while_one_node_is_enough(
    named: Named, provider: str, small: str, large: str
) -> None:
    setting = named("one-l40s", f"{{cluster: {{provider: {provider}}}}}")
    assert kind(setting) == large
    assert kind(on_one_node(setting)) == small


@pytest.mark.parametrize(
    ("choices", "small", "large"),
    [
        ("{storage: {kind: local}}", "node", "node"),
        ("{storage: {kind: none}}", "pod", "pod"),
        ("{storage: {kind: ebs}}", "claim", "pod"),
        ("{storage: {kind: hyperdisk}}", "claim", "claim"),
        ("{storage: {kind: azure}}", "claim", "claim"),
        ("{storage: {kind: class, className: efs}}", "claim", "claim"),
        ("{storage: {kind: class, className: block, shared: false}}", "claim", "pod"),
    ],
)
def test_a_volume_that_one_node_mounts_serves_one_node(named: Named, choices: str, small: str, large: str) -> None:
    setting = named("one-l40s", choices)
    assert (kept(on_one_node(setting)), kept(setting)) == (small, large)


def test_a_claim_is_filled_by_a_job_and_read_by_engines(named: Named, at: At) -> None:
    setting = on_one_node(named("one-l40s"))
    layer = render(setting)
    assert kinds(layer) == ["StorageClass", "ConfigMap", "PersistentVolumeClaim", "Job"]
    claim = one(layer, "PersistentVolumeClaim")
    assert at(claim, "spec", "accessModes") == ["ReadWriteOnce"]
    assert at(claim, "spec", "storageClassName") == name_of(one(layer, "StorageClass"))
    deployment = next(each for each in render_engine(setting).manifests if kind_of(each) == "Deployment")
    volume = at(deployment, "spec", "template", "spec", "volumes", 0)
    assert at(volume, "persistentVolumeClaim") == {"claimName": name_of(claim), "readOnly": True}
    waits = at(deployment, "spec", "template", "spec", "initContainers", 0, "command")
    loads = at(one(layer, "Job"), "spec", "template", "spec", "containers", 0, "command")
    assert isinstance(waits, list)
    assert waits == [*(loads if isinstance(loads, list) else []), "--wait"], "what is waited for is what is loaded"


def test_a_node_is_filled_by_a_daemon_before_engines_come(named: Named, at: At) -> None:
    setting = named("spot")
    layer = render(setting)
    assert kinds(layer) == ["ConfigMap", "DaemonSet"]
    loader = at(one(layer, "DaemonSet"), "spec", "template", "spec")
    deployment = next(each for each in render_engine(setting).manifests if kind_of(each) == "Deployment")
    engine = at(deployment, "spec", "template", "spec")
    assert at(loader, "volumes", 0) == at(engine, "volumes", 0)
    assert at(engine, "containers", 0, "volumeMounts", 0) == {"name": "model", "mountPath": "/models", "readOnly": True}
    # On every node that an engine may come to, of any pool.
    assert at(loader, "tolerations", 1, "key") == "cloud.google.com/gke-spot"
    assert at(loader, "initContainers", 0, "securityContext", "capabilities", "drop") == ["ALL"]


def test_a_pod_of_its_own_downloads_itself(named: Named, at: At) -> None:
    setting = named("one-l40s", "{storage: {kind: ebs}}")
    assert kinds(render(setting)) == ["StorageClass", "ConfigMap"]
    deployment = next(each for each in render_engine(setting).manifests if kind_of(each) == "Deployment")
    pod = at(deployment, "spec", "template", "spec")
    assert at(pod, "volumes", 0, "ephemeral", "volumeClaimTemplate", "spec", "accessModes") == ["ReadWriteOnce"]
    assert at(pod, "initContainers", 0, "name") == "fetch-model"
    assert any("downloads the model for itself" in note for note in render(setting).notes)


def test_many_nodes_read_a_copy_of_hyperdisk_ml(named: Named, at: At) -> None:
    setting = named("spot", "{storage: {kind: hyperdisk}}")
    layer = render(setting)
    claims = [each for each in layer.manifests if kind_of(each) == "PersistentVolumeClaim"]
    assert [at(each, "spec", "accessModes", 0) for each in claims] == ["ReadWriteOnce", "ReadOnlyMany"]
    snapshot = yaml.safe_load(layer.files["after-loading/volumesnapshot.yaml"])
    assert snapshot["spec"]["source"]["persistentVolumeClaimName"] == name_of(claims[0])
    assert at(claims[1], "spec", "dataSource", "name") == snapshot["metadata"]["name"]
    classes = [each for each in layer.manifests if kind_of(each) == "StorageClass"]
    assert [at(each, "parameters", "type") for each in classes] == ["hyperdisk-ml", "hyperdisk-ml"]
    assert any("after-loading/volumesnapshot.yaml" in note for note in layer.notes)


@pytest.mark.parametrize(
    ("minor", "choices", "served"),
    [
        (30, "{}", ""),
        (33, "{}", ""),
        (34, "{}", "storage.k8s.io/v1"),
        (30, "{cluster: {featureGates: [VolumeAttributesClass]}}", "storage.k8s.io/v1alpha1"),
        (31, "{cluster: {featureGates: [VolumeAttributesClass]}}", "storage.k8s.io/v1beta1"),
    ],
)
def test_the_speed_can_be_changed_where_the_version_serves_it(
    named: Named, at: At, minor: int, choices: str, served: str
) -> None:
    layer = render(on_one_node(named("one-l40s", choices, minor)))
    claim = at(one(layer, "PersistentVolumeClaim"), "spec")
    assert isinstance(claim, dict)
    if served:
        attributes = one(layer, "VolumeAttributesClass")
        assert attributes["apiVersion"] == served
        assert attributes["driverName"] == "ebs.csi.aws.com"
        assert claim["volumeAttributesClassName"] == name_of(attributes)
        assert any("once in six hours" in note for note in layer.notes)
    else:
        assert "VolumeAttributesClass" not in kinds(layer)
        assert "volumeAttributesClassName" not in claim
        assert any(note.startswith("The VolumeAttributesClass") for note in layer.notes)


@pytest.mark.parametrize("throughput", [125, 500, 1000, 5000])
def test_gp3_is_given_the_operations_that_its_throughput_needs(named: Named, at: At, throughput: int) -> None:
    setting = on_one_node(named("one-l40s", f"{{storage: {{throughput: {throughput}}}}}"))
    parameters = at(one(render(setting), "StorageClass"), "parameters")
    iops, given = int(str(at(parameters, "iops"))), int(str(at(parameters, "throughput")))
    assert given == min(throughput, 1000)
    assert iops >= max(3000, 4 * given)


def test_the_volume_holds_what_is_downloaded(named: Named, at: At) -> None:
    setting = on_one_node(named("one-l40s"))
    needed = setting.plan.model.weight_bytes
    for quantisation, factor in (("bf16", 1), ("fp8", 2), ("nf4", 4)):
        model = setting.plan.model.model_copy(update={"quantisation": quantisation})
        changed = Setting(setting.plan.model_copy(update={"model": model}), setting.region, setting.minor)
        storage = at(one(render(changed), "PersistentVolumeClaim"), "spec", "resources", "requests", "storage")
        assert parse_quantity(str(storage)) >= 1.5 * factor * needed


def test_another_model_or_image_is_another_job(named: Named) -> None:
    setting = on_one_node(named("one-l40s"))
    model = setting.plan.model.model_copy(update={"repository": "hf://a/b@v2"})
    names = {
        name_of(one(render(setting), "Job")),
        name_of(one(render(Setting(setting.plan.model_copy(update={"model": model}), setting.region, 30)), "Job")),
        name_of(one(render(on_one_node(named("one-l40s", "{images: {engine: 'a/b:v9'}}"))), "Job")),
    }
    assert len(names) == 3


def test_a_path_is_on_the_nodes_already(named: Named, at: At) -> None:
    setting = named("one-l40s")
    model = setting.plan.model.model_copy(update={"repository": "/srv/models/m"})
    given = Setting(setting.plan.model_copy(update={"model": model}), setting.region, setting.minor)
    assert render(given).manifests == ()
    deployment = next(each for each in render_engine(given).manifests if kind_of(each) == "Deployment")
    pod = at(deployment, "spec", "template", "spec")
    assert at(pod, "volumes", 0, "hostPath") == {"path": "/srv/models/m", "type": "Directory"}
    assert at(pod, "containers", 0, "args", 0) == "/srv/models/m"
    assert at(pod, "initContainers") == []


def test_an_emulated_engine_has_no_weights(named: Named) -> None:
    assert render(named("one-l40s", "{engine: emulated}")).manifests == ()
