from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families
from tests.gateway.conftest import StartEngine, StartGateway

from beaufort.gateway.access_log import Entry
from beaufort.gateway.metrics import Metrics, Page, Spread, route

ENTRY = Entry("id", "POST", "/v1/chat/completions", 200, "http://a:1", 1, 5, 0.25, 1.5, "ok")


def samples(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@given(st.text())
def test_clients_cannot_make_up_routes(path: str) -> None:
    assert route("/" + path) in {"other", "/v1/models/{model}", route("/v1/models"), "/health", "/metrics"}


def test_routes_are_templates() -> None:
    assert route("/v1/models/a/b") == "/v1/models/{model}"
    assert route("/v1/chat/completions") == "/v1/chat/completions"
    assert route("/v1/chat/completions/x") == "other"


@given(st.lists(st.floats(0, 1000), max_size=50))
def test_buckets_are_cumulative_and_bounds_inclusive(values: list[float]) -> None:
    spread = Spread()
    for value in values:
        spread.add(value)
    for label, count in spread.buckets():
        assert count == sum(value <= float(label) for value in values)


def test_the_page_is_what_prometheus_reads() -> None:
    metrics = Metrics()
    metrics.finished(ENTRY, 7)
    metrics.finished(replace(ENTRY, status=0, first_byte_seconds=None, path="/v1/made/up"), 1)
    metrics.attempted("answered")
    metrics.retried("lost")
    read = samples(Page(metrics, (), [("waiting", "meaning", lambda: 3)]).text().decode())
    prefix = "beaufort_gateway_"
    chat = ("route", "/v1/chat/completions")
    assert read[prefix + "requests_total", frozenset({chat, ("status", "2xx")})] == 1
    assert read[prefix + "requests_total", frozenset({("route", "other"), ("status", "none")})] == 1
    assert read[prefix + "upstream_attempts_total", frozenset({("result", "answered")})] == 1
    assert read[prefix + "retries_total", frozenset({("reason", "lost")})] == 1
    assert read[prefix + "received_bytes_total", frozenset()] == 8
    assert read[prefix + "sent_bytes_total", frozenset()] == 10
    assert read[prefix + "request_duration_seconds_sum", frozenset({chat})] == 1.5
    assert read[prefix + "time_to_first_byte_seconds_bucket", frozenset({chat, ("le", "0.25")})] == 1
    assert read[prefix + "time_to_first_byte_seconds_bucket", frozenset({chat, ("le", "0.1")})] == 0
    assert read[prefix + "waiting", frozenset()] == 3


async def test_a_running_gateway_shows_its_endpoints(engine: StartEngine, gateway: StartGateway) -> None:
    one = await engine()
    running = await gateway(one)
    await running.ask()
    read = samples(await running.metrics())
    label = frozenset({("endpoint", one.url)})
    assert read["beaufort_gateway_endpoint_healthy", label] == 1
    assert read["beaufort_gateway_endpoint_in_flight", label] == 0
    assert read["beaufort_gateway_in_flight", frozenset()] == 0
    assert all(name.startswith("beaufort_gateway_") for name, _ in read)
