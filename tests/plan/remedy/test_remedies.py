import re

import pytest
from tests.plan.services import NEMO, SMALL, planned, service

from beaufort.plan.refusal import PlanError
from beaufort.plan.remedy.change import changed
from beaufort.spec import MistralService

L4 = "accelerators: [{product: L4, pricePerHour: 0.8, maxNodes: 4%s}]"
H100 = "accelerators: [{product: H100, pricePerHour: 4, maxNodes: 1}]"


def refusal(wanted: MistralService) -> PlanError:
    with pytest.raises(PlanError) as caught:
        planned(wanted)
    return caught.value


def told(wanted: MistralService) -> list[str]:
    """Return the remedies of a service that cannot be planned, after trying each of them."""
    error = refusal(wanted)
    for changes in error.remedies:
        planned(changed(wanted, changes))
    return [" and ".join(map(str, changes)) for changes in error.remedies]


def test_a_12b_in_bf16_on_single_l4s_says_what_it_lacks_and_what_would_do() -> None:
    wanted = service(L4 % "", "traffic: {rate: 0.2}", source=NEMO, model=", quantisation: bf16")
    why = [problem.what for problem in refusal(wanted).problems]
    assert "bf16 on 1 x L4: 22.8 GiB of weights" in why[2]
    assert "20.2 GiB that an engine may use of its 22.5 GiB" in why[2]
    assert {
        "raise spec.accelerators[0].countPerNode to 2",
        "set spec.model.quantisation to fp8",
    } <= set(told(wanted))


def test_a_cut_that_no_node_holds_is_told_with_one_that_does() -> None:
    remedies = told(
        service("accelerators: [{product: L40S, countPerNode: 2, maxNodes: 4}]", "parallelism: {tensor: 8}")
    )
    assert "set spec.parallelism.tensor to 1" in remedies
    assert "raise spec.accelerators[0].countPerNode to 8" in remedies


def test_a_cut_is_planned_as_it_is_written() -> None:
    made = planned(service("accelerators: [{product: L40S, countPerNode: 4}]", "parallelism: {tensor: 4}"))
    assert (made.shape.tensor_parallel, made.shape.pipeline_parallel) == (4, 1)
    made = planned(service("accelerators: [{product: L40S, maxNodes: 4}]", "parallelism: {tensor: 1, pipeline: 2}"))
    assert (made.shape.pipeline_parallel, made.shape.nodes) == (2, 2)


def test_a_budget_that_is_too_small_is_raised_to_what_it_takes() -> None:
    assert told(service("budget: {perHour: 0.01}", "traffic: {rate: 10}", H100)) == ["raise spec.budget.perHour to 4"]
    assert told(service("budget: {perHour: 3, perMonth: 10}", H100)) == [
        "raise spec.budget.perHour to 4 and raise spec.budget.perMonth to 2920"
    ]


def test_a_latency_that_no_accelerator_reaches_is_told_as_what_is_possible() -> None:
    wanted = service("traffic: {promptTokens: 8000}", "objectives: {ttft: 20ms}", H100)
    (problem,) = [problem for problem in refusal(wanted).problems if "first token" in problem.what]
    assert "even without a queue, 20 ms are allowed" in problem.what
    assert re.fullmatch(r"raise spec\.objectives\.ttft\.within to [0-9]+ms", told(wanted)[0])


def test_a_slow_accelerator_is_told_a_faster_one() -> None:
    lines = ("traffic: {promptTokens: 8000}", "objectives: {ttft: 1s}")
    remedies = told(service(*lines, L4 % ""))
    assert any(remedy.startswith("raise spec.objectives.ttft.within to ") for remedy in remedies)
    assert "add {product: H100, countPerNode: 1, maxNodes: 1} to spec.accelerators" in remedies


def test_too_few_nodes_and_too_few_replicas_are_told_as_how_many_it_takes() -> None:
    assert "raise spec.accelerators[0].maxNodes to" in told(service("traffic: {rate: 60}", L4 % ""))[0]
    lines = ("traffic: {rate: 60}", "replicas: {min: 1, max: 2}", L4.replace("maxNodes: 4", "maxNodes: 40") % "")
    assert told(service(*lines))[0].startswith("raise spec.replicas.max to ")


def test_a_context_that_no_memory_holds_is_told_as_what_it_holds() -> None:
    wanted = service(H100.replace("H100", "L4"), "traffic: {rate: 0.1}", source=NEMO, model=", contextLength: 131072")
    assert any(remedy.startswith("lower spec.model.contextLength to ") for remedy in told(wanted))


def test_a_promise_that_one_zone_cannot_keep_is_lowered() -> None:
    assert told(service("objectives: {availability: 99.999%}", H100)) == ["lower spec.objectives.availability to 0.999"]
    spot = service(L4 % ", capacity: spot")
    assert "lower spec.objectives.availability to 0.9" in told(spot)


def test_a_context_beyond_the_models_comes_with_what_else_it_takes() -> None:
    wanted = service("budget: {perHour: 0.01}", H100, model=", contextLength: 40000")
    assert told(wanted) == ["lower spec.model.contextLength to 32768 and raise spec.budget.perHour to 4"]


def test_several_bounds_are_changed_together_when_none_alone_is_enough() -> None:
    wanted = service(
        "replicas: {min: 1, max: 2}",
        "traffic: {rate: 100, promptTokens: 8000}",
        "objectives: {ttft: 100ms, tpot: 5ms}",
        "budget: {perHour: 1}",
        "accelerators: [{product: L4, pricePerHour: 0.8, maxNodes: 2}]",
        source=NEMO,
        model=", contextLength: 65536",
    )
    (together,) = told(wanted)
    for path in ("objectives.ttft.within", "objectives.tpot.within", "replicas.max", "budget.perHour"):
        assert path in together


def test_more_than_all_the_nodes_of_the_world_take_is_told_as_what_they_take() -> None:
    (remedy,) = told(service("traffic: {rate: 900000, promptTokens: 8000}", source=NEMO))
    assert remedy.startswith("lower spec.traffic.rate to ")


def test_what_is_too_large_for_this_machine_is_served_by_accelerators() -> None:
    assert "set spec.engine to vllm" in told(service("engine: openvino", source=NEMO, model=", quantisation: bf16"))


def test_a_remedy_that_is_not_enough_is_told_with_what_is_in_the_way_after_it() -> None:
    lines = ("engine: vllm", "objectives: {ttft: 1ms}", "traffic: {rate: 900000, promptTokens: 8000}")
    error = refusal(service(*lines, source="demo"))
    assert error.problems[0].remedy
    assert error.remedies or len(error.problems) > 1


def test_what_nothing_can_serve_still_says_why() -> None:
    error = refusal(
        service("objectives: {ttft: 1ms}", "traffic: {promptTokens: 9000}", "engine: openvino", source=SMALL)
    )
    assert len(error.problems) >= 2
    assert all(problem.what for problem in error.problems)
    assert error.problems[0].remedy


def test_the_error_is_a_failure_and_not_a_wrong_use() -> None:
    assert refusal(service("budget: {perHour: 0.01}", H100)).exit_code == 1


def test_a_price_of_next_to_nothing_is_a_price() -> None:
    nodes = "accelerators: [{product: L4, pricePerHour: 0.7}, {product: L4, pricePerHour: 2.2e-313}]"
    wanted = service(
        nodes, "traffic: {promptTokens: 6600, outputTokens: 6600}", "budget: {perHour: 400000, perMonth: 1}"
    )
    assert told(wanted)
