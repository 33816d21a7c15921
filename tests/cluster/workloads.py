"""What the tests on nodes create, and how they wait for it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from .conftest import PATIENCE, Cluster

Manifest = dict[str, Any]
Found = TypeVar("Found")

# Answers every request with the name of its pod.
SERVER = """
import http.server, socket
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(socket.gethostname().encode())
    def log_message(self, *_): pass
http.server.ThreadingHTTPServer(("", 8000), Handler).serve_forever()
"""
# Asks an address so often, each time on a connection of its own, and prints who answered, as JSON.
_CLIENT = """
import json, sys, urllib.request
from collections import Counter
def ask():
    try:
        return urllib.request.urlopen(sys.argv[1], timeout=1).read().decode()
    except OSError as error:
        return str(getattr(error, "reason", error))
print(json.dumps(Counter(ask() for _ in range(int(sys.argv[2])))))
"""
SLEEP = ("sleep", "infinity")


def until(found: Callable[[], Found | None], what: str, patience: float = PATIENCE) -> Found:
    """Wait until something is found, and return it."""
    ends = time.monotonic() + patience
    while not (one := found()):
        assert time.monotonic() < ends, f"{what}: not within {patience:.0f} s"
        time.sleep(0.2)
    return one


def spec(cluster: Cluster, *command: str, limits: Mapping[str, str] | None = None, node: str = "") -> Manifest:
    """Return the spec of a pod of one container. With limits it is Guaranteed."""
    container = {
        "name": "c",
        "image": cluster.image,
        "imagePullPolicy": "IfNotPresent",
        "command": list(command or SLEEP),
        **({"resources": {"limits": dict(limits)}} if limits else {}),
    }
    return {
        "terminationGracePeriodSeconds": 1,
        "containers": [container],
        **({"nodeSelector": {"kubernetes.io/hostname": node}} if node else {}),
    }


def pod(name: str, of: Manifest, **labels: str) -> Manifest:
    """Return a pod."""
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": labels}, "spec": of}


def deployment(name: str, replicas: int, of: Manifest) -> Manifest:
    """Return a Deployment whose pods are labelled ``app: NAME``, as many on one node as on the other."""
    labels = {"app": name}
    spread = {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": labels},
    }
    template = {"metadata": {"labels": labels}, "spec": {"topologySpreadConstraints": [spread], **of}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template},
    }


def service(name: str, **more: object) -> Manifest:
    """Return a Service of the pods that are labelled ``app: NAME``."""
    about = {"selector": {"app": name}, "ports": [{"port": 80, "targetPort": 8000}], **more}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": about}


def create(cluster: Cluster, namespace: str, *manifests: Manifest) -> None:
    """Apply objects, which must be accepted."""
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(manifests)})
    assert cluster.apply(text, namespace) == ""


def pods(cluster: Cluster, namespace: str, selector: str = "") -> list[Manifest]:
    """Return the pods that are not on their way out."""
    found: list[Manifest] = cluster.get("pods", "-n", namespace, "-l", selector)["items"]
    return [each for each in found if "deletionTimestamp" not in each["metadata"]]


def ready(cluster: Cluster, namespace: str, count: int, selector: str = "") -> list[Manifest]:
    """Wait until so many pods are ready, and return them."""

    def enough() -> list[Manifest] | None:
        found = [each for each in pods(cluster, namespace, selector) if _is_ready(each)]
        return found if len(found) == count else None

    return until(enough, f"{count} ready pods of {selector or namespace}")


def _is_ready(one: Manifest) -> bool:
    return any(each["type"] == "Ready" and each["status"] == "True" for each in one["status"].get("conditions", ()))


def execute(cluster: Cluster, namespace: str, name: str, *command: str) -> str:
    """Run a command in a pod and return what it prints."""
    done = cluster.kubectl("exec", "-n", namespace, name, "--", *command)
    assert done.returncode == 0, done.stderr
    return done.stdout


def ask(cluster: Cluster, namespace: str, name: str, url: str, times: int = 20) -> dict[str, int]:
    """Ask an address from a pod so often, and return how often each pod answered, or what went wrong."""
    found: dict[str, int] = json.loads(execute(cluster, namespace, name, "python3", "-c", _CLIENT, url, str(times)))
    return found
