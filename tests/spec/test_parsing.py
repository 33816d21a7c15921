from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from beaufort.errors import UsageError
from beaufort.spec import MistralService, SpecError, dump, parse
from beaufort.spec.service import Replicas
from beaufort.spec.traffic import Constant, Mean, Percentiles, Recorded, Spikes, Synthetic

EXAMPLES = sorted(Path(__file__).parents[2].joinpath("examples").glob("*.yaml"))

JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=8), below, max_size=3),
    max_leaves=12,
)
ZONES = ["a", "b", "c-1"]


def test_a_seven_line_file_has_every_default(shortest: str) -> None:
    spec = parse(shortest).spec
    assert spec.model.name == "demo"
    assert spec.engine == "auto"
    assert spec.traffic == Synthetic(
        rate=1.0,
        prompt_tokens=Mean(mean=512),
        output_tokens=Mean(mean=128),
        shared_prefix=0.0,
        shape=Constant(kind="constant"),
    )
    assert (spec.objectives.ttft.percentile, spec.objectives.ttft.within) == (95, 2)
    assert (spec.cluster.version, spec.cluster.minor) == ("1.30", 30)
    assert (spec.accelerators, spec.regions, spec.keys) == ((), (), ())
    assert (spec.replicas, spec.cache, spec.budget) == (None, None, None)


def test_short_forms_are_what_they_stand_for(shortest: str) -> None:
    spec = parse(
        shortest
        + "  replicas: 3\n"
        + "  traffic: {promptTokens: 100, outputTokens: {p50: 10, p95: 90}, sharedPrefix: 12.5%, shape: spikes}\n"
        + "  objectives: {ttft: 250ms, tpot: 0.05, availability: 99.9%, maxAccuracyLoss: 0.02}\n"
        + "  cache: {memory: 1Gi, ttl: 1h}\n"
        + "  regions: [eu, us]\n"
    ).spec
    assert spec.replicas == Replicas(min=3, max=3)
    assert isinstance(spec.traffic, Synthetic)
    assert spec.traffic.prompt_tokens == Mean(mean=100)
    assert spec.traffic.output_tokens == Percentiles(p50=10, p95=90)
    assert spec.traffic.shared_prefix == 0.125
    assert spec.traffic.shape == Spikes(kind="spikes", height=5.0, every=3600.0, lasting=60.0)
    assert spec.objectives.ttft.within == 0.25
    assert spec.objectives.tpot.within == 0.05
    assert spec.objectives.availability == 0.999
    assert spec.cache is not None
    assert (spec.cache.memory, spec.cache.ttl) == (1 << 30, 3600)
    assert [region.name for region in spec.regions] == ["eu", "us"]


def test_the_platform_has_defaults(shortest: str) -> None:
    spec = parse(shortest).spec
    assert (spec.nodes.topology, spec.nodes.gpu_operator, spec.nodes.time_slicing) == ("auto", False, 1)
    assert (spec.network.policy, spec.network.clients, spec.network.api_server) == ("auto", (), None)
    assert (spec.monitoring.prometheus, spec.monitoring.dashboards, spec.monitoring.interval) == (True, True, 15)
    assert (spec.scheduling.profile, spec.cluster.provision) == ("default", None)


@pytest.mark.parametrize(
    ("lines", "remedy"),
    [
        ("nodes: {timeSlicing: 2}", "gpuOperator"),
        ("network: {clients: [a, b, a]}", "keep one"),
        ("cluster: {provision: {infrastructure: aws, version: 1.12}}", "in quotes"),
        ("cluster: {provision: {infrastructure: aws, version: '1.6'}}", "1.7 or newer"),
        ("cluster: {provision: {infrastructure: {kind: generic}}}", "controlPlane"),
    ],
)
def test_a_mistake_of_the_platform_has_a_remedy(shortest: str, lines: str, remedy: str) -> None:
    with pytest.raises(SpecError, match=remedy):
        parse(f"{shortest}  {lines}\n")


def test_a_provider_alone_stands_for_its_mapping(shortest: str) -> None:
    provision = parse(f"{shortest}  cluster: {{provision: {{infrastructure: aws}}}}\n").spec.cluster.provision
    assert provision is not None
    assert (provision.infrastructure.kind, provision.release) == ("aws", 12)


def test_a_trace_replaces_the_figures(shortest: str) -> None:
    traffic = parse(shortest + "  traffic: {trace: {file: ./azure.csv, format: azure}}\n").spec.traffic
    assert isinstance(traffic, Recorded)
    assert (traffic.trace.file, traffic.trace.format, traffic.trace.speed) == ("./azure.csv", "azure", 1)


def test_a_service_cannot_be_changed(shortest: str) -> None:
    with pytest.raises(ValueError, match="frozen"):
        parse(shortest).spec.model.source = "other"  # type: ignore[misc]


def test_every_mistake_is_told_at_once_with_its_line() -> None:
    with pytest.raises(SpecError) as caught:
        parse(
            "apiVersion: beaufort.dev/v1\n"
            "kind: MistralService\n"
            "metadata: {name: Demo}\n"
            "spec:\n"
            "  modle: {source: demo}\n"
            "  replicas: {min: 3, max: 1}\n"
            "  cluster:\n"
            "    version: 1.30\n"
            "    zones: [a, b]\n"
            "  accelerators:\n"
            "    - product: H100\n"
            "      countPerNode: 0\n"
            "    - product: L4\n"
            "      zones: [a, c]\n"
            "  keys:\n",
            "s.yaml",
        )
    assert {problem.where for problem in caught.value.problems} == {
        "s.yaml:1 apiVersion",
        "s.yaml:3 metadata.name",
        "s.yaml:4 spec.model",
        "s.yaml:5 spec.modle",
        "s.yaml:6 spec.replicas.max",
        "s.yaml:8 spec.cluster.version",
        "s.yaml:12 spec.accelerators[0].countPerNode",
        "s.yaml:14 spec.accelerators[1].zones[1]",
        "s.yaml:15 spec.keys",
    }
    assert all(problem.what and problem.remedy for problem in caught.value.problems)
    assert caught.value.exit_code == 2
    assert isinstance(caught.value, UsageError)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_are_read_and_written_back(path: Path) -> None:
    service = parse(path.read_text("utf-8"), path.name)
    assert parse(json.dumps(dump(service))) == service


def test_there_are_examples() -> None:
    assert {path.stem for path in EXAMPLES} == {"demo", "mistral-7b", "nemo-12b-spot"}


@given(JUNK)
def test_junk_is_refused_and_nothing_else_happens(junk: object) -> None:
    with pytest.raises(SpecError):
        parse(yaml.safe_dump(junk))


@given(st.text(max_size=200) | st.text("{}[]:-,&*!|>'\"#%@`\n\t \\ux0af", max_size=60))
def test_any_text_is_refused_and_nothing_else_happens(text: str) -> None:
    with pytest.raises(SpecError):
        parse(text)


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_and_nothing_else_happens(data: bytes) -> None:
    with pytest.raises(SpecError):
        parse(data)


@settings(max_examples=300)
@given(st.data())
def test_a_broken_example_gives_sentences_for_people(data: st.DataObject) -> None:
    tree = yaml.safe_load(EXAMPLES[-1].read_text("utf-8"))
    for _ in range(data.draw(st.integers(1, 4))):
        _break(tree, data)
    try:
        service = parse(json.dumps(tree, ensure_ascii=False))
    except SpecError as error:
        for problem in error.problems:
            assert "Input should" not in problem.what
            assert "is not accepted" not in problem.what, "a kind of mistake without a sentence of its own"
            assert problem.what
            assert problem.where
            assert problem.remedy
    else:
        assert isinstance(service, MistralService)


def _break(tree: object, data: st.DataObject) -> None:
    """Put junk in place of some value of ``tree``, or remove it, or add a field."""
    node = tree
    while isinstance(node, (dict, list)) and node:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        key = data.draw(st.sampled_from(keys))
        below = node[key]
        if not isinstance(below, (dict, list)) or not below or data.draw(st.integers(0, 2)) == 0:
            action = data.draw(st.sampled_from(["replace", "remove", "add"]))
            if action == "remove":
                del node[key]
            elif action == "add" and isinstance(node, dict):
                node[data.draw(st.text(max_size=8) | st.sampled_from(["rate", "kind", "mean", "trace", "zones"]))] = 1
            else:
                node[key] = data.draw(JUNK)
            return
        node = below


@st.composite
def services(draw: st.DrawFn) -> dict[str, object]:
    tokens = st.integers(1, 2000) | st.fixed_dictionaries({"p50": st.integers(1, 9), "p95": st.integers(9, 99)})
    shape = st.sampled_from(["constant", "bursty"]) | st.fixed_dictionaries(
        {"kind": st.just("diurnal")}, optional={"peak": st.floats(1, 100), "period": st.sampled_from(["24h", 3600])}
    )
    share = st.floats(0, 1) | st.integers(0, 100).map("{}%".format)
    figures = st.fixed_dictionaries(
        {},
        optional={
            "rate": st.floats(1e-3, 1e6),
            "promptTokens": tokens,
            "outputTokens": tokens,
            "sharedPrefix": share,
            "shape": shape,
        },
    )
    trace = st.fixed_dictionaries({"file": st.just("./t"), "format": st.sampled_from(["azure", "mooncake"])})
    accelerator = st.fixed_dictionaries(
        {"product": st.sampled_from(["H100", "L4"])},
        optional={
            "countPerNode": st.integers(1, 8),
            "pricePerHour": st.floats(0, 100),
            "capacity": st.sampled_from(["spot", "on-demand"]),
            "zones": st.lists(st.sampled_from(ZONES), unique=True),
        },
    )
    sections: dict[str, st.SearchStrategy[object]] = {
        "replicas": st.integers(1, 9) | st.fixed_dictionaries({"min": st.integers(0, 3), "max": st.integers(3, 9)}),
        "traffic": figures | st.fixed_dictionaries({"trace": trace}),
        "objectives": st.fixed_dictionaries({}, optional={"ttft": st.sampled_from(["2s", 1, {"within": 0.5}])}),
        "accelerators": st.lists(accelerator, max_size=3),
        "cache": st.fixed_dictionaries({}, optional={"memory": st.sampled_from(["64Mi", 4096]), "ttl": st.just("1h")}),
        "budget": st.fixed_dictionaries({"perHour": st.floats(1e-3, 1e9)}),
    }
    return {
        "apiVersion": "beaufort.dev/v1alpha1",
        "kind": "MistralService",
        "metadata": {"name": draw(st.from_regex(r"[a-z][a-z0-9-]{0,20}[a-z0-9]", fullmatch=True))},
        "spec": {
            "model": {"source": draw(st.sampled_from(["demo", "./m.gguf", "hf://a/b@main/c.gguf"]))},
            "cluster": {"version": "1.31", "zones": ZONES},
            **draw(st.fixed_dictionaries({}, optional=sections)),
        },
    }


@given(services())
def test_what_is_written_is_read_as_an_equal_service(tree: dict[str, object]) -> None:
    service = parse(yaml.safe_dump(tree))
    assert parse(json.dumps(dump(service))) == service
    assert parse(yaml.safe_dump(dump(service))) == service


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("storage: {kind: class}", "no class is named"),
        ("storage: {kind: ebs, className: gp3}", "a class is named, but kind is ebs"),
        ("storage: {className: gp3}", "a class is named, but kind is auto"),
        ("gateway: {replicas: {min: 3, max: 2}}", "the most, 2, is below the fewest, 3"),
        ("gateway: {replicas: {min: 9}}", "the most, 6, is below the fewest, 9"),
        ("images: {engine: 'vllm/vllm-openai'}", "is not a pinned image"),
        ("images: {engine: 'vllm/vllm-openai:latest'}", "is another image tomorrow"),
    ],
)
def test_what_cannot_run_on_a_cluster_is_told(shortest: str, line: str, what: str) -> None:
    with pytest.raises(SpecError, match=what) as caught:
        parse(f"{shortest}  {line}\n")
    assert all(problem.remedy for problem in caught.value.problems)


def test_the_gateway_is_for_the_cluster_alone_unless_it_is_exposed(shortest: str) -> None:
    assert parse(shortest).spec.gateway.expose.kind == "none"
    exposed = parse(f"{shortest}  gateway: {{replicas: 3, expose: {{kind: ingress, host: a.b}}}}\n").spec.gateway
    assert (exposed.replicas.min, exposed.replicas.max, exposed.expose.kind) == (3, 3, "ingress")
