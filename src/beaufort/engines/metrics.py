"""An engine's metrics under vLLM's names and labels, so that dashboards and autoscalers made for vLLM fit.

Names, meanings and buckets: https://docs.vllm.ai/en/stable/usage/metrics/. A metric that the engine cannot tell is
left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from beaufort.engines.generation import Clock, EngineStats

_LABELS = ("model_name", "engine")
_FIRST_TOKEN = (
    *(0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75),
    *(1.0, 2.5, 5.0, 7.5, 10.0, 20.0, 40.0, 80.0, 160.0, 640.0, 2560.0),
)
_INTER_TOKEN = (
    *(0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75),
    *(1.0, 2.5, 5.0, 7.5, 10.0, 20.0, 40.0, 80.0),
)
_REQUEST = (
    *(0.3, 0.5, 0.8, 1.0, 1.5, 2.0, 2.5, 5.0, 10.0, 15.0, 20.0, 30.0, 40.0, 50.0, 60.0),
    *(120.0, 240.0, 480.0, 960.0, 1920.0, 7680.0),
)
_TOKENS = (*(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000),)

CONTENT_TYPE = b"text/plain; version=0.0.4; charset=utf-8"


class EngineMetrics:
    """The metrics of one engine serving one model.

    Args:
        model: The value of the label ``model_name``.
        stats: Reads the engine's state when the metrics are asked for.
    """

    def __init__(self, model: str, stats: Callable[[], EngineStats]) -> None:
        self._registry = CollectorRegistry()
        self._labels = (model, "0")
        self.prompt_tokens = self._counter("vllm:prompt_tokens", "Prompt tokens processed.")
        self.generation_tokens = self._counter("vllm:generation_tokens", "Tokens generated.")
        self.first_token = self._histogram("vllm:time_to_first_token_seconds", "Time to first token.", _FIRST_TOKEN)
        self.inter_token = self._histogram(
            "vllm:inter_token_latency_seconds", "Time between two tokens of a sequence.", _INTER_TOKEN
        )
        self.request_seconds = self._histogram("vllm:e2e_request_latency_seconds", "Whole requests.", _REQUEST)
        self.request_prompt = self._histogram("vllm:request_prompt_tokens", "Prompt tokens a request.", _TOKENS)
        self.request_generation = self._histogram(
            "vllm:request_generation_tokens", "Generated tokens a request.", _TOKENS
        )
        self._success = Counter(
            "vllm:request_success",
            "Requests by the reason for which they ended.",
            (*_LABELS, "finished_reason"),
            registry=self._registry,
        )
        self._ended = {
            reason: self._success.labels(*self._labels, reason) for reason in ("stop", "length", "abort", "error")
        }
        self._registry.register(_State(self._labels, stats))

    def _counter(self, name: str, text: str) -> Counter:
        return Counter(name, text, _LABELS, registry=self._registry).labels(*self._labels)

    def _histogram(self, name: str, text: str, buckets: tuple[float, ...]) -> Histogram:
        return Histogram(name, text, _LABELS, buckets=buckets, registry=self._registry).labels(*self._labels)

    def ended(self, reason: str) -> None:
        """Count a sequence that ended for ``reason``: stop, length, abort or error."""
        self._ended[reason].inc()

    def exposition(self) -> bytes:
        """Return the metrics in Prometheus' text format."""
        return generate_latest(self._registry)


class RequestMetrics:
    """One request's times and tokens on their way into the engine's metrics.

    Args:
        metrics: The engine's.
        clock: Seconds, monotonic.
        prompt_tokens: Of all prompts together.
    """

    def __init__(self, metrics: EngineMetrics, clock: Clock, prompt_tokens: int) -> None:
        self._metrics = metrics
        self._clock = clock
        self._prompt_tokens = prompt_tokens
        self._tokens = 0
        self._began = clock()
        self._last: dict[int, float] = {}

    def accepted(self) -> None:
        """Count the prompts: the engine has taken the request on."""
        self._metrics.prompt_tokens.inc(self._prompt_tokens)

    def generated(self, choice: int, tokens: int, now: float) -> None:
        """Count tokens of one choice, which came together at ``now``."""
        if not tokens:
            return
        last = self._last.get(choice)
        if last is not None:
            for _ in range(tokens):
                self._metrics.inter_token.observe((now - last) / tokens)
        elif not self._last:
            self._metrics.first_token.observe(now - self._began)
        self._last[choice] = now
        self._tokens += tokens
        self._metrics.generation_tokens.inc(tokens)

    def finished(self) -> None:
        """Observe the whole request: every choice has come to its end."""
        self._metrics.request_seconds.observe(self._clock() - self._began)
        self._metrics.request_prompt.observe(self._prompt_tokens)
        self._metrics.request_generation.observe(self._tokens)


class _State(Collector):
    """The gauges, read when they are asked for."""

    def __init__(self, labels: tuple[str, ...], stats: Callable[[], EngineStats]) -> None:
        self._labels = labels
        self._stats = stats

    def describe(self) -> Iterable[Metric]:
        """Name nothing in advance, so that registering does not read the engine."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """Read the engine."""
        stats = self._stats()
        yield self._gauge("vllm:num_requests_running", "Sequences in the present batch.", stats.running)
        yield self._gauge("vllm:num_requests_waiting", "Sequences waiting for the batch.", stats.waiting)
        yield self._gauge("vllm:kv_cache_usage_perc", "KV cache in use; 1 is all of it.", stats.kv_usage)
        config = GaugeMetricFamily(
            "vllm:cache_config_info", "The KV cache.", labels=(*_LABELS, "block_size", "num_gpu_blocks")
        )
        config.add_metric((*self._labels, str(stats.kv_block_tokens), str(stats.kv_blocks)), 1)
        yield config
        counters = (
            ("vllm:prefix_cache_queries", "Prompt tokens looked up in the prefix cache.", stats.prefix_queries),
            ("vllm:prefix_cache_hits", "Prompt tokens found in the prefix cache.", stats.prefix_hits),
            ("vllm:num_preemptions", "Sequences put back for lack of KV room.", stats.preemptions),
        )
        for name, text, value in counters:
            if value is not None:
                counter = CounterMetricFamily(name, text, labels=_LABELS)
                counter.add_metric(self._labels, value)
                yield counter

    def _gauge(self, name: str, text: str, value: float) -> Metric:
        gauge = GaugeMetricFamily(name, text, labels=_LABELS)
        gauge.add_metric(self._labels, value)
        return gauge
