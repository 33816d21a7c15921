from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beaufort.catalog.accelerators import accelerator
from beaufort.catalog.models import model
from beaufort.perf.profile import StepBatch
from beaufort.perf.roofline import Roofline
from beaufort.simulate.config import ReplicaConfig
from beaufort.simulate.replica import Replica
from beaufort.simulate.request import Request, UnfitRequestError, hash_blocks
from beaufort.simulate.step import Admitted, Step

CONFIG = ReplicaConfig(num_blocks=100, max_model_len=1000)
SMALL = ReplicaConfig(num_blocks=8, max_model_len=200, block_size=4, max_num_seqs=4, max_num_batched_tokens=8)


@dataclass(frozen=True)
class Ticks:
    """A profile that takes a second a step and a millisecond a token."""

    source: str = "test"
    known_error: str = "none"

    def step_seconds(self, batch: StepBatch) -> float:
        return 1 + batch.tokens / 1000


def replica(config: ReplicaConfig = CONFIG) -> Replica:
    return Replica(config, Ticks())


def drain(engine: Replica, limit: int = 100_000) -> list[Step]:
    """Step until nothing is left to do."""
    steps: list[Step] = []
    while (step := engine.step()) is not None:
        steps.append(step)
        assert len(steps) < limit
    return steps


def emitted(steps: list[Step], request_id: int) -> int:
    return sum(step.emitted.count(request_id) for step in steps)


def test_an_idle_replica_has_no_step() -> None:
    assert replica().step() is None


def test_a_request_is_prefilled_then_decoded_then_gone() -> None:
    engine = replica()
    engine.submit(Request(7, prompt_tokens=20, output_tokens=3))
    first, second, third = drain(engine)
    assert first.admitted == (Admitted(7, cached_tokens=0),)
    assert first.batch == StepBatch(prefill_tokens=20, prefill_context=20, prefill_pairs=210, outputs=1)
    assert second.batch == StepBatch(decode_sequences=1, decode_context=21, outputs=1)
    assert third.batch == StepBatch(decode_sequences=1, decode_context=22, outputs=1)
    assert [step.emitted for step in (first, second, third)] == [(7,)] * 3
    assert [step.finished for step in (first, second, third)] == [(), (), (7,)]
    assert first.duration_seconds == pytest.approx(1.02)


def test_a_finished_sequence_runs_until_its_step_has_passed() -> None:
    engine = replica()
    engine.submit(Request(1, prompt_tokens=20, output_tokens=1))
    step = engine.step()
    assert step is not None
    assert step.finished == (1,)
    assert (engine.stats().running, engine.stats().held_blocks) == (1, 2)
    assert engine.step() is None
    assert (engine.stats().running, engine.stats().kv_usage) == (0, 0)


def test_a_long_prompt_is_computed_in_chunks_beside_decoding() -> None:
    engine = replica(replace(CONFIG, max_num_batched_tokens=256))
    engine.submit(Request(1, prompt_tokens=10, output_tokens=50))
    engine.step()
    engine.submit(Request(2, prompt_tokens=600, output_tokens=2))
    chunks = [engine.step() for _ in range(3)]
    assert [step and step.batch.prefill_tokens for step in chunks] == [255, 255, 90]
    assert [step and step.emitted for step in chunks] == [(1,), (1,), (1, 2)]


def test_a_step_takes_prompts_in_their_order_until_the_budget_is_spent() -> None:
    engine = replica(replace(CONFIG, max_num_batched_tokens=256))
    for number in range(4):
        engine.submit(Request(number, prompt_tokens=100, output_tokens=5))
    first = engine.step()
    assert first is not None
    assert [admitted.id for admitted in first.admitted] == [0, 1, 2]
    assert first.emitted == (0, 1)
    assert (engine.stats().running, engine.stats().waiting) == (3, 1)


def test_no_more_than_max_num_seqs_run() -> None:
    engine = replica(replace(CONFIG, max_num_seqs=2))
    for number in range(5):
        engine.submit(Request(number, prompt_tokens=5, output_tokens=4))
    engine.step()
    assert (engine.stats().running, engine.stats().waiting) == (2, 3)
    drain(engine)


def test_a_repeated_prompt_computes_only_its_last_block() -> None:
    engine = replica()
    hashes = hash_blocks(range(160))
    for number in (1, 2):
        engine.submit(Request(number, 160, 2, hashes))
        steps = drain(engine)
    assert steps[0].admitted == (Admitted(2, cached_tokens=144),)
    assert steps[0].batch.prefill_tokens == 16
    assert steps[0].batch.prefill_context == 160
    assert (engine.stats().prefix_queries, engine.stats().prefix_hits) == (320, 144)


def test_requests_of_one_step_share_their_prefix() -> None:
    engine = replica()
    hashes = hash_blocks(range(160))
    engine.submit(Request(1, 160, 2, hashes))
    engine.submit(Request(2, 160, 2, hashes))
    step = engine.step()
    assert step is not None
    assert step.batch.prefill_tokens == 176
    assert engine.stats().held_blocks == 11


def test_the_next_turn_of_a_conversation_finds_the_answer_too() -> None:
    engine = replica()
    history = tuple(range(200))
    engine.submit(Request(1, prompt_tokens=100, output_tokens=100, block_hashes=hash_blocks(history)))
    drain(engine)
    engine.submit(Request(2, prompt_tokens=220, output_tokens=1, block_hashes=hash_blocks((*history, *range(20)))))
    (step,) = drain(engine)
    assert step.admitted[0].cached_tokens == 192


def test_without_prefix_caching_nothing_is_found_or_counted() -> None:
    engine = replica(replace(CONFIG, prefix_caching=False))
    hashes = hash_blocks(range(160))
    for number in (1, 2):
        engine.submit(Request(number, 160, 2, hashes))
        steps = drain(engine)
    assert steps[0].batch.prefill_tokens == 160
    assert engine.stats().prefix_queries == engine.stats().prefix_hits == 0


def test_a_request_waits_until_all_of_its_prompt_fits() -> None:
    engine = replica(replace(CONFIG, max_num_batched_tokens=256))
    engine.submit(Request(1, prompt_tokens=900, output_tokens=10))
    engine.submit(Request(2, prompt_tokens=800, output_tokens=10))
    first = [step for step in drain(engine) if step.emitted == (1,)]
    assert len(first) == 10
    assert engine.stats().preemptions == 0


def test_when_blocks_run_out_the_youngest_gives_way_and_loses_nothing() -> None:
    engine = replica(SMALL)
    engine.submit(Request(1, prompt_tokens=4, output_tokens=24))
    engine.submit(Request(2, prompt_tokens=4, output_tokens=24))
    steps = drain(engine)
    assert {request for step in steps for request in step.preempted} == {2}
    assert [emitted(steps, number) for number in (1, 2)] == [24, 24]
    assert [step.finished for step in steps if step.finished] == [(1,), (2,)]
    assert engine.stats().preemptions == sum(len(step.preempted) for step in steps) > 0
    again = next(step for step in steps[1:] if step.admitted)
    assert again.batch.prefill_tokens > 4


def test_no_more_give_way_than_must_and_they_come_back_before_others() -> None:
    engine = replica(replace(SMALL, num_blocks=4, max_num_batched_tokens=16))
    for number in (1, 2, 3, 4):
        engine.submit(Request(number, prompt_tokens=4, output_tokens=4))
    steps = drain(engine)
    assert [admitted.id for admitted in steps[0].admitted] == [1, 2, 3, 4]
    assert steps[1].preempted == (4, 3)
    assert [admitted.id for step in steps[1:] for admitted in step.admitted] == [3, 4]


def test_the_preempted_come_back_before_those_that_never_ran() -> None:
    engine = replica(replace(SMALL, num_blocks=4, max_num_seqs=3, max_num_batched_tokens=16))
    for number in (1, 2, 3, 4):
        engine.submit(Request(number, prompt_tokens=4, output_tokens=4))
    steps = drain(engine)
    assert [step.preempted for step in steps if step.preempted] == [(3,)]
    assert [admitted.id for step in steps for admitted in step.admitted] == [1, 2, 3, 3, 4]


def test_a_preempted_prompt_starts_over() -> None:
    engine = replica(replace(SMALL, max_num_batched_tokens=4))
    engine.submit(Request(1, prompt_tokens=8, output_tokens=20))
    engine.submit(Request(2, prompt_tokens=20, output_tokens=2))
    steps = drain(engine)
    assert [emitted(steps, number) for number in (1, 2)] == [20, 2]
    assert (2,) in [step.preempted for step in steps]


@pytest.mark.parametrize("steps_before", [0, 1, 2])
def test_an_abort_frees_at_once(steps_before: int) -> None:
    engine = replica(replace(CONFIG, max_num_batched_tokens=256))
    engine.submit(Request(1, prompt_tokens=300, output_tokens=10))
    for _ in range(steps_before):
        engine.step()
    assert engine.abort(1)
    assert (engine.stats().running, engine.stats().waiting, engine.stats().kv_usage) == (0, 0, 0)
    assert engine.step() is None
    assert not engine.abort(1)


def test_a_finishing_request_can_be_aborted_and_its_identity_used_again() -> None:
    engine = replica()
    engine.submit(Request(1, prompt_tokens=20, output_tokens=1))
    engine.step()
    assert engine.abort(1)
    engine.submit(Request(1, prompt_tokens=20, output_tokens=2))
    assert emitted(drain(engine), 1) == 2


@pytest.mark.parametrize(
    ("prompt", "output", "reason"),
    [
        (990, 11, "990 prompt tokens and 11 to produce exceed the model's context of 1000 tokens"),
        (700, 200, "exceed the replica's KV memory of 800 tokens"),
    ],
)
def test_what_can_never_fit_is_refused_with_the_reason(prompt: int, output: int, reason: str) -> None:
    engine = replica(replace(CONFIG, num_blocks=50))
    with pytest.raises(UnfitRequestError, match=reason) as caught:
        engine.submit(Request(1, prompt, output))
    assert caught.value.problems[0].remedy
    assert engine.step() is None


def test_what_just_fits_runs() -> None:
    engine = replica(replace(CONFIG, num_blocks=50))
    engine.submit(Request(1, prompt_tokens=700, output_tokens=101))
    assert emitted(drain(engine), 1) == 101


def test_an_identity_is_used_once_at_a_time() -> None:
    engine = replica()
    engine.submit(Request(1, 5, 5))
    with pytest.raises(ValueError, match="request 1 is already here"):
        engine.submit(Request(1, 5, 5))


@dataclass(frozen=True)
class Scenario:
    """Requests by the step they arrive before, and aborts by the step they come after."""

    config: ReplicaConfig
    arrivals: tuple[tuple[int, Request], ...]
    aborts: tuple[tuple[int, int], ...]


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    """A crowded small replica: preemptions, chunks, shared prefixes and aborts all happen."""
    max_num_seqs = draw(st.integers(1, 6))
    config = ReplicaConfig(
        num_blocks=draw(st.integers(6, 20)),
        max_model_len=48,
        block_size=draw(st.sampled_from([1, 4, 8])),
        max_num_seqs=max_num_seqs,
        max_num_batched_tokens=draw(st.integers(max_num_seqs, 30)),
        prefix_caching=draw(st.booleans()),
    )
    room = min(config.max_model_len, config.num_blocks * config.block_size)
    arrivals = []
    for number in range(draw(st.integers(1, 12))):
        prompt = draw(st.integers(1, room - 1))
        output = draw(st.integers(1, min(room - prompt, 20)))
        family = draw(st.integers(0, 2))
        hashes = hash_blocks(range(family, family + prompt + output), config.block_size)
        arrivals.append((draw(st.integers(0, 20)), Request(number, prompt, output, hashes)))
    aborts = draw(st.lists(st.tuples(st.integers(0, 30), st.integers(0, len(arrivals) - 1)), max_size=4))
    return Scenario(config, tuple(arrivals), tuple(aborts))


def play(scenario: Scenario) -> tuple[list[Step], set[int], Replica]:
    """Run a scenario to its end, checking what must hold after every step."""
    engine, steps, aborted, idle = Replica(scenario.config, Ticks()), [], set[int](), 0
    for now in range(100_000):
        for arrival, request in scenario.arrivals:
            if arrival == now:
                engine.submit(request)
        step = engine.step()
        check_invariants(engine)
        idle = 0 if step else idle + 1
        if step:
            assert step.batch.tokens <= scenario.config.max_num_batched_tokens
            assert len(step.emitted) == len(set(step.emitted)) == step.batch.outputs
            assert set(step.finished) <= set(step.emitted)
            assert not (step.preempted and step.admitted)
            steps.append(step)
        aborted |= {number for after, number in scenario.aborts if after == now and engine.abort(number)}
        check_invariants(engine)
        if idle > 40:
            return steps, aborted, engine
    pytest.fail("the replica never came to rest")


def check_invariants(engine: Replica) -> None:
    pool, stats = engine._pool, engine.stats()
    running = [*engine._decoding, *([engine._prefilling] if engine._prefilling else [])]
    assert stats.running == len(running) <= engine.config.max_num_seqs
    assert stats.running + stats.waiting == len(engine._live)
    assert pool.free + pool.held == pool.size
    assert sum(pool._holders) == sum(len(sequence.blocks) for sequence in running)
    assert not any(sequence.blocks for sequence in engine._waiting)
    assert all(sequence.computed <= len(sequence.blocks) * engine.config.block_size for sequence in running)


@settings(deadline=None, max_examples=150)
@given(scenarios())
def test_every_request_gets_exactly_its_tokens(scenario: Scenario) -> None:
    steps, aborted, engine = play(scenario)
    for _, request in scenario.arrivals:
        count = emitted(steps, request.id)
        if request.id in aborted:
            assert count <= request.output_tokens
        else:
            assert count == request.output_tokens
            assert sum(step.finished.count(request.id) for step in steps) == 1
    assert engine.stats().kv_usage == 0
    assert (engine.stats().running, engine.stats().waiting) == (0, 0)


@settings(deadline=None, max_examples=50)
@given(scenarios())
def test_equal_calls_give_equal_answers(scenario: Scenario) -> None:
    first, second = play(scenario), play(scenario)
    assert first[0] == second[0]
    assert first[2].stats() == second[2].stats()


@settings(deadline=None, max_examples=50)
@given(scenarios())
def test_first_admissions_keep_the_order_of_arrival(scenario: Scenario) -> None:
    steps, _, _ = play(replace(scenario, aborts=()))
    admitted = [entry.id for step in steps for entry in step.admitted]
    order = [request.id for _, request in sorted(scenario.arrivals, key=lambda arrival: arrival[0])]
    assert list(dict.fromkeys(admitted)) == order


@settings(deadline=None, max_examples=50)
@given(st.integers(40, 45), st.integers(1, 200))
def test_a_longer_known_prefix_never_costs_more_time(blocks: int, more: int) -> None:
    profile = Roofline(model("mistral-7b-v0.3"), accelerator("L4"))
    durations = []
    for known in (0, blocks // 2, blocks):
        engine = Replica(CONFIG, profile)
        engine.submit(Request(1, blocks * 16, 1, hash_blocks(range(known * 16))))
        drain(engine)
        engine.submit(Request(2, blocks * 16 + more, 1, hash_blocks(range(blocks * 16))))
        durations.append(sum(step.duration_seconds for step in drain(engine)))
    assert durations == sorted(durations, reverse=True)
    assert durations[2] < durations[0]
