from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from tests.render.conftest import NEWEST

from beaufort.errors import UsageError
from beaufort.render import Json, Layer, Manifest, Setting
from beaufort.render.engine import render
from beaufort.render.manifest import kind_of, name_of

At = Callable[..., Json]
Named = Callable[..., Setting]


def workloads(layer: Layer) -> list[Manifest]:
    return [each for each in layer.manifests if kind_of(each) in {"Deployment", "LeaderWorkerSet"}]


def pods(at: At, layer: Layer) -> list[Json]:
    """Return the spec of every pod, leaders before their workers."""
    found = []
    for each in workloads(layer):
        if kind_of(each) == "Deployment":
            found.append(at(each, "spec", "template", "spec"))
        else:
            group = at(each, "spec", "leaderWorkerTemplate")
            found += [at(group, "leaderTemplate", "spec"), at(group, "workerTemplate", "spec")]
    return found


def args(at: At, pod: Json) -> list[str]:
    listed = at(pod, "containers", 0, "args")
    assert isinstance(listed, (list, tuple))
    return [str(each) for each in listed]


def test_a_pool_is_a_deployment(named: Named, at: At) -> None:
    layer = render(named("spot"))
    deployments = workloads(layer)
    assert [name_of(each) for each in deployments] == ["nemo-12b-engine-h100-on-demand", "nemo-12b-engine-h100-spot"]
    for each in deployments:
        selector = at(each, "spec", "selector", "matchLabels")
        assert isinstance(selector, Mapping)
        labels = at(each, "spec", "template", "metadata", "labels")
        assert isinstance(labels, Mapping)
        assert selector.items() <= labels.items()
    assert at(deployments[0], "spec", "selector") != at(deployments[1], "spec", "selector")


def test_the_engine_is_told_what_was_planned(named: Named, at: At) -> None:
    (pod, _) = pods(at, render(named("spot")))
    told = args(at, pod)
    assert told[0] == "/models/mistralai--Mistral-Nemo-Instruct-2407@main"
    assert {
        "--served-model-name=mistral-nemo-instruct-2407",
        "--tensor-parallel-size=1",
        "--pipeline-parallel-size=1",
        "--max-model-len=16384",
        "--max-num-seqs=64",
        "--max-num-batched-tokens=4096",
        "--gpu-memory-utilization=0.92",
        "--block-size=16",
        "--kv-cache-dtype=auto",
        "--enable-prefix-caching",
        "--shutdown-timeout=60",
        "--quantization=fp8",
        "--port=8000",
    } <= set(told)


@pytest.mark.parametrize(
    ("quantisation", "repository", "told"),
    [
        ("bf16", "hf://a/b", ["--dtype=bfloat16"]),
        ("fp8", "hf://a/b", ["--quantization=fp8"]),
        ("fp8", "hf://a/Mistral-7B-Instruct-v0.3-FP8", []),
        ("nf4", "hf://a/b", ["--quantization=bitsandbytes"]),
        ("int8", "hf://a/b-w8a8", []),
        ("w4a16", "hf://a/Mistral-7B-Instruct-v0.3-AWQ", []),
    ],
)
def test_only_what_the_weights_do_not_say_is_told(
    named: Named, at: At, quantisation: str, repository: str, told: list[str]
) -> None:
    setting = named("one-l40s")
    model = setting.plan.model.model_copy(update={"quantisation": quantisation, "repository": repository})
    changed = Setting(setting.plan.model_copy(update={"model": model}), setting.region, setting.minor)
    (pod,) = pods(at, render(changed))
    assert [each for each in args(at, pod) if each.startswith(("--dtype", "--quantization"))] == told


def test_weights_that_are_of_another_form_are_refused(named: Named) -> None:
    setting = named("one-l40s")
    model = setting.plan.model.model_copy(update={"quantisation": "w4a16"})
    changed = Setting(setting.plan.model_copy(update={"model": model}), setting.region, setting.minor)
    with pytest.raises(UsageError, match="holds bf16, and vLLM cannot make w4a16"):
        render(changed)


def test_a_replica_over_nodes_is_a_group_of_a_leader_and_workers(named: Named, at: At) -> None:
    layer = render(named("two-nodes"))
    (group,) = workloads(layer)
    assert at(group, "spec", "leaderWorkerTemplate", "size") == 2
    assert at(group, "spec", "leaderWorkerTemplate", "restartPolicy") == "RecreateGroupOnPodRestart"
    assert at(group, "spec", "startupPolicy") == "LeaderCreated", "a leader is ready only with its workers"
    leader, worker = pods(at, layer)
    assert {"--node-rank=0", "--nnodes=2", "--master-addr=$(LWS_LEADER_ADDRESS)"} <= set(args(at, leader))
    assert {"--node-rank=$(LWS_WORKER_INDEX)", "--nnodes=2", "--headless"} <= set(args(at, worker))
    for pod in (leader, worker):
        assert {"--tensor-parallel-size=4", "--pipeline-parallel-size=2"} <= set(args(at, pod))
        assert at(pod, "containers", 0, "resources", "limits", "nvidia.com/gpu") == "4"
    assert "--headless" not in args(at, leader)
    assert not {"readinessProbe", "startupProbe", "livenessProbe", "ports"} & set(_container(at, worker))


def test_requests_go_to_leaders_alone(named: Named, at: At) -> None:
    service = next(each for each in render(named("two-nodes")).manifests if kind_of(each) == "Service")
    assert at(service, "spec", "selector", "leaderworkerset.sigs.k8s.io/worker-index") == "0"
    service = next(each for each in render(named("spot")).manifests if kind_of(each) == "Service")
    selector = at(service, "spec", "selector")
    assert isinstance(selector, Mapping)
    assert not any(key.startswith("leaderworkerset") for key in selector)
    assert at(service, "spec", "clusterIP") == "None"


def test_a_group_stays_in_one_zone_where_the_version_can_say_so(named: Named, at: At) -> None:
    _, old = pods(at, render(named("two-nodes", minor=30)))
    _, new = pods(at, render(named("two-nodes", minor=31)))
    affinity = at(old, "affinity")
    assert isinstance(affinity, Mapping)
    assert "podAffinity" not in affinity
    rule = at(new, "affinity", "podAffinity", "requiredDuringSchedulingIgnoredDuringExecution", 0)
    assert at(rule, "matchLabelKeys", 0) == "leaderworkerset.sigs.k8s.io/group-key"
    assert any("stays in one zone is left out" in note for note in render(named("two-nodes", minor=30)).notes)
    assert not any("left out" in note for note in render(named("two-nodes", minor=31)).notes)


def _container(at: At, pod: Json) -> Mapping[str, Json]:
    container = at(pod, "containers", 0)
    assert isinstance(container, Mapping)
    return container


def test_every_pod_is_guaranteed_with_whole_cores(setting: Setting, at: At) -> None:
    for pod in pods(at, render(setting)):
        containers, inits = at(pod, "containers"), at(pod, "initContainers")
        assert isinstance(containers, (list, tuple))
        assert isinstance(inits, (list, tuple))
        for each in (*containers, *inits):
            resources = at(each, "resources")
            assert at(resources, "requests") == at(resources, "limits")
            assert str(at(resources, "requests", "cpu")).isdecimal()


def test_the_grace_period_is_longer_than_what_has_to_fit(setting: Setting, at: At) -> None:
    for pod in pods(at, render(setting)):
        grace = at(pod, "terminationGracePeriodSeconds")
        assert isinstance(grace, int)
        told = dict(each.split("=", 1) for each in args(at, pod) if "=" in each)
        container = _container(at, pod)
        pause = at(container, "lifecycle", "preStop", "sleep", "seconds") if "lifecycle" in container else 0
        assert isinstance(pause, int)
        assert grace > pause + int(told["--shutdown-timeout"])


def test_probes_ask_whether_the_model_answers(named: Named, at: At) -> None:
    (pod,) = pods(at, render(named("one-l40s")))
    container = _container(at, pod)
    assert at(container, "readinessProbe", "httpGet", "path") == "/v1/models"
    assert at(container, "startupProbe", "httpGet", "path") == "/v1/models"
    assert at(container, "livenessProbe", "httpGet", "path") == "/health"
    patience = at(container, "startupProbe", "failureThreshold")
    assert isinstance(patience, int)
    assert patience * 5 >= 3 * named("one-l40s").plan.lifecycle.startup_seconds


def test_nothing_runs_as_root_or_writes_to_its_image(setting: Setting, at: At) -> None:
    for pod in pods(at, render(setting)):
        assert at(pod, "securityContext", "runAsNonRoot") is True
        assert at(pod, "automountServiceAccountToken") is False
        context = at(pod, "containers", 0, "securityContext")
        assert at(context, "readOnlyRootFilesystem") is True
        assert at(context, "capabilities", "drop") == ["ALL"]
        mounts = at(pod, "containers", 0, "volumeMounts")
        assert isinstance(mounts, (list, tuple))
        volumes = {str(at(mount, "name")) for mount in mounts}
        assert {"tmp", "shared-memory", "home"} <= volumes


def test_amds_accelerators_are_asked_for_by_their_own_name(named: Named, at: At) -> None:
    (pod,) = pods(at, render(named("amd")))
    assert at(pod, "containers", 0, "resources", "limits", "amd.com/gpu") == "1"
    assert str(at(pod, "containers", 0, "image")).startswith("vllm/vllm-openai-rocm:")
    assert at(pod, "tolerations", 0, "key") == "amd.com/gpu"
    assert at(pod, "securityContext", "supplementalGroups") == [44, 109]


def test_gates_are_a_choice(named: Named, at: At) -> None:
    (shut,) = pods(at, render(named("one-l40s", "{scheduling: {gates: true}}")))
    assert at(shut, "schedulingGates") == [{"name": "beaufort.dev/placement"}]
    (opened,) = pods(at, render(named("one-l40s")))
    assert isinstance(opened, Mapping)
    assert "schedulingGates" not in opened


def test_replicas_are_written_only_where_nothing_scales_them(named: Named) -> None:
    (scaled,) = workloads(render(named("one-l40s")))
    setting = named("one-l40s")
    pool = setting.region.pools[0].model_copy(update={"max_replicas": 2})
    count = setting.region.replicas.model_copy(update={"min": 2, "max": 2})
    region = setting.region.model_copy(update={"pools": (pool,), "replicas": count})
    fixed_plan = setting.plan.model_copy(update={"regions": (region,)})
    (fixed,) = workloads(render(Setting(fixed_plan, region, setting.minor)))
    for each, written in ((scaled, False), (fixed, True)):
        spec = each["spec"]
        assert isinstance(spec, Mapping)
        assert ("replicas" in spec) is written


@pytest.mark.parametrize(("zones", "what"), [("preferred", "ScheduleAnyway"), ("required", "DoNotSchedule")])
def test_zones_are_spread_over_as_the_file_says(named: Named, at: At, zones: str, what: str) -> None:
    (pod,) = pods(at, render(named("one-l40s", f"{{scheduling: {{zones: {zones}}}}}")))
    rule = at(pod, "topologySpreadConstraints", 0)
    assert at(rule, "whenUnsatisfiable") == what
    assert at(rule, "matchLabelKeys") == ["pod-template-hash"]
    assert at(rule, "nodeTaintsPolicy") == "Honor"


def test_tgi_has_its_own_arguments_and_limits(named: Named, at: At) -> None:
    layer = render(named("two-gpus", "{engine: tgi}"))
    (pod,) = pods(at, layer)
    assert at(pod, "containers", 0, "command") == ("text-generation-launcher",)
    assert {"--num-shard=2", "--max-total-tokens=16384", "--max-batch-total-tokens=160000"} <= set(args(at, pod))
    assert at(pod, "containers", 0, "readinessProbe", "httpGet", "path") == "/health"
    assert any("maintenance" in note for note in layer.notes)
    with pytest.raises(UsageError, match="TGI has neither"):
        render(named("two-nodes", "{engine: tgi}"))


def test_a_pinned_image_is_taken_as_it_is(named: Named, at: At) -> None:
    image = f"mirror.example.com/vllm@sha256:{'a' * 64}"
    (pod,) = pods(at, render(named("one-l40s", f"{{images: {{engine: '{image}', pullSecret: regcred}}}}")))
    assert at(pod, "containers", 0, "image") == image
    assert at(pod, "imagePullSecrets") == [{"name": "regcred"}]


@pytest.mark.parametrize(
    ("choices", "what"),
    [
        ("{model: {source: demo}}", "is for the engine that runs on processors"),
        ("{model: {source: ./here}}", "no node knows the path"),
        ("{model: {source: 'hf://a/b/c.gguf'}}", "is for the engine that runs on processors"),
    ],
)
def test_what_no_cluster_can_run_is_refused(named: Named, choices: str, what: str) -> None:
    setting = named("one-l40s", choices)
    model = setting.plan.model.model_copy(update={"repository": setting.spec.model.source})
    with pytest.raises(UsageError, match=what) as caught:
        render(Setting(setting.plan.model_copy(update={"model": model}), setting.region, NEWEST))
    assert caught.value.problems[0].remedy
