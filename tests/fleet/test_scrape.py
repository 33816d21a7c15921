import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from beaufort.fleet.scrape import RATE_SECONDS, TTFT_SECONDS, Load, Sample, keep, load, read, totals

_LABELS = {"model_name": 'odd} "name" {x=1} 7', "engine": "0"}


def metrics(running: float, kv: float, tokens: int, firsts: list[float]) -> str:
    """Return what the reference client library prints for these figures."""
    registry = CollectorRegistry()
    Gauge("vllm:num_requests_running", "Help {with} 1 brace", _LABELS, registry=registry).labels(**_LABELS).set(running)
    Gauge("vllm:num_requests_waiting", "h", _LABELS, registry=registry).labels(**_LABELS).set(2)
    Gauge("vllm:kv_cache_usage_perc", "h", _LABELS, registry=registry).labels(**_LABELS).set(kv)
    Counter("vllm:generation_tokens", "h", _LABELS, registry=registry).labels(**_LABELS).inc(tokens)
    histogram = Histogram("vllm:time_to_first_token_seconds", "h", _LABELS, registry=registry)
    for seconds in firsts:
        histogram.labels(**_LABELS).observe(seconds)
    return generate_latest(registry).decode()


@given(
    st.integers(0, 100),
    st.floats(0, 1),
    st.integers(0, 10**6),
    st.lists(st.floats(0.001, 100), min_size=1, max_size=5),
)
def test_the_reference_client_library_is_understood(running: int, kv: float, tokens: int, firsts: list[float]) -> None:
    sample = read(metrics(running, kv, tokens, firsts), 5.0)
    assert replace(sample, ttft_seconds=None) == Sample(
        5.0, running=running, waiting=2, kv=kv, tokens=tokens, ttft_count=len(firsts)
    )
    assert sample.ttft_seconds == pytest.approx(sum(firsts))


def test_an_engine_that_tells_nothing_or_nonsense_has_no_figures() -> None:
    assert read("", 1.0) == Sample(1.0)
    assert read(metrics(math.nan, math.inf, 3, []), 1.0).running is None
    assert read(metrics(math.nan, math.inf, 3, []), 1.0).kv is None


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    read(text, 0.0)


def test_labels_are_summed_up() -> None:
    assert totals('a{x="1"} 2\na{x="2"} 3\nb 4 1700000000\n# c 9\n') == {"a": 5.0, "b": 4.0}


def test_rates_are_differences() -> None:
    samples: tuple[Sample, ...] = ()
    for second in range(21):
        at = float(second)
        samples = keep(samples, Sample(at, 1, 0, 0.5, tokens=100 * at, ttft_seconds=0.2 * at, ttft_count=at))
    seen = load(samples)
    assert replace(seen, ttft=None) == Load(1, 0, 0.5, tokens_per_second=100.0)
    assert seen.ttft == pytest.approx(0.2)


def test_one_sample_shows_no_rate() -> None:
    assert load((Sample(1.0, 3, 0, 0.1, 500, 1.0, 2),)) == Load(3, 0, 0.1, None, None)
    assert load(()) == Load()


def test_without_a_first_token_there_is_no_time_to_it() -> None:
    still = [Sample(at, 0, 0, 0.0, 7, 1.0, 2) for at in (0.0, 1.0)]
    assert load(still) == Load(0, 0, 0.0, 0.0, None)


def test_totals_that_go_back_are_another_process() -> None:
    before = keep((), Sample(0.0, tokens=900))
    assert keep(before, Sample(1.0, tokens=5)) == (Sample(1.0, tokens=5),)


@given(st.lists(st.tuples(st.floats(0.01, 90), st.integers(0, 1000)), min_size=1, max_size=100))
def test_no_figure_is_ever_negative_and_old_samples_go(steps: list[tuple[float, int]]) -> None:
    samples: tuple[Sample, ...] = ()
    at = total = 0.0
    for passed, tokens in steps:
        at, total = at + passed, total + tokens
        samples = keep(samples, Sample(at, tokens=total, ttft_seconds=total, ttft_count=total))
        seen = load(samples)
        assert samples[-1].at - samples[0].at <= TTFT_SECONDS
        assert seen.tokens_per_second is None or seen.tokens_per_second >= 0
        assert seen.ttft is None or seen.ttft == pytest.approx(1.0)
    assert RATE_SECONDS < TTFT_SECONDS
