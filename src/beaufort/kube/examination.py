"""Everything that the doctor looks at in a cluster, read at once; what may not be read is noted with the reason."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar

from beaufort.doctor.facts import Cluster, Right
from beaufort.kube.connection import Connection
from beaufort.kube.errors import KubeError, UnreachableError
from beaufort.kube.reference import Object
from beaufort.kube.server import clock, version
from beaufort.rollout.rights import Question

_AT_ONCE = 8
_REVIEW = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
_LISTS = {
    "nodes": "/api/v1/nodes",
    "pods": "/api/v1/pods?fieldSelector=status.phase!=Succeeded,status.phase!=Failed",
    "namespaces": "/api/v1/namespaces",
    "daemonsets": "/apis/apps/v1/daemonsets",
    "endpointslices": "/apis/discovery.k8s.io/v1/endpointslices",
    "storageclasses": "/apis/storage.k8s.io/v1/storageclasses",
    "apiservices": "/apis/apiregistration.k8s.io/v1/apiservices",
    "validatingwebhooks": "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations",
    "mutatingwebhooks": "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations",
}
_GATE = re.compile(r'^kubernetes_feature_enabled\{name="([A-Za-z0-9]+)",stage="[A-Z]*"\} ([01])', re.MULTILINE)

T = TypeVar("T")


@dataclass(slots=True)
class _Notes:
    """What was read, and what was not."""

    found: dict[str, tuple[Object, ...]] = field(default_factory=dict)
    unread: dict[str, str] = field(default_factory=dict)


async def examine(connection: Connection, namespace: str, questions: Iterable[Question]) -> Cluster:
    """Return what is known of a cluster.

    Args:
        connection: To the cluster.
        namespace: The namespace that is asked about.
        questions: Rights that are asked for.

    Raises:
        UnreachableError: The API server does not answer.
        KubeError: It does not know the account.
    """
    limit = asyncio.Semaphore(_AT_ONCE)
    known = await version(connection)
    skew, round_trip = await _clock(connection)
    notes = _Notes()
    quotas = {"quotas": f"/api/v1/namespaces/{namespace}/resourcequotas"}
    await asyncio.gather(*(_list(connection, limit, notes, *each) for each in {**_LISTS, **quotas}.items()))
    names = [each["metadata"]["name"] for each in notes.found.get("nodes", ())]
    kubelets = await asyncio.gather(*(_kubelet(connection, limit, name) for name in names))
    return Cluster(
        server=connection.server,
        namespace=namespace,
        version=known.text,
        minor=known.minor,
        skew_seconds=skew,
        round_trip_seconds=round_trip,
        unready=await _unready(connection),
        found=notes.found,
        unread=notes.unread,
        kubelets={name: each for name, each in zip(names, kubelets, strict=True) if each},
        gates=await _gates(connection),
        served=await _served(connection, limit),
        rights=tuple(await asyncio.gather(*(_right(connection, limit, each) for each in questions))),
    )


async def _list(connection: Connection, limit: asyncio.Semaphore, notes: _Notes, name: str, path: str) -> None:
    address, _, query = path.partition("?")
    params = dict([query.split("=", 1)]) if query else None
    async with limit:
        try:
            listed = await connection.get(address, params)
        except UnreachableError:
            raise
        except KubeError as error:
            notes.unread[name] = error.problems[0].what
            return
    notes.found[name] = tuple(listed["items"])


async def _clock(connection: Connection) -> tuple[float | None, float]:
    """Return how far the server's clock is ahead, and how long an answer takes: both in seconds.

    The server's time has no fractions. It is compared with the middle of the exchange, half a second later.
    """
    loop = asyncio.get_running_loop()
    began, now = loop.time(), datetime.now(UTC)
    told = await clock(connection)
    took = loop.time() - began
    if told is None:
        return None, took
    return (told - now).total_seconds() + _HALF - took / 2, took


_HALF = 0.5


async def _unready(connection: Connection) -> tuple[str, ...]:
    reply = await connection.reply("GET", "/readyz?verbose")
    lines = reply.body.decode(errors="replace").splitlines()
    return tuple(line.removeprefix("[-]").partition(" ")[0] for line in lines if line.startswith("[-]"))


async def _gates(connection: Connection) -> Mapping[str, bool]:
    """Return the API server's feature gates; nothing if it does not tell."""
    reply = await connection.reply("GET", "/metrics")
    return {name: value == "1" for name, value in _GATE.findall(reply.body.decode(errors="replace"))}


async def _kubelet(connection: Connection, limit: asyncio.Semaphore, node: str) -> Object:
    async with limit:
        found = await _or_none(connection.get(f"/api/v1/nodes/{node}/proxy/configz"))
    config: Object = (found or {}).get("kubeletconfig", {})
    return config


async def _served(connection: Connection, limit: asyncio.Semaphore) -> frozenset[tuple[str, str]]:
    groups = (await connection.get("/apis"))["groups"]
    versions = [each["groupVersion"] for group in groups for each in group["versions"]]

    async def kinds(api_version: str) -> list[tuple[str, str]]:
        path = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
        async with limit:
            listed = await _or_none(connection.get(path))  # a group whose server is away has no kinds to tell
        return [(api_version, each["kind"]) for each in (listed or {}).get("resources", ()) if "/" not in each["name"]]

    found = await asyncio.gather(*map(kinds, ["v1", *versions]))
    return frozenset(each for listed in found for each in listed)


async def _right(connection: Connection, limit: asyncio.Semaphore, question: Question) -> Right:
    attributes = {
        "verb": question.verb,
        "group": question.group,
        "resource": question.resource,
        "subresource": question.subresource,
        "namespace": question.namespace,
        "name": question.name,
    }
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": {key: value for key, value in attributes.items() if value}},
    }
    async with limit:
        answer = await connection.request("POST", _REVIEW, body=body)
    return Right(str(question), bool(answer["status"].get("allowed")))


async def _or_none(asked: Awaitable[T]) -> T | None:
    try:
        return await asked
    except (KubeError, UnreachableError):
        return None
