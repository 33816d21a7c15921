from __future__ import annotations

import math

import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from beaufort.engines.generation import EngineStats
from beaufort.engines.metrics import EngineMetrics, RequestMetrics

_STATS = EngineStats(running=3, waiting=2, kv_usage=0.5, kv_blocks=100, kv_block_tokens=16)
_TOLD = EngineStats(1, 0, 0, 100, 16, prefix_queries=30, prefix_hits=20, preemptions=4)


def _families(metrics: EngineMetrics) -> dict[str, Metric]:
    return {family.name: family for family in text_string_to_metric_families(metrics.exposition().decode())}


def _value(metrics: EngineMetrics, name: str, **labels: str) -> float:
    (value,) = [
        sample.value
        for family in _families(metrics).values()
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    ]
    return value


class Clock:
    """A clock that stands until it is set."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_names_and_kinds_are_vllms() -> None:
    families = _families(EngineMetrics("m", lambda: _TOLD))
    assert {name: family.type for name, family in families.items() if not name.endswith("_created")} == {
        "vllm:num_requests_running": "gauge",
        "vllm:num_requests_waiting": "gauge",
        "vllm:kv_cache_usage_perc": "gauge",
        "vllm:cache_config_info": "gauge",
        "vllm:prompt_tokens": "counter",
        "vllm:generation_tokens": "counter",
        "vllm:prefix_cache_queries": "counter",
        "vllm:prefix_cache_hits": "counter",
        "vllm:num_preemptions": "counter",
        "vllm:request_success": "counter",
        "vllm:time_to_first_token_seconds": "histogram",
        "vllm:inter_token_latency_seconds": "histogram",
        "vllm:e2e_request_latency_seconds": "histogram",
        "vllm:request_prompt_tokens": "histogram",
        "vllm:request_generation_tokens": "histogram",
    }


def test_every_sample_has_the_model_and_the_engine() -> None:
    samples = [
        sample for family in _families(EngineMetrics("größe", lambda: _TOLD)).values() for sample in family.samples
    ]
    assert {(sample.labels["model_name"], sample.labels["engine"]) for sample in samples} == {("größe", "0")}


def test_the_state_is_that_of_the_moment() -> None:
    stats = [_STATS]
    metrics = EngineMetrics("m", lambda: stats[-1])
    assert _value(metrics, "vllm:num_requests_running") == 3
    assert _value(metrics, "vllm:num_requests_waiting") == 2
    assert _value(metrics, "vllm:kv_cache_usage_perc") == 0.5
    assert _value(metrics, "vllm:cache_config_info", block_size="16", num_gpu_blocks="100") == 1
    stats.append(EngineStats(math.nan, 0, 0, 1, 1))
    assert math.isnan(_value(metrics, "vllm:num_requests_running"))


def test_what_the_engine_cannot_tell_is_left_out() -> None:
    untold = {"vllm:prefix_cache_queries", "vllm:prefix_cache_hits", "vllm:num_preemptions"}
    assert not untold & _families(EngineMetrics("m", lambda: _STATS)).keys()
    told = EngineMetrics("m", lambda: _TOLD)
    assert [_value(told, f"{name}_total") for name in sorted(untold)] == [4, 20, 30]


def test_making_metrics_does_not_ask_the_engine() -> None:
    def asked() -> EngineStats:
        raise AssertionError

    EngineMetrics("m", asked)


@pytest.mark.parametrize("reason", ["stop", "length", "abort", "error"])
def test_every_reason_is_there_from_the_start_and_counts(reason: str) -> None:
    metrics = EngineMetrics("m", lambda: _STATS)
    assert _value(metrics, "vllm:request_success_total", finished_reason=reason) == 0
    metrics.ended(reason)
    assert _value(metrics, "vllm:request_success_total", finished_reason=reason) == 1


def test_two_engines_in_one_process_count_apart() -> None:
    one, other = EngineMetrics("m", lambda: _STATS), EngineMetrics("m", lambda: _STATS)
    one.ended("stop")
    assert _value(other, "vllm:request_success_total", finished_reason="stop") == 0


def test_a_request_is_timed_from_its_beginning() -> None:
    metrics, clock = EngineMetrics("m", lambda: _STATS), Clock()
    clock.now = 5.0
    request = RequestMetrics(metrics, clock, 7)
    assert _value(metrics, "vllm:prompt_tokens_total") == 0
    request.accepted()
    request.generated(0, 0, 5.1)  # a step without a token is no first token
    request.generated(0, 1, 5.25)
    request.generated(1, 1, 5.5)
    request.generated(0, 2, 6.25)
    clock.now = 7.0
    request.finished()
    assert _value(metrics, "vllm:prompt_tokens_total") == 7
    assert _value(metrics, "vllm:generation_tokens_total") == 4
    assert _value(metrics, "vllm:time_to_first_token_seconds_sum") == 0.25
    assert _value(metrics, "vllm:time_to_first_token_seconds_count") == 1
    assert _value(metrics, "vllm:inter_token_latency_seconds_count") == 2
    assert _value(metrics, "vllm:inter_token_latency_seconds_sum") == 1.0
    assert _value(metrics, "vllm:inter_token_latency_seconds_bucket", le="0.5") == 2
    assert _value(metrics, "vllm:inter_token_latency_seconds_bucket", le="0.4") == 0
    assert _value(metrics, "vllm:e2e_request_latency_seconds_sum") == 2.0
    assert _value(metrics, "vllm:request_prompt_tokens_sum") == 7
    assert _value(metrics, "vllm:request_generation_tokens_sum") == 4
