"""What the gateway counts, and the Prometheus text of it.

Counting is an addition to a plain number, at most a few per request and none per chunk; the objects that
`prometheus_client` knows are made when someone asks for ``/metrics``. Label values come from closed sets.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import generate_latest

from beaufort.gateway.access_log import Entry
from beaufort.gateway.upstream import Upstream
from beaufort.routing import State

CONTENT_TYPE = b"text/plain; version=0.0.4; charset=utf-8"
_ROUTES = {
    path: path
    for path in (
        "/v1/chat/completions",
        "/v1/completions",
        "/v1/embeddings",
        "/v1/models",
        "/v1/responses",
        "/health",
        "/metrics",
    )
}
_MODEL = "/v1/models/"
_OTHER = "other"
# From a relayed answer of milliseconds to a generation of ten minutes.
_BOUNDS = (
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
    10.0,
    30.0,
    60.0,
    120.0,
    300.0,
    600.0,
)
_LABELS = (*(f"{bound:g}" for bound in _BOUNDS), "+Inf")
_PREFIX = "beaufort_gateway_"


def route(path: str) -> str:
    """Return the template of a path: one of a closed set, whatever clients make up."""
    if path.startswith(_MODEL):
        return "/v1/models/{model}"
    return _ROUTES.get(path, _OTHER)


class Spread:
    """A histogram of seconds."""

    __slots__ = ("counts", "total")

    def __init__(self) -> None:
        self.counts = [0] * (len(_BOUNDS) + 1)
        self.total = 0.0

    def add(self, seconds: float) -> None:
        """Count a value; a value equal to a bound is within it, as Prometheus has it."""
        self.counts[bisect_left(_BOUNDS, seconds)] += 1
        self.total += seconds

    def buckets(self) -> list[tuple[str, float]]:
        """Return the cumulative buckets."""
        return list(zip(_LABELS, map(float, accumulate(self.counts)), strict=True))


class Metrics:
    """The counts.

    Attributes:
        aborted: Requests whose client left before the end.
        broken: Responses that began and could not be completed.
        bad_files: Times the endpoints file could not be used.
    """

    def __init__(self) -> None:
        self.aborted = 0
        self.broken = 0
        self.bad_files = 0
        self._requests: Counter[tuple[str, str]] = Counter()
        self._attempts: Counter[str] = Counter()
        self._retries: Counter[str] = Counter()
        self._bytes_in = 0
        self._bytes_out = 0
        self._durations: dict[str, Spread] = {}
        self._first_bytes: dict[str, Spread] = {}

    def attempted(self, result: str) -> None:
        """Count one try on an endpoint."""
        self._attempts[result] += 1

    def retried(self, reason: str) -> None:
        """Count one further try of a request, by what went wrong before."""
        self._retries[reason] += 1

    def finished(self, entry: Entry, received_bytes: int) -> None:
        """Count one request."""
        template = route(entry.path)
        status = f"{entry.status // 100}xx" if entry.status else "none"
        self._requests[template, status] += 1
        self._bytes_in += received_bytes
        self._bytes_out += entry.sent_bytes
        if entry.first_byte_seconds is not None:
            _spread(self._first_bytes, template).add(entry.first_byte_seconds)
        _spread(self._durations, template).add(entry.seconds)

    def families(self) -> Iterator[Metric]:
        """Return everything counted here as Prometheus knows it."""
        yield _counter("requests", "Requests by route and class of status", ("route", "status"), self._requests.items())
        yield _counter("aborts", "Requests whose client left before the end", (), [((), self.aborted)])
        yield _counter("broken_responses", "Responses that began and broke off", (), [((), self.broken)])
        attempts = [((result,), count) for result, count in self._attempts.items()]
        yield _counter("upstream_attempts", "Requests sent to endpoints by result", ("result",), attempts)
        retries = [((reason,), count) for reason, count in self._retries.items()]
        yield _counter("retries", "Requests sent again by what went wrong before", ("reason",), retries)
        yield _counter("received_bytes", "Bytes of request bodies", (), [((), self._bytes_in)])
        yield _counter("sent_bytes", "Bytes of response bodies", (), [((), self._bytes_out)])
        yield _counter("endpoints_file_errors", "Times the endpoints file was unusable", (), [((), self.bad_files)])
        yield _histogram("request_duration_seconds", "From arrival to the end of the response", self._durations)
        yield _histogram("time_to_first_byte_seconds", "From arrival to the first byte sent", self._first_bytes)


class Page:
    """The ``/metrics`` page: the counts, and the state of this moment.

    Args:
        metrics: The counts.
        endpoints: The endpoints, whose number is the operator's own, not a client's.
        gauges: Further values of this moment: name, meaning, and how to get it.
    """

    def __init__(
        self,
        metrics: Metrics,
        endpoints: Iterable[Upstream],
        gauges: Iterable[tuple[str, str, Callable[[], float]]],
    ) -> None:
        self._metrics = metrics
        self._endpoints = endpoints
        self._gauges = tuple(gauges)
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def text(self) -> bytes:
        """Return the page."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """Return every metric. Called by the registry."""
        yield from self._metrics.families()
        for name, meaning, read in self._gauges:
            yield GaugeMetricFamily(_PREFIX + name, meaning, value=read())
        healthy = GaugeMetricFamily(_PREFIX + "endpoint_healthy", "Whether it takes requests", labels=["endpoint"])
        in_flight = GaugeMetricFamily(_PREFIX + "endpoint_in_flight", "Requests at it", labels=["endpoint"])
        for upstream in self._endpoints:
            healthy.add_metric([upstream.url], float(upstream.health.state is State.HEALTHY))
            in_flight.add_metric([upstream.url], upstream.in_flight)
        yield healthy
        yield in_flight


def _spread(spreads: dict[str, Spread], template: str) -> Spread:
    spread = spreads.get(template)
    if spread is None:
        spread = spreads[template] = Spread()
    return spread


def _counter(
    name: str, meaning: str, labels: tuple[str, ...], counts: Iterable[tuple[tuple[str, ...], float]]
) -> Metric:
    family = CounterMetricFamily(_PREFIX + name, meaning, labels=labels)
    for values, count in counts:
        family.add_metric(values, count)
    return family


def _histogram(name: str, meaning: str, spreads: dict[str, Spread]) -> Metric:
    family = HistogramMetricFamily(_PREFIX + name, meaning, labels=["route"])
    for template, spread in spreads.items():
        family.add_metric([template], spread.buckets(), spread.total)
    return family
