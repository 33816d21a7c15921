"""The verbs of the command line on a cluster of the rig, and someone who does for pods what a node would."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

from click.testing import CliRunner

from beaufort.cli import shown
from beaufort.cli.root import beaufort
from beaufort.errors import BeaufortError
from beaufort.kube.connection import MERGE, Connection
from beaufort.kube.errors import NotFoundError
from beaufort.kube.kubeconfig import connect

from .conftest import PATIENCE, Cluster

BEAUFORT = (sys.executable, "-m", "beaufort")
SERVICE = """\
apiVersion: beaufort.dev/v1alpha1
kind: MistralService
metadata: {{name: svc, namespace: {namespace}}}
spec:
  model: {{source: '{source}'}}
  engine: {engine}
  replicas: {replicas}
  traffic: {{rate: 1, promptTokens: 200, outputTokens: 60}}
  objectives: {{ttft: 2s, tpot: 100ms}}
  accelerators: [{{product: {product}, countPerNode: 4}}]
  gateway: {{replicas: 1}}
{more}"""

MISTRAL = "hf://mistralai/Mistral-7B-Instruct-v0.3"
_USUAL = {"source": MISTRAL, "engine": "emulated", "replicas": "2", "product": "L40S", "more": ""}

Answer = Callable[[dict[str, Any]], dict[str, Any] | None]


class Verbs:
    """The verbs, as somebody uses them on one service in one namespace."""

    def __init__(self, cluster: Cluster, folder: Path, namespace: str, kubeconfig: Path | None = None) -> None:
        self.cluster = cluster
        self.namespace = namespace
        self.file = folder / "service.yaml"
        self.kubeconfig = kubeconfig or cluster.kubeconfig
        self.write()

    def write(self, **values: str) -> None:
        """Write the service file."""
        self.file.write_text(SERVICE.format(namespace=self.namespace, **{**_USUAL, **values}))

    def rehearse(self, **values: str) -> None:
        """Write a plan in place of the service file: of engines that, unlike real ones, start in a moment."""
        self.file = self.file.with_suffix(".yaml")
        self.write(**values)
        plan = json.loads(self.run("plan", str(self.file), "-o", "json")[0])
        plan["lifecycle"] |= {
            "startupSeconds": 2.0,
            "firstStartupSeconds": 2.0,
            "shutdownSeconds": 10,
            "graceSeconds": 20,
        }
        self.file = self.file.with_suffix(".json")
        self.file.write_text(json.dumps(plan))

    def start(self, verb: str, *arguments: str) -> subprocess.Popen[str]:
        """Start a verb, nobody at its terminal."""
        command = [*BEAUFORT, verb, *arguments]
        env = {**os.environ, "KUBECONFIG": str(self.kubeconfig)}
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env
        )

    def run(self, verb: str, *arguments: str, code: int = 0) -> tuple[str, str]:
        """Run a verb here, without the start of a process, and return its standard output and standard error."""
        runner = CliRunner(env={"KUBECONFIG": str(self.kubeconfig)})
        done = runner.invoke(beaufort, [verb, *arguments], standalone_mode=False)
        out, err, ended = done.stdout, done.stderr, done.exit_code
        if isinstance(done.exception, BeaufortError):
            err += "".join(f"{line}\n" for line in shown(done.exception))
            ended = done.exception.exit_code
        elif done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert ended == code, f"{verb} {' '.join(arguments)}: exit code {ended}\n{out}\n{err}"
        return out, err

    def deploy(self, *arguments: str, code: int = 0) -> tuple[str, str]:
        """Deploy the file."""
        return self.run("deploy", str(self.file), *arguments, code=code)

    def document(self, *arguments: str, code: int = 0) -> dict[str, Any]:
        """Deploy the file, and return what it tells programs."""
        found: dict[str, Any] = json.loads(self.deploy("-o", "json", *arguments, code=code)[0])
        return found

    def names(self, *kinds: str) -> set[str]:
        """Return the names of the objects of some kinds in the namespace."""
        items = self.cluster.get(",".join(kinds), "-n", self.namespace)["items"]
        return {each["metadata"]["name"] for each in items}


def ready(pod: dict[str, Any]) -> dict[str, Any]:
    """Return the status of a pod whose containers run and answer their probes; a job's has done its work."""
    if any(each["kind"] == "Job" for each in pod["metadata"].get("ownerReferences", ())):
        return {"phase": "Succeeded"}
    names = [each["name"] for each in pod["spec"]["containers"]]
    return {
        "phase": "Running",
        "conditions": [{"type": kind, "status": "True"} for kind in ("PodScheduled", "Ready", "ContainersReady")],
        "containerStatuses": [
            {**_container(name), "ready": True, "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}}}
            for name in names
        ],
    }


def waiting(reason: str, message: str = "", *, ended: int | None = None, restarts: int = 0) -> Answer:
    """Return the status of a pod whose first container waits, and before that ended with a code."""

    def status(pod: dict[str, Any]) -> dict[str, Any]:
        last = {"lastState": {"terminated": {"exitCode": ended, "reason": "Error"}}} if ended is not None else {}
        state = {"waiting": {"reason": reason, "message": message}}
        name = pod["spec"]["containers"][0]["name"]
        return {
            "phase": "Pending",
            "conditions": [{"type": "PodScheduled", "status": "True"}],
            "containerStatuses": [{**_container(name), "restartCount": restarts, "state": state, **last}],
        }

    return status


def failed(reason: str, message: str) -> Answer:
    """Return the status of a pod that its node has refused."""
    return lambda _: {"phase": "Failed", "reason": reason, "message": message}


def _container(name: str) -> dict[str, Any]:
    return {"name": name, "image": "i", "imageID": "", "restartCount": 0, "ready": False}


@contextmanager
def node(cluster: Cluster, namespace: str, answer: Answer) -> Iterator[None]:
    """Give every pod of a namespace the status that ``answer`` returns for it, as a node would; None: it waits."""
    stop = threading.Event()
    failures: list[BaseException] = []

    def work() -> None:
        try:
            asyncio.run(_serve(cluster, namespace, answer, stop))
        except BaseException as error:  # noqa: BLE001 - raised again below
            failures.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(PATIENCE)
    assert not failures, failures


async def _serve(cluster: Cluster, namespace: str, answer: Answer, stop: threading.Event) -> None:
    async with connect(cluster.kubeconfig) as connection:
        while not stop.is_set():
            path = f"/api/v1/namespaces/{namespace}/pods"
            for pod in (await connection.get(path))["items"]:
                wanted = answer(pod)
                if wanted is not None and not _told(pod["status"], wanted):
                    await _patch(connection, f"{path}/{pod['metadata']['name']}", wanted)
            await asyncio.sleep(0.2)


def _told(status: dict[str, Any], wanted: dict[str, Any]) -> bool:
    """Return whether a pod has its status: the scheduler, which finds no node for it, says something else again."""
    conditions = {each["type"]: each["status"] for each in status.get("conditions", ())}
    expected = {each["type"]: each["status"] for each in wanted.get("conditions", ())}
    return status.get("phase") == wanted["phase"] and expected.items() <= conditions.items()


async def _patch(connection: Connection, path: str, status: dict[str, Any]) -> None:
    body = {"status": status}
    with suppress(NotFoundError):  # it has been deleted since
        await connection.request("PATCH", f"{path}/status", body=body, content_type=MERGE)


def eventually(condition: Callable[[], object], what: str) -> None:
    """Wait until something is so."""
    ends = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < ends, what
        time.sleep(0.2)


class Relay:
    """What stands between a client and the API server, and can be cut. A context.

    Args:
        kubeconfig: Of the cluster.
        own: Where to write the kubeconfig that leads through the relay.
    """

    def __init__(self, kubeconfig: Path, own: Path) -> None:
        text = kubeconfig.read_text()
        self._port = int(text.partition("https://127.0.0.1:")[2].split()[0])
        self._text = text
        self._away = threading.Event()
        self._open: list[socket.socket] = []
        self.kubeconfig = own

    def __enter__(self) -> Self:
        self._server = socket.create_server(("127.0.0.1", 0))
        port = self._server.getsockname()[1]
        self.kubeconfig.write_text(self._text.replace(f"127.0.0.1:{self._port}", f"127.0.0.1:{port}"))
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.close()
        self._end_all()

    def cut(self, seconds: float) -> None:
        """End all connections, and take no new one for a while."""
        self._away.set()
        self._end_all()
        time.sleep(seconds)
        self._away.clear()

    def _end_all(self) -> None:
        for each in self._open:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._server.accept()
            except OSError:
                return
            if self._away.is_set():
                near.close()
                continue
            far = socket.create_connection(("127.0.0.1", self._port))
            self._open += (near, far)
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=_pump, args=(one, other), daemon=True).start()


def _pump(one: socket.socket, other: socket.socket) -> None:
    with suppress(OSError):
        while data := one.recv(1 << 16):
            other.sendall(data)
    for each in (one, other):
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
        each.close()
