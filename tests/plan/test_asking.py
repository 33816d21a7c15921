import pytest
from tests.plan.services import held_by, planned, service

from beaufort.catalog.models import model as architecture
from beaufort.catalog.precision import Precision
from beaufort.catalog.repositories import KnownRepository
from beaufort.plan.asking import ask, is_embedded
from beaufort.plan.refusal import PlanError
from beaufort.plan.setup import roofline
from beaufort.spec import MistralService
from beaufort.spec.traffic import Synthetic
from beaufort.traffic.demand import synthetic

GGUF = KnownRepository(architecture("mistral-7b-v0.3"), None)
FP8 = KnownRepository(architecture("mistral-7b-v0.3"), Precision.FP8)


def asked(wanted: MistralService, model: KnownRepository | None = None) -> tuple[Precision, ...]:
    assert isinstance(wanted.spec.traffic, Synthetic)
    return ask(wanted, model or held_by(wanted), synthetic(wanted.spec.traffic), roofline).precisions


def test_a_bf16_checkpoint_may_become_anything_and_others_stay_what_they_are() -> None:
    assert asked(service()) == tuple(Precision)
    assert asked(service(model=", quantisation: int8")) == (Precision.INT8,)
    assert asked(service(), FP8) == (Precision.FP8,)
    assert asked(service(model=", quantisation: fp8"), FP8) == (Precision.FP8,)


@pytest.mark.parametrize(
    ("wanted", "model", "what"),
    [
        (service(model=", quantisation: bf16"), FP8, "the checkpoint holds fp8 weights, not bf16"),
        (service("engine: vllm"), GGUF, "GGUF files are for the embedded engine"),
        (service(model=", quantisation: gguf"), None, "GGUF files are for the embedded engine"),
        (service("engine: openvino", model=", quantisation: gguf"), None, "the model is not a GGUF file"),
        (service("engine: openvino", model=", quantisation: fp8"), None, "the embedded engine has no fp8"),
        (service("engine: vllm", "accelerators: [{product: cpu, pricePerHour: 1}]"), None, "vllm is not planned on"),
        (
            service("parallelism: {tensor: 3}"),
            None,
            "32 heads and 8 KV heads of mistral-7b-v0.3 cannot be divided among",
        ),
        (service("parallelism: {pipeline: 33}"), None, "the 32 layers of mistral-7b-v0.3 cannot be cut into 33 stages"),
        (service("engine: openvino", "parallelism: {tensor: 2}"), None, "the embedded engine is not cut"),
        (service(model=", contextLength: 40000"), None, "was made for 32768 tokens, contextLength is 40000"),
        (service("traffic: {promptTokens: {p50: 40000, p95: 50000}}"), None, "half of the requests have"),
    ],
)
def test_what_no_plan_can_be_made_of_is_refused_with_a_remedy(
    wanted: MistralService, model: KnownRepository | None, what: str
) -> None:
    with pytest.raises(PlanError, match=what) as caught:
        asked(wanted, model)
    assert caught.value.problems[0].where.startswith("spec.")
    assert caught.value.problems[0].remedy


def test_auto_is_the_embedded_engine_where_nothing_else_serves() -> None:
    assert is_embedded(service(source="demo").spec, GGUF)
    assert is_embedded(service().spec, GGUF)
    assert is_embedded(service("accelerators: [{product: cpu}]").spec, FP8)
    assert not is_embedded(service().spec, FP8)
    assert not is_embedded(service("engine: emulated").spec, FP8)
    assert is_embedded(service("engine: openvino").spec, FP8)


def test_an_emulated_service_is_planned_as_a_real_one() -> None:
    nodes = "accelerators: [{product: L4, pricePerHour: 0.8}]"
    real, emulated = planned(service("engine: vllm", nodes)), planned(service("engine: emulated", nodes))
    assert real.regions == emulated.regions
    assert real.engine == emulated.engine


def test_the_embedded_engine_runs_on_the_files_processors_at_their_price() -> None:
    nodes = "accelerators: [{product: cpu, pricePerHour: 0.1}]"
    made = planned(service("traffic: {rate: 0.5}", "objectives: {ttft: 5s}", nodes, source="demo"))
    assert made.shape.accelerator == "cpu"
    assert made.cost.per_hour == pytest.approx(0.1)
