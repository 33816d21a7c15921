from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from beaufort.spec import SpecError, dump, parse, schema
from beaufort.spec.fields import Node, description, forms_at, meaning, names
from beaufort.spec.reference import reference

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted(ROOT.joinpath("examples").glob("*.yaml"))


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    Draft202012Validator.check_schema(schema())
    return Draft202012Validator(schema())


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_schema_accepts_the_examples(validator: Draft202012Validator, path: Path) -> None:
    text = path.read_text("utf-8")
    validator.validate(yaml.safe_load(text))
    validator.validate(json.loads(json.dumps(dump(parse(text)))))


@pytest.mark.parametrize(
    "line",
    [
        "replica: 1",
        "engine: vlm",
        "replicas: 0",
        "replicas: 2.5",
        "replicas: '2'",
        "replicas: {min: 1}",
        "traffic: {rate: 0}",
        "traffic: {rate: 1, trace: {file: t, format: azure}}",
        "traffic: {promptTokens: {p50: 1, p95: 2, mean: 1}}",
        "traffic: {sharedPrefix: 40}",
        "traffic: {sharedPrefix: some}",
        "traffic: {shape: wavy}",
        "traffic: {shape: {kind: constant, peak: 2}}",
        "objectives: {ttft: 2 sec}",
        "objectives: {ttft: -1}",
        "objectives: {availability: 99.9}",
        "objectives: {availability: 1}",
        "cluster: {version: 1.30}",
        "cluster: {version: '1.29'}",
        "cluster: {version: '1.3o'}",
        "cluster: {zones: a}",
        "cluster: {zones: [A_b]}",
        "accelerators: [{}]",
        "accelerators: [{product: L4, capacity: sopt}]",
        "cache: {memory: 1 GB}",
        "keys: [{name: a}]",
        "keys: [{name: a, env: A-B}]",
        "budget: {}",
        "engine: null",
        "nodes: {topology: numa}",
        "nodes: {numaNodes: 0}",
        "nodes: {reserved: {cpus: 0.5}}",
        "nodes: {reclaimNotice: soon}",
        "network: {policy: calico}",
        "network: {apiServer: {host: 'https://api'}}",
        "network: {apiServer: {host: api, port: 0}}",
        "scheduling: {profile: bin-pack}",
        "monitoring: {runbooks: wiki}",
        "cluster: {provision: {}}",
        "cluster: {provision: {infrastructure: gcp}}",
        "cluster: {provision: {infrastructure: generic}}",
        "cluster: {provision: {infrastructure: aws, version: 1.12}}",
        "cluster: {provision: {infrastructure: aws, version: '1.6'}}",
        "cluster: {provision: {infrastructure: aws, controlPlaneMachines: 2}}",
        "cluster: {featureGates: [volumeAttributesClass]}",
        "images: {engine: 'vllm/vllm-openai'}",
        "images: {engine: 'vllm/vllm-openai@sha256:12'}",
        "storage: {kind: nfs}",
        "storage: {path: models}",
        "storage: {throughput: 10}",
        "scheduling: {gates: 'yes'}",
        "scaling: {metrics: hpa}",
        "scaling: {prometheus: prometheus}",
        "gateway: {mode: pod}",
        "gateway: {replicas: 0}",
        "gateway: {expose: ingress}",
        "gateway: {expose: {kind: ingress}}",
        "gateway: {expose: {kind: ingress, host: a}}",
        "gateway: {expose: {kind: gateway-api, host: a.b}}",
    ],
)
def test_the_schema_refuses_what_the_parser_refuses(validator: Draft202012Validator, shortest: str, line: str) -> None:
    text = f"{shortest}  {line}\n"
    with pytest.raises(SpecError):
        parse(text)
    assert not validator.is_valid(yaml.safe_load(text))
    assert validator.is_valid(yaml.safe_load(shortest))


@pytest.mark.parametrize(
    "line",
    [
        "replicas: {max: 3}",
        "traffic: {sharedPrefix: 40%, promptTokens: 3}",
        "traffic: {shape: diurnal}",
        "traffic: {shape: {kind: spikes, every: 1h, lasting: 30}}",
        "objectives: {ttft: 250ms, tpot: {percentile: 99.9, within: 0.05}, availability: 99.95%}",
        "cluster: {version: v1.32.1-gke.1002001}",
        "cache: {}",
        "cache: {memory: 1.5Gi, ttl: 90}",
        "regions: [a, {name: b}]",
        "keys: [{name: a, secret: b}]",
        "nodes: {topology: restricted, reserved: {cpus: 4, memory: 8Gi}, reclaimNotice: 2m, shutdownBy: priority}",
        "nodes: {gpuOperator: true, timeSlicing: 4}",
        "network: {policy: cilium, clients: [web], apiServer: {host: 10.0.0.1}}",
        "scheduling: {profile: pack}",
        "monitoring: {prometheus: false, labels: {release: prometheus}, interval: 30s}",
        "cluster: {provision: {infrastructure: aws}}",
        "cluster: {provision: {infrastructure: {kind: aws, instanceTypes: {L4: g6.xlarge}}, version: '1.13'}}",
        "cluster: {provision: {infrastructure: {kind: generic, cluster: &A, controlPlane: &A, machines: &A}}}".replace(
            "&A", "{kind: A, name: a}"
        ),
        "engine: tgi",
        "cluster: {featureGates: [VolumeAttributesClass]}",
        f"images: {{engine: 'a.b:5000/c/d:v1@sha256:{64 * 'a'}', gateway: 'x@sha256:{64 * '0'}', pullSecret: s}}",
        "storage: {kind: class, className: efs, shared: true, size: 40Gi}",
        "storage: {kind: ebs, iops: 6000, throughput: 500}",
        "scheduling: {gates: true, zones: required}",
        "scaling: {metrics: keda, prometheus: 'https://prometheus.example.com:9090/x', gpuUtilisation: false}",
        "gateway: {mode: daemonset}",
        "gateway: {replicas: 3, expose: none}",
        "gateway: {expose: {kind: ingress, host: '*.a.b', className: nginx, tlsSecret: t}}",
        "gateway: {expose: {kind: gateway-api, host: a.b, gateway: g, gatewayNamespace: edge, listener: https}}",
    ],
)
def test_the_schema_accepts_what_the_parser_accepts(validator: Draft202012Validator, shortest: str, line: str) -> None:
    text = f"{shortest}  {line}\n"
    validator.validate(yaml.safe_load(text))
    validator.validate(json.loads(json.dumps(dump(parse(text)))))


def _fields(node: Node, name: str = "") -> Iterator[tuple[str, Node]]:
    for part_name, part in {"file": node, **node["$defs"]}.items():
        for field_name, field in part.get("properties", {}).items():
            yield f"{part_name}.{field_name}{name}", field


def test_every_field_is_described() -> None:
    undescribed = [name for name, field in _fields(schema()) if len(meaning(field)) < 5]
    assert undescribed == []


def test_the_schema_has_no_null() -> None:
    assert '"null"' not in json.dumps(schema())
    assert "null" not in json.dumps([field.get("default", 0) for _, field in _fields(schema())])


def test_fields_are_found_through_unions_lists_and_short_forms() -> None:
    assert names(forms_at(("spec", "traffic", "recorded"))) == ("trace",)
    assert names(forms_at(("spec", "traffic", "synthetic", "shape", "bursty"))) == ("kind", "variation")
    assert "countPerNode" in names(forms_at(("spec", "accelerators", 3)))
    assert names(forms_at(("spec", "nowhere"))) == ()
    assert description(("spec", "objectives", "ttft", "within")).startswith("The latency")


def test_the_published_schema_is_up_to_date() -> None:
    published = json.loads(ROOT.joinpath("docs/reference/service-file.schema.json").read_text("utf-8"))
    assert published == schema(), "run: beaufort schema > docs/reference/service-file.schema.json"


def test_the_reference_page_is_up_to_date() -> None:
    page = ROOT.joinpath("docs/reference/service-file.md").read_text("utf-8")
    assert page == reference(), "run: beaufort schema -o markdown > docs/reference/service-file.md"


def test_the_reference_page_names_every_field() -> None:
    page = reference()
    assert [name for name, _ in _fields(schema()) if f"| `{name.rpartition('.')[2]}` |" not in page] == []
