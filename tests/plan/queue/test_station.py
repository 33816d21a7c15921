from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.plan.profiles import DEMAND, Linear, fixed

from beaufort.catalog.accelerators import accelerator
from beaufort.catalog.models import model
from beaufort.catalog.precision import Precision
from beaufort.perf.roofline import Roofline
from beaufort.plan.queue.state import State
from beaufort.plan.queue.station import Station
from beaufort.plan.queue.work import work
from beaufort.traffic.course import Steady
from beaufort.traffic.demand import Demand
from beaufort.traffic.lengths import Lengths, lognormal

PROFILE = Roofline(model("mistral-7b-v0.3"), accelerator("L40S"), Precision.FP8)
USUAL = Demand(1.0, Steady(), 1.0, lognormal(600, 0.8), lognormal(150, 0.8))


def station(demand: Demand = USUAL, places: int = 128, kv_tokens: int = 200_000) -> Station:
    return Station(work(PROFILE, demand, places, 8192), demand, kv_tokens, places)


def settled(at: Station, load: float, dispersion: float = 1.0) -> State:
    state = at.at(load * at.most(), dispersion)
    assert state is not None
    return state


def test_a_balance_obeys_littles_law() -> None:
    # Steps of 1 + n / 100 s, prompts of 0.6 s, 100 tokens after the first: by hand, at a rate of 0.005 a second,
    # rho = 0.003, T = (1 + n / 100) / 0.997, n = 0.005 (100 T + rho (base + D + rho T) / (1 - rho)), so n = 1.0077.
    linear = Station(work(Linear(), DEMAND, 64, 8192), DEMAND, 10**6, 64)
    state = linear.at(0.005, 1.0)
    assert state is not None
    n = 0.5
    for _ in range(100):
        base = 1 + n / 100
        n = 0.005 * (100 * base / 0.997 + 0.003 * (base + 0.6 + 0.003 * base / 0.997) / 0.997)
    assert state.busy == pytest.approx(0.003, rel=0.01)
    assert state.running == pytest.approx(n, rel=0.25)  # a batch of one is more often none or two


def test_a_request_alone_waits_for_nobody() -> None:
    alone = Station(work(Linear(), DEMAND, 64, 8192), DEMAND, 10**6, 64).at(1e-6, 1.0)
    assert alone is not None
    assert alone.ttft(99) == pytest.approx(1.01 + 0.6 + 1.01 * 5 / 6, rel=0.01)  # its own step, and most of another
    assert alone.tpot(50) == pytest.approx(1.01, rel=0.01)


def test_more_traffic_is_never_faster() -> None:
    at = station()
    states = [settled(at, load) for load in (0.05, 0.2, 0.4, 0.6, 0.75)]
    for percentile in (50, 95, 99):
        assert [state.ttft(percentile) for state in states] == sorted(state.ttft(percentile) for state in states)
        assert [state.tpot(percentile) for state in states] == sorted(state.tpot(percentile) for state in states)


def test_bursts_make_it_slower() -> None:
    at = station()
    smooth, bursty = settled(at, 0.4), settled(at, 0.4, dispersion=9.0)
    assert bursty.ttft(95) > 1.5 * smooth.ttft(95)
    assert bursty.tpot(95) > smooth.tpot(95)


def test_a_shared_prefix_shortens_the_prompt_as_long_as_the_cache_holds_it() -> None:
    shared = replace(USUAL, shared=0.8)
    rate = 0.3 * station().most()
    plain, large, small = (
        each.at(rate, 1.0) for each in (station(), station(shared), station(shared, kv_tokens=60_000))
    )
    assert plain is not None
    assert large is not None
    assert small is not None
    assert plain.hits == 0 < small.hits < large.hits < 1
    assert plain.ttft(95) > small.ttft(95) > large.ttft(95)


def test_there_is_no_steady_state_beyond_the_most() -> None:
    at = station()
    assert at.at(1.01 * at.most(), 1.0) is None
    assert at.at(0.99 * at.most(), 1.0) is not None


def test_answers_of_one_token_have_no_time_per_token() -> None:
    at = station(replace(USUAL, output=fixed(1.0)))
    state = settled(at, 0.3)
    assert state.running < 1
    assert state.tpot_share(1e-9) == 1
    assert state.ttft(95) > 0


def test_a_full_batch_makes_requests_late() -> None:
    crowded = settled(station(places=8), 0.95)
    assert crowded.crowded > 0.1
    assert crowded.ttft_share(1000) == pytest.approx(1 - crowded.crowded)
    assert crowded.ttft(99) == float("inf")


@settings(max_examples=40, deadline=None)
@given(
    st.floats(1, 30_000),
    st.floats(0, 1.5),
    st.floats(1, 5000),
    st.floats(0.01, 0.79),
    st.floats(1, 1000),
    st.integers(1, 512),
    st.floats(0, 1),
)
def test_every_state_is_finite_and_in_order(
    prompt: float, sigma: float, output: float, load: float, dispersion: float, places: int, shared: float
) -> None:
    demand = Demand(1.0, Steady(), dispersion, lognormal(prompt, sigma), lognormal(output, sigma), shared)
    at = station(demand, places)
    state = at.at(load * at.most(), dispersion)
    if state is None:  # requests that take hardly any time of their own wait for steps all the same
        return
    assert 0 <= state.running <= places
    assert 0 <= state.busy < 1
    assert 0 <= state.crowded <= 1
    for within in (state.ttft, state.tpot):
        assert within(50) <= 1.002 * within(95) <= 1.005 * within(99)


def test_percentiles_and_shares_are_each_others_inverse() -> None:
    state = settled(station(), 0.5)
    assert state.ttft_share(state.ttft(95)) == pytest.approx(0.95, abs=0.002)
    assert state.tpot_share(state.tpot(99)) == pytest.approx(0.99, abs=0.002)


def test_lengths_that_are_all_alike_are_fine() -> None:
    alike = replace(USUAL, prompt=Lengths(((1.0, 512.0),)), output=Lengths(((1.0, 128.0),)))
    assert settled(station(alike), 0.5).ttft(95) > 0
