"""Engines by EndpointSlices. What a real API server makes of them is in tests/cluster/test_discovery.py: it admits no
address of loopback, so a scripted one leads to engines that answer here."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from tests.gateway.conftest import EVENTS, Engine, StartEngine, StartGateway, until

from beaufort.errors import UsageError
from beaufort.gateway import Settings
from beaufort.gateway.slices import Neighbourhood, SlicedService, parse, read
from beaufort.gateway.upstream import Address
from beaufort.wire import Exchange, Server

SERVICE = SlicedService("engines", pod="gateway-1")


def endpoint(address: str, pod: str = "", zone: str = "", **conditions: bool) -> dict[str, Any]:
    made: dict[str, Any] = {"addresses": [address], "conditions": conditions}
    if pod:
        made["targetRef"] = {"kind": "Pod", "name": pod, "uid": f"uid-of-{pod}"}
    return made | ({"zone": zone} if zone else {})


def a_slice(*endpoints: dict[str, Any], service: str = "engines", port: int = 80, **more: object) -> dict[str, Any]:
    metadata = {"name": f"{service}-x", "labels": {"kubernetes.io/service-name": service}}
    ports = [{"name": "http", "port": port, "protocol": "TCP"}]
    return {"metadata": metadata, "addressType": "IPv4", "ports": ports, "endpoints": list(endpoints), **more}


def urls(found: Neighbourhood) -> list[str]:
    return [each.url for each in found.addresses]


@pytest.mark.parametrize(
    ("text", "service"),
    [
        ("engines", SlicedService("engines")),
        ("engines:http", SlicedService("engines", "http")),
        ("chat/engines:8000", SlicedService("engines", "8000", "chat")),
    ],
)
def test_a_service_and_its_port(text: str, service: SlicedService) -> None:
    assert parse(text) == service


@pytest.mark.parametrize(
    "text", ["", ":http", "a:", "/a", "a/", "a/b/c", "A", "a b", "-a", "a.b", "http://a", "a" * 64]
)
def test_what_is_no_service_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(text)
    assert caught.value.problems[0].remedy


def test_the_ready_are_taken_and_those_that_leave_are_not() -> None:
    found = read(
        [
            a_slice(
                endpoint("10.0.0.3", ready=True, serving=True),
                endpoint("10.0.0.1"),  # no condition: ready
                endpoint("10.0.0.2", ready=False, serving=True, terminating=True),
                endpoint("10.0.0.4", ready=False, serving=False),
            ),
            a_slice(endpoint("10.0.0.9"), service="others"),
        ],
        SERVICE,
    )
    assert urls(found) == ["http://10.0.0.1:80", "http://10.0.0.3:80"]


def test_when_none_is_ready_those_that_still_serve_are_taken() -> None:
    leaving = endpoint("10.0.0.2", ready=False, serving=True, terminating=True)
    dead = endpoint("10.0.0.4", ready=False, serving=False, terminating=True)
    assert urls(read([a_slice(leaving, dead)], SERVICE)) == ["http://10.0.0.2:80"]


def test_zones_are_read_and_the_own_one_is_that_of_the_own_pod() -> None:
    engines = a_slice(endpoint("10.0.0.1", zone="a"), endpoint("10.0.0.2"))
    gateways = a_slice(
        endpoint("10.1.0.1", "gateway-0", "c"), endpoint("10.1.0.2", "gateway-1", "b", ready=False), service="gateways"
    )
    found = read([engines, gateways], SERVICE)
    assert found == Neighbourhood((Address("http://10.0.0.1:80", "a"), Address("http://10.0.0.2:80")), "b")
    assert read([engines, gateways], SlicedService("engines")).zone == ""


def test_a_pod_of_both_families_is_one_engine() -> None:
    four = a_slice(endpoint("10.0.0.1", "engine-0"))
    six = a_slice(endpoint("fd00::1", "engine-0"), addressType="IPv6")
    assert urls(read([six, four], SERVICE)) == ["http://10.0.0.1:80"]
    assert urls(read([six], SERVICE)) == ["http://[fd00::1]:80"]


@pytest.mark.parametrize(("wanted", "port"), [("", 1), ("http", 1), ("metrics", 2), ("2", 2), ("grpc", None)])
def test_the_port_is_chosen_by_name_or_number(wanted: str, port: int | None) -> None:
    ports = [{"name": "any"}, {"name": "http", "port": 1}, {"name": "metrics", "port": 2}]
    found = read([a_slice(endpoint("10.0.0.1"), ports=ports)], SlicedService("engines", wanted))
    assert urls(found) == ([f"http://10.0.0.1:{port}"] if port else [])


def test_slices_without_anything_are_read() -> None:
    empty = a_slice(endpoints=None, ports=None)
    bare = {"metadata": {"name": "x"}, "addressType": "IPv4", "endpoints": [endpoint("10.0.0.1")]}
    assert read([empty, bare], SERVICE) == Neighbourhood(())


class Api:
    """An API server that lists and watches slices as it is told."""

    def __init__(self) -> None:
        self.slices: list[dict[str, Any]] = []
        self.lists = 0
        self.port = 0
        self._watchers: list[Exchange] = []
        self._server = Server(self._handle)

    async def start(self) -> None:
        self._server = Server(self._handle)
        await self._server.listen("127.0.0.1", self.port)
        self.port = self._server.port

    async def stop(self) -> None:
        self._watchers = []
        await self._server.close()

    def tell(self, kind: str, each: dict[str, Any]) -> None:
        """Send an event to everyone who watches."""
        line = json.dumps({"type": kind, "object": _versioned(each)}).encode() + b"\n"
        for watcher in self._watchers:
            watcher.write(line)

    @property
    def watched(self) -> bool:
        return any(not each.aborted for each in self._watchers)

    def _handle(self, exchange: Exchange) -> None:
        assert exchange.request.path == "/apis/discovery.k8s.io/v1/namespaces/chat/endpointslices"
        if "watch=true" in exchange.request.query:
            exchange.start(200, [(b"content-type", b"application/json")])
            self._watchers.append(exchange)
        else:
            self.lists += 1
            listed = {
                "kind": "EndpointSliceList",
                "apiVersion": "discovery.k8s.io/v1",
                "metadata": {"resourceVersion": "1"},
                "items": [_versioned(each) for each in self.slices],
            }
            exchange.respond(200, json.dumps(listed).encode())


def _versioned(each: dict[str, Any]) -> dict[str, Any]:
    return each | {"metadata": each["metadata"] | {"resourceVersion": "2"}}


@pytest.fixture
async def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Api]:
    """Start an API server, and have the kubeconfig lead to it."""
    made = Api()
    await made.start()
    kubeconfig = {
        "current-context": "here",
        "contexts": [{"name": "here", "context": {"cluster": "here", "user": "me", "namespace": "chat"}}],
        "clusters": [{"name": "here", "cluster": {"server": f"http://127.0.0.1:{made.port}"}}],
        "users": [{"name": "me", "user": {}}],
    }
    (tmp_path / "kubeconfig").write_text(json.dumps(kubeconfig))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
    monkeypatch.setattr("beaufort.gateway.slices._RETRY_SECONDS", 0.05)
    monkeypatch.setattr("beaufort.gateway.slices.PATIENCE", 0.1)
    yield made
    await made.stop()


def here(engine: Engine, zone: str = "", *, leaving: bool = False) -> dict[str, Any]:
    """Return the slice of one engine of this machine."""
    conditions = {"ready": not leaving, "serving": True, "terminating": leaving}
    made = a_slice(endpoint("127.0.0.1", "", zone, **conditions), port=engine.port)
    return made | {"metadata": made["metadata"] | {"name": f"engines-{engine.port}"}}


def hold(held: list[Exchange]) -> Callable[[Exchange], None]:
    def begin(exchange: Exchange) -> None:
        exchange.start(200, EVENTS)
        exchange.write(b"data: 1\n\n")
        held.append(exchange)

    return begin


async def test_a_gateway_follows_the_slices(api: Api, engine: StartEngine, gateway: StartGateway) -> None:
    one, two = await engine(), await engine()
    api.slices = [here(one)]
    running = await gateway(settings=Settings(endpoints_service=SERVICE), wait=False)
    await until(lambda: running.healthy == {one.url})
    await until(lambda: api.watched)
    api.tell("ADDED", here(two))
    await until(lambda: running.healthy == {one.url, two.url})
    api.tell("DELETED", here(one))
    await until(lambda: running.healthy == {two.url})


async def test_an_engine_that_leaves_gets_nothing_new_and_ends_its_stream(
    api: Api, engine: StartEngine, gateway: StartGateway
) -> None:
    held: list[Exchange] = []
    one, two = await engine(hold(held)), await engine()
    api.slices = [here(one)]
    running = await gateway(settings=Settings(endpoints_service=SERVICE), wait=False)
    await until(lambda: running.healthy == {one.url})
    client = await running.connect()
    client.post()
    await client.until(b"data: 1\n\n")
    await until(lambda: api.watched)
    api.tell("ADDED", here(two))
    api.tell("MODIFIED", here(one, leaving=True))
    await until(lambda: running.healthy == {two.url})
    for _ in range(4):
        assert (await running.ask()).status == 200
    assert len(one.exchanges) == 1
    held[0].write(b"data: [DONE]\n\n")
    held[0].end()
    assert b"[DONE]" in await client.until(b"0\r\n\r\n")


async def test_the_last_list_outlives_the_api_server(api: Api, engine: StartEngine, gateway: StartGateway) -> None:
    one, two = await engine(), await engine()
    api.slices = [here(one)]
    running = await gateway(settings=Settings(endpoints_service=SERVICE), wait=False)
    await until(lambda: running.healthy == {one.url})
    await api.stop()

    def complaints() -> list[str]:
        return [line for line in running.said if "last good list" in line]

    await until(complaints)
    assert (await running.ask()).status == 200
    assert len(complaints()) == 1, "one line for one outage"
    api.slices = [here(two)]
    await api.start()
    await until(lambda: running.healthy == {two.url})
    assert len(complaints()) == 1


async def test_it_is_ready_once_the_list_has_come(api: Api, gateway: StartGateway) -> None:
    await api.stop()
    running = await gateway(settings=Settings(endpoints_service=SERVICE), wait=False)
    answer = await running.ask("/ready", method="GET")
    assert answer.status == 503
    assert b"--endpoints-service are not known yet" in answer.body
    await api.start()
    await until(lambda: api.watched)
    assert (await running.ask("/ready", method="GET")).status == 200, "an empty list is a list"
    assert (await running.ask("/health", method="GET")).status == 503
    assert (await running.ask("/ready")).status == 405


async def test_the_own_zone_is_preferred(api: Api, engine: StartEngine, gateway: StartGateway) -> None:
    held: list[Exchange] = []
    near, far = await engine(hold(held)), await engine(hold(held))
    api.slices = [
        here(near, "a"),
        here(far, "b"),
        a_slice(endpoint("10.9.9.9", "gateway-1", "a"), service="gateways"),
    ]
    running = await gateway(settings=Settings(endpoints_service=SERVICE), wait=False)
    await until(lambda: running.healthy == {near.url, far.url})
    for _ in range(8):
        client = await running.connect()
        client.post()
        await client.until(b"data: 1\n\n")
    assert (len(near.exchanges), len(far.exchanges)) == (5, 3)
    for each in held:
        each.end()
