"""Services that the planner's tests ask for, by the lines of their ``spec``; and any service at all."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from hypothesis import strategies as st
from pydantic import JsonValue

from beaufort.catalog.accelerators import ACCELERATORS
from beaufort.catalog.models import model as architecture
from beaufort.catalog.repositories import KnownRepository, known_repository
from beaufort.plan.asking import ask
from beaufort.plan.plan import Plan
from beaufort.plan.planner import plan
from beaufort.plan.question import Question
from beaufort.plan.setup import roofline
from beaufort.spec import MistralService, parse
from beaufort.spec.traffic import Synthetic
from beaufort.traffic.demand import synthetic

EXAMPLES = Path(__file__).parents[2] / "examples"
MISTRAL = "hf://mistralai/Mistral-7B-Instruct-v0.3"
NEMO = "hf://mistralai/Mistral-Nemo-Instruct-2407"
SMALL = "hf://mistralai/Mistral-Small-24B-Instruct-2501"

_HEAD = "apiVersion: beaufort.dev/v1alpha1\nkind: MistralService\nmetadata: {name: a}\nspec:\n"


def service(*lines: str, source: str = MISTRAL, model: str = "") -> MistralService:
    """Return a service by the lines of its ``spec``; ``model`` are more fields of the model."""
    return parse(_HEAD + "".join(f"  {line}\n" for line in (f"model: {{source: '{source}'{model}}}", *lines)))


def example(name: str) -> MistralService:
    """Return a service of the folder with examples."""
    return parse((EXAMPLES / name).read_text())


def planned(asked: MistralService) -> Plan:
    """Return the plan of a service whose traffic is described by figures."""
    assert isinstance(asked.spec.traffic, Synthetic)
    return plan(asked, held_by(asked), synthetic(asked.spec.traffic))


def asked(wanted: MistralService) -> Question:
    """Return the question that such a service asks."""
    assert isinstance(wanted.spec.traffic, Synthetic)
    return ask(wanted, held_by(wanted), synthetic(wanted.spec.traffic), roofline)


def held_by(asked: MistralService) -> KnownRepository:
    """Return what the source of a service holds."""
    return known_repository(asked.spec.model.source) or KnownRepository(architecture("smollm2-135m"), None)


def changed(asked: MistralService, path: Sequence[str], value: JsonValue) -> MistralService:
    """Return a service with another value at ``path`` of its ``spec``."""
    tree = asked.model_dump(mode="json", by_alias=True, exclude_none=True)
    node = tree["spec"]
    for name in path[:-1]:
        node = node.setdefault(name, {})
    node[path[-1]] = value
    return MistralService.model_validate_json(json.dumps(tree))


_LENGTHS = st.one_of(
    st.floats(1, 20_000).map(lambda mean: {"mean": mean}),
    st.tuples(st.floats(1, 8000), st.floats(1, 8)).map(lambda p: {"p50": p[0], "p95": p[0] * p[1]}),
)
_SHAPES = st.one_of(
    st.just({"kind": "constant"}),
    st.builds(
        lambda peak, period: {"kind": "diurnal", "peak": peak, "period": period},
        st.floats(1, 100),
        st.floats(60, 86400 * 7),
    ),
    st.floats(1, 100).map(lambda variation: {"kind": "bursty", "variation": variation}),
    st.builds(
        lambda height, every, share: {"kind": "spikes", "height": height, "every": every, "lasting": every * share},
        st.floats(1.01, 1000),
        st.floats(1, 86400),
        st.floats(0.001, 0.99),
    ),
)
_TRAFFIC = st.fixed_dictionaries(
    {
        "rate": st.floats(-4, 6).map(lambda power: 10**power),
        "promptTokens": _LENGTHS,
        "outputTokens": _LENGTHS,
        "shape": _SHAPES,
    },
    optional={"sharedPrefix": st.floats(0, 1)},
)
_LATENCY = st.builds(
    lambda percentile, within: {"percentile": percentile, "within": within}, st.floats(1, 99.999), st.floats(1e-3, 100)
)
_OBJECTIVES = st.fixed_dictionaries(
    {},
    optional={
        "ttft": _LATENCY,
        "tpot": _LATENCY,
        "availability": st.floats(0.01, 0.999999),
        "maxAccuracyLoss": st.floats(0, 1),
    },
)
_ZONES = ("a", "b", "c")
_ACCELERATOR = st.fixed_dictionaries(
    {"product": st.sampled_from([name for name in ACCELERATORS if name != "cpu"]), "pricePerHour": st.floats(0, 100)},
    optional={
        "countPerNode": st.integers(1, 64),
        "maxNodes": st.integers(1, 10_000),
        "capacity": st.sampled_from(["on-demand", "spot"]),
        "zones": st.lists(st.sampled_from(_ZONES), min_size=1, max_size=3, unique=True),
    },
)
_REPLICAS = st.tuples(st.integers(0, 50), st.integers(1, 200)).map(
    lambda bounds: {"min": min(bounds), "max": max(*bounds, 1)}
)
_PARALLELISM = st.fixed_dictionaries({}, optional={"tensor": st.integers(1, 9), "pipeline": st.integers(1, 3)})
_BUDGET = st.fixed_dictionaries({"perHour": st.floats(0.01, 1e6)}, optional={"perMonth": st.floats(0.01, 1e9)})
_MODEL = st.fixed_dictionaries(
    {"source": st.sampled_from([MISTRAL, NEMO, SMALL, "demo"])},
    optional={
        "quantisation": st.sampled_from(["auto", "bf16", "fp8", "int8", "w4a16", "nf4", "gguf"]),
        "contextLength": st.integers(30_000, 200_000),
    },
)
SPECS = st.fixed_dictionaries(
    {"model": _MODEL, "traffic": _TRAFFIC, "cluster": st.just({"zones": list(_ZONES)})},
    optional={
        "engine": st.sampled_from(["auto", "vllm", "emulated", "openvino"]),
        "objectives": _OBJECTIVES,
        "accelerators": st.lists(_ACCELERATOR, min_size=1, max_size=4),
        "replicas": _REPLICAS,
        "parallelism": _PARALLELISM,
        "budget": _BUDGET,
        "regions": st.just([{"name": "eu", "share": 0.6}, {"name": "us"}]),
    },
)
"""The ``spec`` of any service that can be planned, or be refused with a reason."""


def of_spec(spec: JsonValue) -> MistralService:
    """Return the service of a ``spec`` in JSON's terms."""
    tree = {"apiVersion": "beaufort.dev/v1alpha1", "kind": "MistralService", "metadata": {"name": "a"}, "spec": spec}
    return MistralService.model_validate_json(json.dumps(tree))
