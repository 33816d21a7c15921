"""Endpoints from the EndpointSlices of a Kubernetes Service: as they change, with their zones.

A slice says of each endpoint whether it is ready, and of one that is on its way out whether it still serves. New
requests go to those that are ready. Only when none is, they go to those that still serve, as kube-proxy does too.

The gateway's own zone is read there as well: its pod is an endpoint of its own Service. So it needs no right to look
at nodes, only one to read the slices of its namespace.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from beaufort.errors import BeaufortError, Problem, UsageError
from beaufort.gateway.upstream import Address
from beaufort.kube.connection import Connection
from beaufort.kube.watch import Event, watch

SERVICE_LABEL = "kubernetes.io/service-name"
PATIENCE = 10.0  # seconds that one question to the API server is repeated for; then it is asked anew, for ever
_RETRY_SECONDS = 2.0
_LABEL = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"  # RFC 1123, as of namespaces, Services and the names of ports
_EXPRESSION = re.compile(rf"((?P<namespace>{_LABEL})/)?(?P<name>{_LABEL})(:(?P<port>{_LABEL}))?", re.ASCII)

Slice = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SlicedService:
    """A Service whose endpoints are the engines.

    Attributes:
        name: The Service's name.
        port: The name or the number of the endpoints' port; empty for the only one.
        namespace: Its namespace; empty for that of the kubeconfig, or of the gateway's own pod.
        pod: The gateway's own pod, in the same namespace; empty when it is none.
    """

    name: str
    port: str = ""
    namespace: str = ""
    pod: str = ""


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """What the slices of a namespace say.

    Attributes:
        addresses: Of the engines, sorted.
        zone: The zone of the gateway's own pod; empty when it is not known.
    """

    addresses: tuple[Address, ...]
    zone: str = ""


def parse(text: str, pod: str = "") -> SlicedService:
    """Return the Service that ``[NAMESPACE/]NAME[:PORT]`` stands for.

    Raises:
        UsageError: The text is no such thing.
    """
    match = _EXPRESSION.fullmatch(text)
    if match is None:
        remedy = "write for example mistral-7b-engine, mistral-7b-engine:http or chat/mistral-7b-engine"
        raise UsageError(Problem(f"{text[:100]!r} is not the name of a Service", "--endpoints-service", remedy))
    return SlicedService(match["name"], match["port"] or "", match["namespace"] or "", pod)


def read(slices: Iterable[Slice], service: SlicedService) -> Neighbourhood:
    """Return the engines, and the gateway's own zone."""
    ready: dict[str, Address] = {}
    serving: dict[str, Address] = {}
    zone = ""
    # The endpoints of a dual-stack Service are in slices of both families: each counts once, by the first of them.
    for each in sorted(slices, key=lambda each: each["addressType"] == "IPv6"):
        port = _port(each, service)
        for endpoint in each.get("endpoints") or ():
            target = endpoint.get("targetRef") or {}
            if service.pod and target.get("kind") == "Pod" and target.get("name") == service.pod:
                zone = endpoint.get("zone") or zone
            if port is None:
                continue
            conditions = endpoint.get("conditions") or {}
            found = _address(endpoint, port)
            if conditions.get("ready", True):  # left out means ready, says the API
                ready.setdefault(target.get("uid") or found.url, found)
            elif conditions.get("serving"):
                serving.setdefault(target.get("uid") or found.url, found)
    return Neighbourhood(tuple(sorted((ready or serving).values(), key=lambda each: each.url)), zone)


def _port(each: Slice, service: SlicedService) -> int | None:
    """Return the port of the endpoints of a slice, or None when it is no slice of the engines."""
    if (each["metadata"].get("labels") or {}).get(SERVICE_LABEL) != service.name:
        return None
    ports = [port for port in each.get("ports") or () if port.get("port")]
    named = (port["port"] for port in ports if service.port in {"", port.get("name"), str(port["port"])})
    return next(named, None)


def _address(endpoint: Slice, port: int) -> Address:
    address = endpoint["addresses"][0]  # all of them are one endpoint's, says the API
    host = f"[{address}]" if ":" in address else address
    return Address(f"http://{host}:{port}", endpoint.get("zone") or "")


async def follow(
    service: SlicedService,
    connection: Connection,
    update: Callable[[Neighbourhood], None],
    complain: Callable[[BeaufortError], None],
) -> None:
    """Call ``update`` whenever something has changed, ``complain`` once when the API server cannot be asked.

    The connection is closed in the end.
    """
    namespace = service.namespace or connection.namespace
    path = f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices"
    last: Neighbourhood | None = None
    failing = False
    async with connection:
        while True:
            slices: dict[str, Slice] = {}
            try:
                async for event in watch(connection, path):
                    failing = False
                    slices = _after(slices, event)
                    found = read(slices.values(), service)
                    if found != last:
                        update(found)
                        last = found
            except BeaufortError as error:
                if not failing:
                    complain(error)
                failing = True
                await asyncio.sleep(_RETRY_SECONDS)


def _after(slices: dict[str, Slice], event: Event) -> dict[str, Slice]:
    """Return the slices by name after an event."""
    named: dict[str, Slice] = {each["metadata"]["name"]: each for each in event.objects}
    match event.kind:
        case "synced":
            return named
        case "changed":
            return slices | named
        case "deleted":
            return {name: each for name, each in slices.items() if name not in named}
