import pytest
from tests.plan.services import planned, service

from beaufort.units import GIB

H100 = "accelerators: [{product: H100, pricePerHour: 4, maxNodes: 9%s}]"


def test_a_start_reads_the_weights_and_a_first_one_downloads_them() -> None:
    life = planned(service(H100 % "", model=", quantisation: bf16")).lifecycle
    assert life.startup_seconds == pytest.approx(60 + 14.496e9 / 0.5e9, abs=0.2)
    assert life.first_startup_seconds == pytest.approx(life.startup_seconds + 14.496e9 / 0.2e9, abs=0.2)


def test_an_end_waits_for_the_longest_answers_within_ten_minutes() -> None:
    short = planned(service(H100 % "", "traffic: {outputTokens: {p50: 20, p95: 30}}")).lifecycle
    assert short.shutdown_seconds == 10
    long = planned(service(H100 % "", "traffic: {rate: 0.1, outputTokens: {p50: 6000, p95: 9000}}")).lifecycle
    assert long.shutdown_seconds == 600
    for life in (short, long):
        assert life.grace_seconds > life.pre_stop_seconds + life.shutdown_seconds


@pytest.mark.parametrize(("provider", "notice"), [("eks", 120), ("gke", 30), ("other", 30)])
def test_a_spot_node_ends_within_its_notice(provider: str, notice: int) -> None:
    nodes = H100 % ", capacity: spot"
    made = planned(service(f"cluster: {{provider: {provider}, zones: [a, b]}}", nodes))
    assert made.lifecycle.grace_seconds <= notice


def test_a_pod_has_cores_and_memory_for_its_accelerators() -> None:
    one = planned(service(H100 % "", model=", quantisation: bf16")).host
    assert (one.cpus, one.shared_memory_bytes) == (3, GIB)
    lines = ("accelerators: [{product: L4, countPerNode: 4, pricePerHour: 1}]", "traffic: {rate: 0.1}")
    made = planned(service(*lines, source="hf://mistralai/Mistral-Nemo-Instruct-2407", model=", quantisation: bf16"))
    count = made.shape.accelerators_per_node
    assert count > 1
    assert (made.host.cpus, made.host.shared_memory_bytes) == (2 + count, count * GIB)
    assert made.host.memory_bytes > one.memory_bytes
