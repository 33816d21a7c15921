from dataclasses import dataclass, replace

import pytest
from tests.plan.profiles import DEMAND, Linear, fixed

from beaufort.perf.profile import StepBatch
from beaufort.plan.queue.work import context_variance, mean_context, work
from beaufort.traffic.lengths import Lengths


@dataclass(frozen=True)
class Overlapped(Linear):
    """One that waits for memory as long as for half a second of prompts."""

    def step_seconds(self, batch: StepBatch) -> float:
        return max(1.0, 0.5 + batch.tokens / 1000)


def test_a_prompt_costs_what_it_adds_to_a_step() -> None:
    costs = work(Linear(), DEMAND, 16, 8192)
    assert [level.running for level in costs.levels] == [1, 4, 16]
    assert [level.base for level in costs.levels] == pytest.approx([1.01, 1.04, 1.16])
    (prompt,) = costs.levels[2].fresh
    assert prompt.delta == pytest.approx(0.6)
    assert prompt.steps == 1
    assert prompt.fill == pytest.approx(600 / (8192 - 16))


def test_what_a_step_has_left_over_costs_nothing() -> None:
    (prompt,) = work(Overlapped(), DEMAND, 16, 8192).levels[0].fresh
    assert prompt.delta == pytest.approx(0.101)  # 601 tokens take 1.101 s, of which 1 would pass anyway


def test_a_long_prompt_is_cut_and_what_is_cached_is_not_computed() -> None:
    costs = work(Linear(), replace(DEMAND, shared=0.5), 16, 216)
    (fresh,), (cached,) = costs.levels[2].fresh, costs.levels[2].cached
    assert (fresh.steps, cached.steps) == (3, 2)
    assert (fresh.delta, cached.delta) == pytest.approx((0.6, 0.312))  # 288 of 600 are cached: whole blocks only
    assert costs.levels[2].cached_delta == pytest.approx(0.312)


def test_all_of_a_prompt_shared_still_computes_its_last_token() -> None:
    ((cached,),) = (work(Linear(), replace(DEMAND, prompt=fixed(64.0), shared=1.0), 16, 216).levels[0].cached,)
    assert cached.delta == pytest.approx(0.016)


def test_decoding_attends_to_the_prompt_and_half_of_the_answer() -> None:
    assert mean_context(DEMAND) == pytest.approx(600 + 50.5)
    assert context_variance(DEMAND) == pytest.approx(101**2 / 12, rel=0.01)
    two = replace(DEMAND, output=Lengths(((0.5, 10.0), (0.5, 30.0))))
    assert mean_context(two) == pytest.approx(600 + (100 + 900) / 2 / (2 * 20))  # long answers are seen more often


def test_between_levels_it_is_interpolated_and_beyond_them_held() -> None:
    costs = work(Linear(), DEMAND, 16, 8192)
    low, high, far = costs.around(10)
    assert (low.running, high.running, far) == (4, 16, 0.5)
    assert costs.around(0)[2] == 0
    assert costs.around(99)[2] == 1


def test_what_is_free_for_one_prompt_is_not_for_many() -> None:
    short = replace(DEMAND, prompt=fixed(10.0))
    level = work(Overlapped(), short, 16, 8192).levels[0]
    assert level.fresh_delta == 0  # half a second of tokens is free
    assert level.delta(0.0, 100) == pytest.approx(0)
    assert level.delta(0.0, 8000) == pytest.approx(10 * (0.5 + 8.001 - 1) / 8000, rel=0.05)
