"""A service's objects on a real API server: applied, pruned, deleted, and taken up again."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from beaufort.kube.apply import Change
from beaufort.kube.discovery import MissingKindError
from beaufort.kube.errors import KubeError, RefusedError
from beaufort.kube.kubeconfig import connect
from beaufort.kube.release import Release
from beaufort.kube.watch import watch

from .conftest import Cluster

LABELS = {"app.kubernetes.io/instance": "svc", "app.kubernetes.io/managed-by": "beaufort"}


def config(name: str, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "labels": LABELS}, "data": data}


def release(cluster: Cluster, namespace: str, *things: dict[str, Any], stop_after: int = 0) -> list[str]:
    """Apply, and return what was done to each object; be cut off after so many changes if asked to."""
    done: list[str] = []

    def note(change: Change) -> None:
        done.append(f"{change.verb} {change.reference.name}")
        if len(done) == stop_after:
            raise KeyboardInterrupt

    async def run() -> Sequence[Change]:
        async with connect(cluster.kubeconfig) as connection:
            return await Release(connection, "svc", namespace, on_change=note).apply(things)

    asyncio.run(run())
    return done


def delete(cluster: Cluster, namespace: str, *, volumes: bool = False) -> list[str]:
    async def run() -> Sequence[Change]:
        async with connect(cluster.kubeconfig) as connection:
            return await Release(connection, "svc", namespace).delete(volumes=volumes)

    return [change.reference.name for change in asyncio.run(run())]


def names(cluster: Cluster, namespace: str, kind: str = "configmaps") -> set[str]:
    return {each["metadata"]["name"] for each in cluster.get(kind, "-n", namespace)["items"]} - {"kube-root-ca.crt"}


def test_only_the_difference_changes(cluster: Cluster, namespace: str) -> None:
    assert release(cluster, namespace, config("a"), config("b", x="1")) == ["created a", "created b"]
    assert release(cluster, namespace, config("a"), config("b", x="1")) == ["unchanged a", "unchanged b"]
    assert release(cluster, namespace, config("b", x="2")) == ["configured b", "deleted a"]
    assert delete(cluster, namespace) == ["b"]
    assert names(cluster, namespace) == set()


def test_what_others_made_is_left_alone(cluster: Cluster, namespace: str) -> None:
    release(cluster, namespace, config("a"), config("b"))
    cluster.kubectl("-n", namespace, "label", "configmap", "a", "app.kubernetes.io/managed-by=somebody", "--overwrite")
    cluster.kubectl("-n", namespace, "create", "configmap", "other")
    assert delete(cluster, namespace) == ["b"]
    assert names(cluster, namespace) == {"a", "other"}


def test_a_run_that_is_cut_off_is_taken_up_again(cluster: Cluster, namespace: str) -> None:
    release(cluster, namespace, config("old"))
    with pytest.raises(KeyboardInterrupt):
        release(cluster, namespace, config("a"), config("b"), stop_after=1)
    assert names(cluster, namespace) == {"old", "a", "svc-inventory"}
    assert release(cluster, namespace, config("b")) == ["created b", "deleted old", "deleted a"]


def test_a_claim_is_kept_unless_it_is_asked_for(cluster: Cluster, namespace: str) -> None:
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "weights", "labels": LABELS},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    release(cluster, namespace, claim, config("a"))
    assert delete(cluster, namespace) == ["a"]
    assert names(cluster, namespace, "persistentvolumeclaims") == {"weights"}
    assert delete(cluster, namespace, volumes=True) == ["weights"]
    assert names(cluster, namespace) == set()


@pytest.mark.parametrize(
    ("thing", "kind", "said"),
    [
        ({**config("a"), "dta": {}}, RefusedError, "dta"),
        ({**config("a"), "kind": "Foo", "apiVersion": "x.io/v1"}, MissingKindError, "serves no Foo of x.io/v1"),
    ],
)
def test_what_is_refused_is_told(
    cluster: Cluster, namespace: str, thing: dict[str, Any], kind: type[KubeError], said: str
) -> None:
    with pytest.raises(kind, match=said):
        release(cluster, namespace, thing)


def test_a_watch_tells_of_every_change(cluster: Cluster, namespace: str) -> None:
    async def run() -> list[str]:
        told: list[str] = []
        async with connect(cluster.kubeconfig) as connection:
            it = Release(connection, "svc", namespace)
            path = f"/api/v1/namespaces/{namespace}/configmaps"
            async for event in watch(connection, path, "app.kubernetes.io/instance=svc"):
                told += [f"{event.kind} {each['metadata']['name']}" for each in event.objects] or [event.kind]
                if told == ["synced"]:
                    await it.apply([config("a")])
                    await it.apply([])
                if told[-1:] == ["deleted a"]:
                    return told
        return told

    told = asyncio.run(asyncio.wait_for(run(), 60))
    assert told[0] == "synced"
    assert told.index("changed a") < told.index("deleted a")
