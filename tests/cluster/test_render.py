"""What is rendered, on real API servers: accepted with strict validation, kept as it was written, acted upon."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.render.conftest import CHOICES, PLANS, choose

from beaufort.plan.plan import Plan
from beaufort.render import RegionManifests, render

from .conftest import PATIENCE, Cluster

# Every plan as it comes, and every choice with one of them.
CASES = [(name, "{}") for name in PLANS] + [("spot", choices) for choices in CHOICES if choices != "{}"]
# Without nodes with directories for the model, every object keeps the Pod Security Standard `restricted`.
IN_THE_NAMESPACE = "{storage: {kind: none}}"

Apply = Callable[[Plan], RegionManifests]


def minor_of(cluster: Cluster) -> int:
    return int(cluster.version.removeprefix("v").split(".")[1])


def in_namespace(plan: Plan, namespace: str) -> Plan:
    metadata = plan.service.metadata.model_copy(update={"namespace": namespace})
    return plan.model_copy(update={"service": plan.service.model_copy(update={"metadata": metadata})})


@pytest.fixture
def apply(each_cluster: Cluster, namespace: str) -> Iterator[Apply]:
    """Return a function that applies what a plan is rendered to, first as a dry run; it is deleted in the end."""
    applied: list[RegionManifests] = []

    def run(plan: Plan) -> RegionManifests:
        region = render(in_namespace(plan, namespace), minor=minor_of(each_cluster)).regions[0]
        applied.append(region)
        strict = ("apply", "--server-side", "--validate=strict", "--force-conflicts", "-f", "-")
        for flags in (("--dry-run=server",), ()):
            done = each_cluster.kubectl(*strict, *flags, stdin=region.stream())
            assert done.returncode == 0, done.stderr
            assert "Warning" not in done.stderr
        return region

    yield run
    for region in applied:
        each_cluster.kubectl("delete", "--ignore-not-found", "--wait=false", "-f", "-", stdin=region.stream())


def lost(written: Any, kept: Any, path: str = "") -> Iterator[str]:  # noqa: ANN401 - JSON
    """Yield what the server did not keep as it was written."""
    if isinstance(written, Mapping):
        for key, value in written.items():
            if key not in kept:
                if value not in ({}, [], False, None, ""):  # what is empty may be left out
                    yield f"{path}.{key}"
            else:
                yield from lost(value, kept[key], f"{path}.{key}")
    elif isinstance(written, Sequence) and not isinstance(written, str):
        if len(written) != len(kept):
            yield f"{path}: {len(kept)} of {len(written)}"
        for position, (value, other) in enumerate(zip(written, kept, strict=False)):
            yield from lost(value, other, f"{path}[{position}]")
    elif written != kept:
        yield f"{path}: {kept!r} instead of {written!r}"


def place(thing: dict[str, Any]) -> tuple[str, str, str]:
    """Return what names an object; two namespaces may each have one of the same name."""
    return thing["kind"], thing["metadata"].get("namespace", ""), thing["metadata"]["name"]


@pytest.mark.parametrize(("name", "choices"), CASES)
def test_everything_is_accepted_and_kept_as_it_was_written(
    each_cluster: Cluster, apply: Apply, name: str, choices: str
) -> None:
    region = apply(choose(PLANS[name](), choices))
    done = each_cluster.kubectl("get", "-f", "-", "-o", "json", stdin=region.stream())
    assert done.returncode == 0, done.stderr
    kept = {place(each): each for each in json.loads(done.stdout)["items"]}
    written = json.loads(json.dumps(region.objects))
    assert len(kept) == len(written)
    differences = [f"{each['kind']} {difference}" for each in written for difference in lost(each, kept[place(each)])]
    assert differences == []


def test_kustomize_builds_the_same_objects(each_cluster: Cluster, tmp_path: Path) -> None:
    manifests = render(PLANS["spot"](), minor=minor_of(each_cluster))
    for path, text in manifests.tree().items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    done = each_cluster.kubectl("kustomize", str(tmp_path))
    assert done.returncode == 0, done.stderr
    built = {json.dumps(each, sort_keys=True) for each in yaml.safe_load_all(done.stdout)}
    assert built == {json.dumps(json.loads(json.dumps(o)), sort_keys=True) for o in manifests.regions[0].objects}


def eventually(condition: Callable[[], object], what: str) -> None:
    ends = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < ends, what
        time.sleep(0.2)


def test_a_gated_engine_waits_at_its_gate(each_cluster: Cluster, apply: Apply, namespace: str) -> None:
    apply(choose(PLANS["one-l40s"](), "{scheduling: {gates: true}, storage: {kind: none}}"))

    def reasons() -> set[str]:
        pods = each_cluster.get("pods", "-n", namespace, "-l", "app.kubernetes.io/component=engine")["items"]
        return {
            condition["reason"]
            for pod in pods
            for condition in pod["status"].get("conditions", ())
            if condition["type"] == "PodScheduled" and "reason" in condition
        }

    eventually(lambda: reasons() == {"SchedulingGated"}, "the engine's pod is not gated")


def test_every_pod_is_admitted_and_guaranteed(each_cluster: Cluster, apply: Apply, namespace: str) -> None:
    apply(choose(PLANS["spot"](), IN_THE_NAMESPACE))

    def pods(component: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = each_cluster.get(
            "pods", "-n", namespace, "-l", f"app.kubernetes.io/component={component}"
        )["items"]
        return found

    eventually(lambda: len(pods("engine")) == 2, "one engine of each pool")
    eventually(lambda: pods("gateway") and pods("headroom"), "a gateway and a place that is kept free")
    assert {pod["status"]["qosClass"] for pod in pods("engine")} == {"Guaranteed"}
    priorities = {name: pods(name)[0]["spec"]["priority"] for name in ("gateway", "engine", "headroom")}
    assert priorities["gateway"] > priorities["engine"] > 0 > priorities["headroom"]


def test_one_budget_counts_the_engines_of_every_pool(each_cluster: Cluster, apply: Apply, namespace: str) -> None:
    apply(choose(PLANS["spot"](), IN_THE_NAMESPACE))

    def expected() -> int:
        found = each_cluster.get("poddisruptionbudget", "nemo-12b-engine", "-n", namespace)
        return int(found.get("status", {}).get("expectedPods", 0))

    eventually(lambda: expected() == 2, "the budget does not count both Deployments")


def test_the_autoscaler_asks_for_the_metrics_that_the_adapter_serves(
    each_cluster: Cluster, apply: Apply, namespace: str
) -> None:
    apply(choose(PLANS["one-l40s"](), IN_THE_NAMESPACE))

    def told() -> str:
        found = each_cluster.get("hpa", "mistral-7b-engine-l40s-on-demand", "-n", namespace)
        conditions = found.get("status", {}).get("conditions", ())
        return " ".join(each.get("message", "") for each in conditions if each["type"] == "ScalingActive")

    # Nothing serves custom metrics here: that it says so shows that it found its target, and what it asks for.
    eventually(lambda: "inference_requests_waiting" in told(), "the autoscaler does not ask")
