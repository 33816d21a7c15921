from __future__ import annotations

import pytest

from beaufort.errors import Problem
from beaufort.spec import SpecError, parse


def _problems(text: str) -> tuple[Problem, ...]:
    with pytest.raises(SpecError) as caught:
        parse(text, "f")
    return caught.value.problems


@pytest.mark.parametrize(
    ("line", "path", "what", "remedy"),
    [
        ("replica: 1", "spec.replica", "is not a field", "did you mean replicas?"),
        ("quantum: 1", "spec.quantum", "is not a field", "the fields here are model, engine, replicas"),
        ("engine: vlm", "spec.engine", "'vlm' is not known here", "did you mean vllm?"),
        ("engine: tpu", "spec.engine", "'tpu' is not known here", "write auto or openvino or emulated or vllm"),
        ("engine: 3", "spec.engine", "3 is not known here", "write auto"),
        ("replicas: 0", "spec.replicas", "0 is too small", "at least 1"),
        ("replicas: 2.5", "spec.replicas", "2.5 is not a whole number", "digits"),
        ("replicas: '2'", "spec.replicas", "'2' is not a whole number", "without quotes"),
        ("replicas: true", "spec.replicas", "true is not a whole number", "digits"),
        ("replicas: {min: 1}", "spec.replicas.max", "is missing", "The most"),
        ("replicas: {min: 2, max: 1}", "spec.replicas.max", "the most, 1, is below the fewest, 2", "swap"),
        ("replicas: [1]", "spec.replicas", "[1] is not a mapping", "min, max"),
        ("traffic: {rate: -1}", "spec.traffic.rate", "-1 is too small", "more than 0"),
        ("traffic: {rate: fast}", "spec.traffic.rate", "'fast' is not a number", "digits"),
        (
            "traffic: {rate: 1, trace: {file: t, format: azure}}",
            "spec.traffic.rate",
            "does not go together",
            "keep one",
        ),
        (
            "traffic: {trace: {file: t, format: csv}}",
            "spec.traffic.trace.format",
            "'csv' is not known",
            "azure or moon",
        ),
        ("traffic: {trace: t.csv}", "spec.traffic.trace", "'t.csv' is not a mapping", "file, format, speed"),
        ("traffic: {promptTokens: 0}", "spec.traffic.promptTokens", "0 is too small", "at least 1"),
        ("traffic: {promptTokens: {p50: 9, p95: 3}}", "spec.traffic.promptTokens.p95", "below the median", "swap"),
        ("traffic: {promptTokens: {p50: 9}}", "spec.traffic.promptTokens.p95", "is missing", "95th"),
        (
            "traffic: {promptTokens: {p50: 1, p95: 2, mean: 1}}",
            "spec.traffic.promptTokens.mean",
            "together with p50",
            "keep",
        ),
        ("traffic: {promptTokens: {}}", "spec.traffic.promptTokens.mean", "is missing", "The mean"),
        ("traffic: {sharedPrefix: 40}", "spec.traffic.sharedPrefix", "40 is not a share", "write 40%"),
        ("traffic: {sharedPrefix: 140%}", "spec.traffic.sharedPrefix", "1.4 is not a share", "percentage"),
        ("traffic: {sharedPrefix: some}", "spec.traffic.sharedPrefix", "'some' is not a percentage", "99.9%"),
        ("traffic: {shape: wavy}", "spec.traffic.shape", "'wavy' is not known here", "constant or diurnal"),
        ("traffic: {shape: {peak: 2}}", "spec.traffic.shape", "has no kind", "constant or diurnal"),
        ("traffic: {shape: {kind: constant, peak: 2}}", "spec.traffic.shape.peak", "is not a field", "kind"),
        ("traffic: {shape: {kind: diurnal, peek: 2}}", "spec.traffic.shape.peek", "is not a field", "peak?"),
        (
            "traffic: {shape: {kind: spikes, lasting: 2h}}",
            "spec.traffic.shape.lasting",
            "does not end before",
            "shorter",
        ),
        (
            "traffic: {promptTokens: {p50: 99, p95: 999}, contextLength: 1}",
            "spec.traffic.contextLength",
            "is not",
            "rate",
        ),
        ("objectives: {ttft: 2 sec}", "spec.objectives.ttft", "'2 sec' is not a duration", "250ms"),
        ("objectives: {ttft: {percentile: 100, within: 1}}", "spec.objectives.ttft.percentile", "too large", "99.999"),
        ("objectives: {availability: 99.9}", "spec.objectives.availability", "99.9 is not a share", "99.9%"),
        ("objectives: {availability: 100%}", "spec.objectives.availability", "1.0 is too large", "less than 1"),
        ("cluster: {version: 1.30}", "spec.cluster.version", "the number 1.3", "quotes, for example '1.30'"),
        ("cluster: {version: '1.3o'}", "spec.cluster.version", "'1.3o' is not a Kubernetes version", "'1.30'"),
        ("cluster: {version: '1.3'}", "spec.cluster.version", "Kubernetes 1.3 is too old", "1.30 or newer"),
        ("cluster: {version: v1.29.4}", "spec.cluster.version", "v1.29.4 is too old", "1.30 or newer"),
        ("cluster: {zones: a}", "spec.cluster.zones", "'a' is not a list", "dash"),
        ("cluster: {zones: [a, a]}", "spec.cluster.zones[1]", "zone 'a' is listed twice", "keep one"),
        ("cluster: {zones: [A_b]}", "spec.cluster.zones[0]", "'A_b' is not a Kubernetes name", "small letters"),
        ("accelerators: [{}]", "spec.accelerators[0].product", "is missing", "accelerator's name"),
        ("accelerators: [{product: <b>}]", "spec.accelerators[0].product", "not a product name", "catalog"),
        ("accelerators: [{product: L4, capacity: sopt}]", "spec.accelerators[0].capacity", "'sopt'", "spot?"),
        (
            "accelerators: [{product: L4, pricePerHour: 2 EUR}]",
            "spec.accelerators[0].pricePerHour",
            "a number",
            "digits",
        ),
        ("regions: [{name: a, share: 70%}, {name: b, share: 40%}]", "spec.regions", "add up to 1.1", "100%"),
        ("regions: [{name: a, share: 70%}, {name: b, share: 20%}]", "spec.regions", "add up to 0.9", "100%"),
        ("regions: [a, a]", "spec.regions[1]", "region 'a' is listed twice", "keep one"),
        ("cache: {memory: 1 GB}", "spec.cache.memory", "'1 GB' is not a quantity", "24Gi"),
        ("cache: {memory: 0}", "spec.cache.memory", "0 is too small", "more than 0"),
        ("keys: [{name: a}]", "spec.keys[0]", "names no place that holds the key", "secret, env"),
        ("keys: [{name: a, env: A-B}]", "spec.keys[0].env", "not the name of an environment variable", "underscores"),
        ("keys: [{name: a, env: A}, {name: a, env: B}]", "spec.keys[1]", "key 'a' is listed twice", "keep one"),
        ("budget: {}", "spec.budget", "sets no limit", "perHour"),
        ("budget: 40", "spec.budget", "40 is not a mapping", "perHour, perMonth"),
    ],
)
def test_a_mistake_is_told_where_it_is_and_what_to_do(
    shortest: str, line: str, path: str, what: str, remedy: str
) -> None:
    (problem,) = _problems(f"{shortest}  {line}\n")
    assert problem.where == f"f:8 {path}"
    assert what in problem.what
    assert remedy in problem.remedy


@pytest.mark.parametrize(
    ("model", "path", "what", "remedy"),
    [
        ("{name: x}", "spec.model.source", "is missing", "hf://owner/repo"),
        ("{source: mistralai/Mistral-7B}", "spec.model.source", "is not a source of a model", "hf://owner/repo"),
        ("{source: s3://bucket/model}", "spec.model.source", "is not a source of a model", "begins with ./ or /"),
        ("{source: hf://a/b/../../c}", "spec.model.source", "is not a source of a model", "hf://"),
        ("{source: 3}", "spec.model.source", "3 is not text", "quotes"),
        ("{}", "spec.model.source", "is missing", "hf://owner/repo"),
        (
            "{source: demo, quantisation: gptq}",
            "spec.model.quantisation",
            "'gptq' has another name here",
            "write w4a16",
        ),
        ("{source: demo, quantization: fp8}", "spec.model.quantization", "is not a field", "quantisation?"),
        ("{source: demo, context_length: 4096}", "spec.model.context_length", "is not a field", "contextLength?"),
        ("{source: demo, contextLength: 4k}", "spec.model.contextLength", "'4k' is not a whole number", "digits"),
        ("{source: demo, name: ''}", "spec.model.name", "'' is not a model name", "letters"),
        ("{source: demo, contextLength: 100}", "spec.traffic", "", ""),
    ],
)
def test_a_mistake_in_the_model(model: str, path: str, what: str, remedy: str) -> None:
    text = "apiVersion: beaufort.dev/v1alpha1\nkind: MistralService\nmetadata: {name: a}\nspec:\n"
    if path == "spec.traffic":
        text += "  traffic: {promptTokens: 90, outputTokens: 20}\n"
        what, remedy = "110 tokens, more than contextLength, 100", "spec.model.contextLength"
    (problem,) = _problems(f"{text}  model: {model}\n")
    assert problem.where.endswith(f" {path}")
    assert what in problem.what
    assert remedy in problem.remedy


@pytest.mark.parametrize("text", ["[]", "3", "text", "- a\n- b\n"])
def test_a_file_that_is_no_mapping(text: str) -> None:
    (problem,) = _problems(text)
    assert problem.where == "f:1"
    assert "is not a mapping" in problem.what
    assert "apiVersion, kind, metadata, spec" in problem.remedy


def test_a_value_that_could_not_be_read_is_told_once(shortest: str) -> None:
    (problem,) = _problems(f"{shortest}  engine: no\n")
    assert problem.where == "f:8 spec.engine"
    (problem,) = _problems(f"{shortest}  cluster: {{zones: [a, no]}}\n  accelerators: [{{product: L4, zones: [b]}}]\n")
    assert problem.where == "f:8 spec.cluster.zones[1]"


def test_a_wrong_zone_is_told_when_all_else_is_right_and_when_not(shortest: str) -> None:
    text = f"{shortest}  accelerators: [{{product: L4, zones: [b]}}]\n  cluster: {{zones: [a]}}\n"
    (problem,) = _problems(text)
    assert problem == Problem(
        "the cluster has no zone 'b'",
        "f:8 spec.accelerators[0].zones[0]",
        "use one of a, or add it to spec.cluster.zones",
    )
    assert problem in _problems(text.replace("demo\n", "nowhere\n"))


def test_hostile_keys_and_long_values_are_shown_in_one_short_line(shortest: str) -> None:
    problems = _problems(f'{shortest}  "a\\nb": 1\n  engine: {"x" * 1000}\n  "{"k" * 500}": 1\n')
    assert all("\n" not in str(problem) and len(str(problem)) < 400 for problem in problems)
