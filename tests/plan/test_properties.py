"""What must hold of every plan, whatever the service."""

from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from pydantic import JsonValue
from tests.plan.reasoned import assert_every_number_has_a_reason
from tests.plan.services import NEMO, SPECS, changed, of_spec, planned, service

from beaufort.plan.plan import Plan
from beaufort.plan.refusal import PlanError
from beaufort.plan.remedy.change import changed as with_changes
from beaufort.plan.remedy.knob import Changes
from beaufort.spec import MistralService

USUAL = settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)
CENT = 0.011  # equal costs are told apart by other merits

RATES = st.floats(0.05, 50)
MORE = st.floats(1.01, 5)
TWO_CAPACITIES = (
    "[{product: H100, pricePerHour: 4.2, maxNodes: 3}, "
    "{product: H100, pricePerHour: 1.7, maxNodes: 40, capacity: spot}]"
)
TWO_CHIPS = (
    "[{product: L4, pricePerHour: 0.8, countPerNode: 4, maxNodes: 50}, "
    "{product: A100-80GB, pricePerHour: 3, maxNodes: 20}]"
)
NODES = st.sampled_from(["[{product: L40S, pricePerHour: 1.9, maxNodes: 60}]", TWO_CAPACITIES, TWO_CHIPS])
SHAPES = st.sampled_from(["constant", "diurnal", "{kind: bursty, variation: 2}", "spikes"])


def plan_or_none(wanted: MistralService) -> Plan | None:
    try:
        return planned(wanted)
    except PlanError:
        return None


def usual(rate: float, nodes: str, shape: str, *lines: str) -> MistralService:
    return service(
        f"traffic: {{rate: {rate}, shape: {shape}}}", "cluster: {zones: [a, b, c]}", f"accelerators: {nodes}", *lines
    )


def replicas(plan: Plan) -> int:
    return sum(region.replicas.needed for region in plan.regions)


@USUAL
@given(RATES, MORE, NODES, SHAPES)
def test_more_traffic_never_costs_less_nor_needs_fewer_of_the_same(
    rate: float, more: float, nodes: str, shape: str
) -> None:
    quiet, busy = plan_or_none(usual(rate, nodes, shape)), plan_or_none(usual(rate * more, nodes, shape))
    if busy is None:
        return
    assert quiet is not None
    assert quiet.cost.per_hour <= busy.cost.per_hour + CENT
    if (quiet.shape, quiet.model.quantisation) == (busy.shape, busy.model.quantisation):
        assert replicas(quiet) <= replicas(busy)


@USUAL
@given(RATES, NODES, SHAPES, st.floats(1, 60), MORE)
def test_a_larger_budget_is_never_worse(rate: float, nodes: str, shape: str, budget: float, more: float) -> None:
    small = plan_or_none(usual(rate, nodes, shape, f"budget: {{perHour: {budget}}}"))
    assume(small is not None)
    large = plan_or_none(usual(rate, nodes, shape, f"budget: {{perHour: {budget * more}}}"))
    assert small is not None
    assert large is not None
    assert large.cost.per_hour <= small.cost.per_hour + CENT
    assert small.cost.per_hour_at_peak <= budget


@USUAL
@given(RATES, NODES, SHAPES, st.floats(0.3, 3), st.floats(0.02, 0.2), MORE, MORE)
def test_looser_latencies_never_cost_more(
    rate: float, nodes: str, shape: str, ttft: float, tpot: float, more: float, longer: float
) -> None:
    tight = plan_or_none(usual(rate, nodes, shape, f"objectives: {{ttft: {ttft}, tpot: {tpot}}}"))
    assume(tight is not None)
    loose = plan_or_none(usual(rate, nodes, shape, f"objectives: {{ttft: {ttft * more}, tpot: {tpot * longer}}}"))
    assert tight is not None
    assert loose is not None
    assert loose.cost.per_hour <= tight.cost.per_hour + CENT


@USUAL
@given(RATES, NODES, SHAPES, st.floats(0.9, 0.99989), st.floats(0, 0.0099), st.floats(0, 0.05))
def test_weaker_promises_never_cost_more(
    rate: float, nodes: str, shape: str, availability: float, less: float, loss: float
) -> None:
    strict = plan_or_none(
        usual(rate, nodes, shape, f"objectives: {{availability: {availability}, maxAccuracyLoss: {loss}}}")
    )
    assume(strict is not None)
    weak = plan_or_none(
        usual(
            rate, nodes, shape, f"objectives: {{availability: {availability - less}, maxAccuracyLoss: {loss + 0.01}}}"
        )
    )
    assert strict is not None
    assert weak is not None
    assert weak.cost.per_hour <= strict.cost.per_hour + CENT


@USUAL
@given(RATES, NODES, SHAPES, st.floats(0.2, 1))
def test_a_lower_price_never_costs_more(rate: float, nodes: str, shape: str, share: float) -> None:
    wanted = usual(rate, nodes, shape)
    before = plan_or_none(wanted)
    assume(before is not None)
    cheaper: list[JsonValue] = [
        each.model_dump(mode="json", by_alias=True) | {"pricePerHour": (each.price_per_hour or 0.0) * share}
        for each in wanted.spec.accelerators
    ]
    after = plan_or_none(changed(wanted, ["accelerators"], cheaper))
    assert before is not None
    assert after is not None
    assert after.cost.per_hour <= before.cost.per_hour + CENT


@USUAL
@given(RATES, SHAPES, st.integers(0, 20), st.integers(1, 20), st.floats(0.3, 5), st.floats(0.5, 0.99989))
def test_more_spot_nodes_never_cost_more(
    rate: float, shape: str, spot: int, more: int, price: float, availability: float
) -> None:
    def allowing(nodes: int) -> MistralService:
        kept = "{product: H100, pricePerHour: 4.2, maxNodes: 40}"
        may_vanish = f"{{product: H100, pricePerHour: {price}, maxNodes: {nodes}, capacity: spot}}"
        listed = f"[{kept}, {may_vanish}]" if nodes else f"[{kept}]"
        return usual(rate, listed, shape, f"objectives: {{availability: {availability}}}")

    fewer = plan_or_none(allowing(spot))
    assume(fewer is not None)
    plan = plan_or_none(allowing(spot + more))
    assert fewer is not None
    assert plan is not None
    assert plan.cost.per_hour <= fewer.cost.per_hour + CENT


@example(
    {
        "model": {"source": NEMO},
        "cluster": {"zones": ["a", "b", "c"]},
        "traffic": {
            "shape": {"kind": "bursty", "variation": 75.6},
            "outputTokens": {"mean": 1.1},
            "rate": 131.06,
            "promptTokens": {"p50": 75.6, "p95": 75.6},
        },
        "regions": [{"name": "eu", "share": 0.6}, {"name": "us"}],
    }
)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(SPECS)
def test_any_service_is_planned_whole_or_refused_with_remedies_that_are_true(spec: JsonValue) -> None:
    wanted = of_spec(spec)
    remedies: tuple[Changes, ...] = ()
    try:
        plan = planned(wanted)
    except PlanError as error:
        remedies = error.remedies
    else:
        assert planned(wanted).model_dump_json(by_alias=True) == plan.model_dump_json(by_alias=True)
        assert Plan.model_validate_json(plan.model_dump_json(by_alias=True)) == plan
        assert_every_number_has_a_reason(plan)
        assert_consistent(plan)
    for changes in remedies:
        planned(with_changes(wanted, changes))


def assert_consistent(plan: Plan) -> None:
    memory, engine = plan.memory, plan.engine
    assert memory.weights + memory.working + memory.kv_cache + memory.unused == memory.total
    assert engine.kv_tokens >= plan.model.max_model_len
    assert engine.max_num_seqs <= engine.max_num_batched_tokens
    wanted, expected = plan.service.spec.objectives, plan.expectation
    assert expected.ttft_seconds <= wanted.ttft.within
    assert expected.tpot_seconds <= wanted.tpot.within
    assert 0 <= expected.utilisation <= 1 + 1e-6
    for region in plan.regions:
        count = region.replicas
        assert sum(pool.replicas for pool in region.pools) == count.planned
        assert count.min <= count.planned <= count.max or region.rate == 0
        assert all(pool.replicas <= pool.max_replicas and pool.nodes <= pool.max_nodes for pool in region.pools)
    names = [pool.name for region in plan.regions for pool in region.pools]
    assert len(set(names)) == len(names)
    assert plan.cost.per_hour <= plan.cost.per_hour_at_peak * (1 + 1e-9)
    chosen, *others = plan.candidates
    assert chosen.verdict == "chosen"
    assert all(other.verdict != "chosen" for other in others)
    assert len(plan.candidates) <= 30
