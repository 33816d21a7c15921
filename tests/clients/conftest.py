"""What the tests of clients share: services that were started once, and their figures."""

from __future__ import annotations

import os
import signal
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.cli.running import BEAUFORT, PATIENCE, Up, running

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # it asks a server for prices as soon as it is imported

KEY = "unused"
QUESTION = "What is the capital of France?"


@dataclass(frozen=True, slots=True)
class Service:
    """A running ``beaufort up``.

    Attributes:
        up: Its process and events.
        url: The address that clients are given.
        model: The model's name.
    """

    up: Up
    url: str
    model: str

    @property
    def server(self) -> str:
        """The address without the API's version, as Mistral's client wants it."""
        return self.url.removesuffix("/v1")

    def gateway(self, name: str) -> float:
        """Return one of the gateway's figures, the sum over its labels."""
        return _figure(f"{self.server}/metrics", name)

    def engines(self, name: str, **labels: str) -> float:
        """Return one of the engines' figures, the sum over all engines and the labels that are not named."""
        return sum(_figure(f"{url}/metrics", name, **labels) for url in self._engines)

    @property
    def busy(self) -> float:
        """How many sequences the engines have, running and waiting."""
        return self.engines("vllm:num_requests_running") + self.engines("vllm:num_requests_waiting")

    def served(self, engine: str) -> float:
        """Return how many requests the engine at the address ``engine`` has completed since its start."""
        return _figure(f"{engine}/metrics", "vllm:e2e_request_latency_seconds_count")

    @property
    def at_rest(self) -> bool:
        """Whether the engines' processes compute nothing, whatever their metrics say."""
        engines = [psutil.Process(pid) for pid in self._engines.values()]
        before = sum(sum(engine.cpu_times()) for engine in engines)
        time.sleep(0.5)
        return sum(sum(engine.cpu_times()) for engine in engines) - before < 0.1

    @property
    def _engines(self) -> dict[str, int]:
        """The engines' addresses with their processes' ids."""
        states = (event for event in self.up.events if event["event"] == "state" and event["pid"] is not None)
        return {str(each["url"]): int(str(each["pid"])) for each in states if str(each["name"]).startswith("engine-")}


def _figure(url: str, name: str, **labels: str) -> float:
    with urllib.request.urlopen(url, timeout=PATIENCE) as response:  # noqa: S310 - an address of this test's own server
        families = list(text_string_to_metric_families(response.read().decode()))
    samples = [each for family in families for each in family.samples if each.name == name]
    assert samples, f"{url} tells no {name}"
    return sum(each.value for each in samples if labels.items() <= each.labels.items())


def until(condition: Callable[[], bool]) -> float:
    """Wait until ``condition`` holds; return how many seconds that took."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < PATIENCE, "it does not come true"
        time.sleep(0.02)
    return time.monotonic() - began


@contextmanager
def service(directory: Path, *options: str) -> Iterator[Service]:
    """Run ``beaufort up`` with ``options`` until every engine is ready; it has to end in order."""
    with running(directory, *BEAUFORT, *options) as up:
        ready = up.until("ready")
        models = ready["models"]
        assert isinstance(models, list)
        replicas = up.until("starting")["replicas"]
        assert isinstance(replicas, int)
        for index in range(replicas):
            up.ready(f"engine-{index}")
        yield Service(up, str(ready["url"]), str(models[0]))
        assert up.end(signal.SIGTERM) == 0


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The demo model, as ``beaufort up`` serves it without an option."""
    with service(tmp_path_factory.mktemp("demo")) as started:
        yield started


@pytest.fixture(scope="session")
def emulated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Two emulated engines."""
    options = ("--engine", "emulated", "--replicas", "2")
    with service(tmp_path_factory.mktemp("emulated"), *options) as started:
        yield started
