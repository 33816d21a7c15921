"""Engines and zones out of EndpointSlices that a real controller manager keeps, with the rights that are rendered."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from tests.render.conftest import PLANS

from beaufort.errors import BeaufortError
from beaufort.gateway import slices
from beaufort.gateway.slices import Neighbourhood, SlicedService
from beaufort.gateway.upstream import Address
from beaufort.kube.errors import ForbiddenError
from beaufort.kube.kubeconfig import connect
from beaufort.render import render

from .conftest import PATIENCE, Cluster
from .test_render import in_namespace

ZONES = ("zone-a", "zone-b")


@dataclass
class Seen:
    """What a gateway would have been told."""

    lists: list[Neighbourhood] = field(default_factory=list)
    complaints: list[BeaufortError] = field(default_factory=list)

    @property
    def now(self) -> dict[str, str]:
        """The zone of each engine, by its address."""
        return {each.url: each.zone for each in self.lists[-1].addresses} if self.lists else {}


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.02)


@asynccontextmanager
async def following(kubeconfig: Path, service: SlicedService) -> AsyncIterator[Seen]:
    seen = Seen()
    connection = connect(kubeconfig, patience=0.5)
    task = asyncio.create_task(slices.follow(service, connection, seen.lists.append, seen.complaints.append))
    try:
        yield seen
    finally:
        task.cancel()


def node(name: str, zone: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": {"topology.kubernetes.io/zone": zone}},
    }


def pod(name: str, app: str, on: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": app}},
        "spec": {"nodeName": on, "containers": [{"name": "main", "image": "none"}]},
    }


def service(name: str) -> dict[str, Any]:
    ports = [{"name": "http", "port": 8000}]
    spec = {"clusterIP": "None", "selector": {"app": name}, "ports": ports}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


def report(cluster: Cluster, namespace: str, name: str, address: str, *, ready: bool = True) -> None:
    """Say what a kubelet would of a pod."""
    said = {"type": "Ready", "status": "True" if ready else "False"}
    status = {"phase": "Running", "podIP": address, "podIPs": [{"ip": address}], "conditions": [said]}
    patch = ("--subresource=status", "--type=merge", "-p", json.dumps({"status": status}))
    done = cluster.kubectl("-n", namespace, "patch", "pod", name, *patch)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def engines(cluster: Cluster, namespace: str) -> Iterator[None]:
    """Two engines in two zones, and a gateway in the first of them."""
    nodes = [f"{namespace}-{zone}" for zone in ZONES]
    things = [
        *(node(name, zone) for name, zone in zip(nodes, ZONES, strict=True)),
        service("engine"),
        service("gateway"),
        pod("engine-0", "engine", nodes[0]),
        pod("engine-1", "engine", nodes[1]),
        pod("gateway-0", "gateway", nodes[0]),
    ]
    assert not cluster.apply(yaml.safe_dump_all(things), namespace)
    report(cluster, namespace, "engine-0", "10.80.0.10")
    report(cluster, namespace, "engine-1", "10.80.0.11")
    report(cluster, namespace, "gateway-0", "10.80.0.12", ready=False)
    yield
    cluster.kubectl("delete", "nodes", *nodes)


@pytest.mark.usefixtures("engines")
def test_what_the_controller_manager_says_of_pods(cluster: Cluster, namespace: str) -> None:
    wanted = SlicedService("engine", "http", namespace, "gateway-0")

    async def run() -> None:
        async with following(cluster.kubeconfig, wanted) as seen:
            await until(lambda: seen.now == {"http://10.80.0.10:8000": "zone-a", "http://10.80.0.11:8000": "zone-b"})
            await until(lambda: seen.lists[-1].zone == "zone-a")
            report(cluster, namespace, "engine-0", "10.80.0.10", ready=False)
            await until(lambda: list(seen.now) == ["http://10.80.0.11:8000"])
            report(cluster, namespace, "engine-0", "10.80.0.10")
            await until(lambda: len(seen.now) == 2)
            # No kubelet is there, so the pod stays, and is terminating: a second one is ready, so it gets nothing.
            cluster.kubectl("-n", namespace, "delete", "pod", "engine-0", "--wait=false")
            await until(lambda: list(seen.now) == ["http://10.80.0.11:8000"])
            # Both leave: what still serves is better than nothing.
            cluster.kubectl("-n", namespace, "delete", "pod", "engine-1", "--wait=false")
            await until(lambda: len(seen.now) == 2)
            cluster.kubectl("-n", namespace, "delete", "pods", "--all", "--force", "--grace-period=0")
            await until(lambda: not seen.now)
            assert not seen.complaints

    asyncio.run(run())


def test_slices_made_by_hand(cluster: Cluster, namespace: str) -> None:
    def made(name: str, *addresses: str) -> str:
        metadata = {"name": name, "labels": {slices.SERVICE_LABEL: "engine"}}
        endpoints = [{"addresses": [each]} for each in addresses]
        ports = [{"name": "http", "port": 80, "protocol": "TCP"}]
        head = {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": metadata}
        return yaml.safe_dump({**head, "addressType": "IPv4", "endpoints": endpoints, "ports": ports})

    async def run() -> None:
        async with following(cluster.kubeconfig, SlicedService("engine", "", namespace)) as seen:
            await until(lambda: seen.lists == [Neighbourhood(())])
            assert not cluster.apply(made("one", "10.80.0.1"), namespace)
            assert not cluster.apply(made("two", "10.80.0.2", "10.80.0.3"), namespace)
            await until(lambda: len(seen.now) == 3)
            assert seen.lists[-1].addresses[0] == Address("http://10.80.0.1:80")
            cluster.kubectl("-n", namespace, "delete", "endpointslice", "two")
            await until(lambda: list(seen.now) == ["http://10.80.0.1:80"])

    asyncio.run(run())


class Way:
    """A way to the API server that can be cut."""

    def __init__(self, server: str) -> None:
        self._target = urlsplit(server)
        self._open: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self.port = 0

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    def cut(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._open:
            writer.transport.abort()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(self._target.hostname, self._target.port)
        self._open |= {writer, back}
        await asyncio.gather(self._pump(reader, back), self._pump(there, writer))

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                writer.write(data)
        except OSError:
            pass
        writer.close()


@pytest.mark.usefixtures("engines")
def test_the_last_list_stays_while_the_api_server_is_away(cluster: Cluster, namespace: str, tmp_path: Path) -> None:
    plain = yaml.safe_load(cluster.kubeconfig.read_text())
    target = plain["clusters"][0]["cluster"]

    async def run() -> None:
        way = Way(target["server"])
        await way.open()
        target["server"] = f"https://127.0.0.1:{way.port}"
        (tmp_path / "kubeconfig").write_text(yaml.safe_dump(plain))
        async with following(tmp_path / "kubeconfig", SlicedService("engine", "", namespace)) as seen:
            await until(lambda: len(seen.now) == 2)
            way.cut()
            await until(lambda: seen.complaints)
            report(cluster, namespace, "engine-1", "10.80.0.11", ready=False)
            assert len(seen.now) == 2
            await way.open()
            await until(lambda: list(seen.now) == ["http://10.80.0.10:8000"])
            assert len(seen.complaints) == 1
        way.cut()

    asyncio.run(run())


def test_the_rendered_rights_are_enough_and_no_more(cluster: Cluster, namespace: str, tmp_path: Path) -> None:
    region = render(in_namespace(PLANS["one-l40s"](), namespace), only=["gateway"]).regions[0]
    assert not cluster.apply(region.stream(), namespace)
    made = cluster.kubectl("-n", namespace, "create", "token", "mistral-7b-gateway")
    assert made.returncode == 0, made.stderr
    plain = yaml.safe_load(cluster.kubeconfig.read_text())
    plain["users"][0]["user"] = {"token": made.stdout.strip()}
    own = tmp_path / "kubeconfig"
    own.write_text(yaml.safe_dump(plain))

    async def run() -> None:
        async with following(own, SlicedService("mistral-7b-engine", "http", namespace)) as seen:
            await until(lambda: seen.lists)
            assert not seen.complaints
        async with following(own, SlicedService("mistral-7b-engine", "http", "default")) as seen:
            await until(lambda: seen.complaints)
            assert isinstance(seen.complaints[0], ForbiddenError)

    asyncio.run(run())
    for verb, what in (("list", "pods"), ("get", "secrets"), ("update", "endpointslices"), ("list", "nodes")):
        done = cluster.kubectl(f"--kubeconfig={own}", "auth", "can-i", verb, what, "-n", namespace)
        assert done.stdout.strip() == "no", f"{verb} {what}"
