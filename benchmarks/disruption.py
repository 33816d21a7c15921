"""What clients notice while a service on a real cluster is disturbed.

    python benchmarks/disruption.py [-o json] [--rate 10] [--only evictions ...]

The rig's cluster, two nodes; the rendered objects of a plan, its engines emulated. A client in a pod asks the gateways'
Service all the time, through gateway pods, engine pods. Meanwhile the service is rolled, scaled, evicted, and loses a
node. What counts is what the client got:

- failed: no answer, although sent again as OpenAI's clients do;
- silent: a stream that ended as if it were whole, and is not;
- cut: the client's own connection was lost in the middle of an answer;
- told: a stream that could not go on and said so by an error event;
- resent: requests that the client itself had to send again.

Nothing may fail, be silent or be cut. Latencies are set beside those of the calm before.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

from rich.console import Console
from rich.table import Table

from beaufort.cli.plan import planned
from beaufort.render import emulate, render
from beaufort.spec import parse

ROOT = Path(__file__).parents[1]
NAMESPACE, NAME = f"disruption-{os.getpid()}", "rehearsal"
SERVICE = f"""
apiVersion: beaufort.dev/v1alpha1
kind: MistralService
metadata: {{name: {NAME}, namespace: {NAMESPACE}}}
spec:
  model: {{source: "hf://mistralai/Mistral-7B-Instruct-v0.3", contextLength: 8192}}
  replicas: 4
  traffic: {{rate: 10, promptTokens: 50, outputTokens: 60}}
  cluster: {{version: "1.30", featureGates: [ServiceTrafficDistribution]}}
  accelerators: [{{product: L40S, countPerNode: 4, maxNodes: 1, pricePerHour: 1.86}}]
  gateway: {{replicas: 2}}
  monitoring: {{prometheus: false, dashboards: false}}
"""
_CALM_SECONDS = 30.0
_AFTER_SECONDS = 10.0  # what a disturbance leaves behind still counts as its own
_PATIENCE = 300.0
_TITLE = "99th percentiles are ratios to the calm's"


class Kubectl:
    """The rig's cluster."""

    def __init__(self, status: dict[str, Any], folder: Sequence[str]) -> None:
        self._base = [f"{status['programs']}/kubectl", f"--kubeconfig={status['kubeconfig']}", "-n", NAMESPACE]
        self._folder = folder
        self._status = status

    def __call__(self, *arguments: str, text: str = "", check: bool = True) -> str:
        done = subprocess.run([*self._base, *arguments], input=text, capture_output=True, text=True, check=False)
        if done.returncode and check:
            sys.exit(f"kubectl {' '.join(arguments[:3])}: {done.stderr.strip()}")
        return done.stdout

    def start(self, *arguments: str, output: IO[str]) -> subprocess.Popen[str]:
        """Start a command that lasts; to a file, since a pipe that nobody reads would stop it."""
        return subprocess.Popen([*self._base, *arguments], stdin=subprocess.PIPE, stdout=output, text=True)

    def names(self, component: str, node: str = "") -> list[str]:
        """Return the pods of a component that are not about to leave."""
        found = json.loads(self("get", "pods", "-l", f"app.kubernetes.io/component={component}", "-o", "json"))["items"]
        here = [each for each in found if not node or each["spec"].get("nodeName") == node]
        return [each["metadata"]["name"] for each in here if "deletionTimestamp" not in each["metadata"]]

    def settled(self) -> None:
        """Wait until every Deployment is as it should be."""
        for name in self("get", "deployments", "-o", "name").split():
            self("rollout", "status", name, f"--timeout={_PATIENCE:.0f}s")

    def evict(self, pod: str) -> None:
        """Evict a pod as a drain does, again while its budget does not allow it."""
        about = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod, "namespace": NAMESPACE}}
        path = f"/api/v1/namespaces/{NAMESPACE}/pods/{pod}/eviction"
        ends = time.monotonic() + _PATIENCE
        while "Success" not in self("create", "--raw", path, "-f", "-", text=json.dumps(about), check=False):
            if time.monotonic() > ends:
                sys.exit(f"{pod} cannot be evicted")
            time.sleep(0.5)

    def unplug(self, node: str) -> None:
        """Take a node's cable out of the hub; it is in again when the node is switched on."""
        hub = next(each["pid"] for each in self._status["components"] if each["name"] == "hub")
        subprocess.run(["nsenter", f"--net=/proc/{hub}/ns/net", "ip", "link", "set", node, "down"], check=True)

    def rig(self, *arguments: str) -> None:
        _rig(*arguments, *self._folder)


@dataclass(frozen=True, slots=True)
class Phase:
    """What happened from one time to another."""

    name: str
    began: float
    ended: float


def engines_rolled(kubectl: Kubectl) -> None:
    """Replace every engine."""
    for name in kubectl("get", "deployments", "-l", "app.kubernetes.io/component=engine", "-o", "name").split():
        kubectl("rollout", "restart", name)
    kubectl.settled()


def gateways_rolled(kubectl: Kubectl) -> None:
    """Replace every gateway."""
    kubectl("rollout", "restart", f"deployment/{NAME}-gateway")
    kubectl.settled()


def scaled(kubectl: Kubectl) -> None:
    """Grow to six engines, shrink to two, and come back to four."""
    (name,) = kubectl("get", "deployments", "-l", "app.kubernetes.io/component=engine", "-o", "name").split()
    for count in (6, 2, 4):
        kubectl("scale", name, f"--replicas={count}")
        kubectl.settled()
        time.sleep(5.0)  # those that leave drain after their Deployment has forgotten them


def evicted(kubectl: Kubectl) -> None:
    """Evict two engines and a gateway, one after the other."""
    for pod in (*kubectl.names("engine")[:2], kubectl.names("gateway")[0]):
        kubectl.evict(pod)
        kubectl.settled()


def killed(kubectl: Kubectl) -> None:
    """Kill two engines without a warning, as a lack of memory does."""
    for pod in kubectl.names("engine")[:2]:
        uid = kubectl("get", "pod", pod, "-o", "jsonpath={.metadata.uid}")
        for process in _processes(uid):
            os.kill(process, signal.SIGKILL)
        time.sleep(2.0)
        kubectl.settled()


def _processes(uid: str) -> list[int]:
    """Return the engine's processes of a pod: nodes of the rig are namespaces of this machine."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended meanwhile
            if uid in (path / "cgroup").read_text() and b"emulated" in (path / "cmdline").read_bytes():
                found.append(int(path.name))
    if not found:
        sys.exit(f"no process of the pod {uid} is to be seen")
    return found


def node_lost(kubectl: Kubectl) -> None:
    """Switch the client's other node off until its pods run elsewhere, and on again.

    Its cable goes first: a machine without power closes no connection, it just says nothing any more. The gateway that
    the client uses is on its own node, the zone that its Service prefers: of one that is lost with its machine nobody
    could tell the client anything.
    """
    while not kubectl.names("gateway", "n1"):
        kubectl("delete", "pod", kubectl.names("gateway", "n2")[0])
        kubectl.settled()
    time.sleep(_AFTER_SECONDS)
    kubectl.unplug("n2")
    kubectl.rig("node", "off", "n2")
    ends = time.monotonic() + _PATIENCE
    while kubectl.names("engine", "n2") and time.monotonic() < ends:
        time.sleep(0.5)
    kubectl.settled()
    kubectl.rig("node", "on", "n2")
    time.sleep(10.0)


DISTURBANCES: dict[str, Callable[[Kubectl], None]] = {
    "engines rolled": engines_rolled,
    "gateways rolled": gateways_rolled,
    "scaled 4-6-2-4": scaled,
    "evicted": evicted,
    "killed": killed,
    "node lost": node_lost,
}


def _rig(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "rig", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(done.stderr)
    return done.stdout


@contextmanager
def cluster() -> Iterator[Kubectl]:
    """Give the cluster that runs for this checkout, or one that ends with this process; with Beaufort's image."""
    status = json.loads(_rig("status", "-o", "json"))
    place: tuple[str, ...] = ()
    with tempfile.TemporaryDirectory() as folder:
        own = not (status["healthy"] and status["nodes"])
        if own:
            place = ("--folder", f"{folder}/cluster")
            kubeconfig = ("--kubeconfig", f"{folder}/kubeconfig")
            _rig("up", "--nodes", "--until-exit-of", str(os.getpid()), *place, *kubeconfig)
            status = json.loads(_rig("status", "-o", "json", *place))
        kubectl = Kubectl(status, place)
        _rig("image", "load", _image(), *place)
        try:
            yield kubectl
        finally:
            kubectl("delete", "namespace", NAMESPACE, "--wait=false", check=False)
            if own:
                _rig("down", *place)


def _image() -> str:
    command = [sys.executable, "-m", "images.build", "beaufort"]
    built = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout
    return str(ROOT / built.split()[0])


def deploy(kubectl: Kubectl) -> str:
    """Apply the service and a pod for the client, wait for both, and return the model's name."""
    plan = emulate(planned(parse(SERVICE)))
    plan = plan.model_copy(update={"lifecycle": plan.lifecycle.model_copy(update={"startup_seconds": 3.0})})
    objects = render(plan, minor=30).regions[0]
    kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", text=objects.stream())
    image = next(
        each["spec"]["template"]["spec"]["containers"][0]["image"]  # type: ignore[call-overload, index] # a Deployment
        for each in objects.objects
        if each["kind"] == "Deployment"
    )
    client = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "client"},
        "spec": {
            "nodeSelector": {"kubernetes.io/hostname": "n1"},
            "terminationGracePeriodSeconds": 0,
            "containers": [{"name": "client", "image": image, "command": ["sleep", "infinity"]}],
        },
    }
    kubectl("apply", "-f", "-", text=json.dumps(client))
    kubectl("wait", "pod/client", "--for=condition=Ready", f"--timeout={_PATIENCE:.0f}s")
    kubectl.settled()
    return plan.model.name


def measure(
    kubectl: Kubectl, model: str, rate: float, names: Sequence[str], calm_seconds: float = _CALM_SECONDS
) -> tuple[list[Phase], list[dict[str, Any]]]:
    """Disturb the service under load, and return what happened when, and what the client got."""
    program = Path(__file__).with_name("disruption_client.py").read_text("utf-8")
    command = ("python3", "-c", program, f"{NAME}-gateway", "80", model, str(rate))
    phases = []
    with tempfile.TemporaryFile("w+", encoding="utf-8") as said:
        client = kubectl.start("exec", "-i", "client", "--", *command, output=said)
        time.sleep(3.0)
        for name in ("calm", *names):
            print(f"{name} ...", file=sys.stderr, flush=True)
            began = time.time()
            if name == "calm":
                time.sleep(calm_seconds)
            else:
                DISTURBANCES[name](kubectl)
                time.sleep(_AFTER_SECONDS)
            phases.append(Phase(name, began, time.time()))
        phases[-1] = replace(phases[-1], ended=math.inf)  # the last answers are its own
        client.communicate()  # closes its input: it asks no more, and waits for the last answers
        said.seek(0)
        return phases, [json.loads(line) for line in said]


def summary(phase: Phase, rows: Sequence[dict[str, Any]], calm: dict[str, Any] | None) -> dict[str, Any]:
    """Return what clients noticed in one phase: of all that ended in it, whenever it was asked."""
    mine = [row for row in rows if phase.began <= row["at"] + row["total"] < phase.ended]
    good = [row for row in mine if row["outcome"] == "ok"]
    count = max(1, len(mine))
    outcomes = {name: sum(row["outcome"] == name for row in mine) for name in ("failed", "silent", "cut", "told")}
    p99 = {name: _quantile([row[key] for row in good], 0.99) for name, key in (("ttft", "first"), ("total", "total"))}
    return {
        "disturbance": phase.name,
        "requests": len(mine),
        **outcomes,
        "resent": sum(row["retries"] for row in mine),
        "failed_over_requests": (outcomes["failed"] + outcomes["silent"] + outcomes["cut"]) / count,
        "told_over_requests": outcomes["told"] / count,
        **{f"{name}_p99_seconds": round(value, 3) for name, value in p99.items()},
        **{
            f"{name}_p99_over_calm": round(value / calm[f"{name}_p99_seconds"], 2) if calm else 1.0
            for name, value in p99.items()
        },
    }


def _quantile(values: Sequence[float], part: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else float("nan")


def show(results: Sequence[dict[str, Any]]) -> None:
    """Print the table."""
    table = Table(
        "disturbance", "requests", "failed", "silent", "cut", "told", "resent", "TTFT p99", "p99", title=_TITLE
    )
    for row in results:
        counts = (str(row[name]) for name in ("requests", "failed", "silent", "cut", "told", "resent"))
        table.add_row(
            row["disturbance"], *counts, f"{row['ttft_p99_over_calm']:.2f}", f"{row['total_p99_over_calm']:.2f}"
        )
    Console().print(table)


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", choices=["table", "json"], default="table")
    parser.add_argument("--rate", type=float, default=10.0, help="requests a second")
    parser.add_argument("--only", nargs="+", choices=list(DISTURBANCES), default=list(DISTURBANCES))
    parser.add_argument("--rows", type=Path, help="also write every request that did not go well here")
    options = parser.parse_args()
    with cluster() as kubectl:
        phases, rows = measure(kubectl, deploy(kubectl), options.rate, options.only)
    results: list[dict[str, Any]] = []
    for phase in phases:
        results.append(summary(phase, rows, results[0] if results else None))
    if options.rows:
        bad = [row for row in rows if row["outcome"] != "ok" or row["retries"]]
        options.rows.write_text("".join(json.dumps(row) + "\n" for row in bad), "utf-8")
    if options.output == "json":
        print(json.dumps({"rate": options.rate, "disturbances": results}, indent=1))
    else:
        show(results)


if __name__ == "__main__":
    main()
