from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pytest
import yaml

from beaufort.catalog.features import NEWEST_MINOR
from beaufort.plan.capacity import Disruption, Pool, Region, ReplicaCount, ScalePolicy, Scaling
from beaufort.plan.outcome import Cost, Expectation
from beaufort.plan.plan import Plan, Reason
from beaufort.plan.replica import EngineSettings, HostResources, Lifecycle, Memory, PlannedModel, Shape
from beaufort.render import Json, Setting
from beaufort.spec import dump, parse
from beaufort.spec.part import Part
from beaufort.units import GIB

OLDEST = 30
NEWEST = NEWEST_MINOR

_SERVICE = """\
apiVersion: beaufort.dev/v1alpha1
kind: MistralService
metadata: {{name: {name}, namespace: chat, labels: {{team: assistant}}}}
spec:
  model: {{source: '{source}'}}
  cluster: {{version: '1.30', provider: {provider}, zones: [a, b]}}
"""


def _pool(name: str, accelerator: str, replicas: int, *, per_node: int = 1, **more: object) -> Pool:
    values: dict[str, object] = {
        "capacity": "on-demand",
        "replicas": replicas,
        "max_replicas": 2 * replicas,
        "nodes": replicas,
        "max_nodes": 2 * replicas,
        "price_per_hour": 2.0,
        "price_source": "the service file",
    }
    return Pool.model_validate(
        values | {"name": name, "accelerator": accelerator, "accelerators_per_node": per_node} | more
    )


def _region(name: str, *pools: Pool) -> Region:
    planned = sum(pool.replicas for pool in pools)
    count = ReplicaCount(needed=max(planned - 1, 1), spare=1, min=1, max=max(2 * planned, 1))
    return Region(name=name, rate=4.0, peak_rate=10.0, replicas=count, pools=pools)


def make_plan(
    name: str,
    source: str,
    shape: Shape,
    *regions: Region,
    provider: str = "other",
    more: str = "",
    quantisation: str = "bf16",
) -> Plan:
    """Return a plan with plausible figures, as the planner makes them."""
    per_accelerator = 80 * GIB
    service = parse(_SERVICE.format(name=name, source=source, provider=provider) + more)
    return Plan(
        service=service,
        model=PlannedModel.model_validate(
            {
                "name": service.spec.model.name,
                "architecture": "mistral-7b-v0.3",
                "repository": source,
                "quantisation": quantisation,
                "max_model_len": 16384,
                "weight_bytes": 14_496_047_104,
                "kv_bytes_per_token": 131072,
            }
        ),
        shape=shape,
        engine=EngineSettings(
            gpu_memory_utilization=0.92,
            max_num_seqs=64,
            max_num_batched_tokens=4096,
            block_size=16,
            kv_blocks=10000,
        ),
        memory=Memory(total=per_accelerator, weights=14 * GIB, working=4 * GIB, kv_cache=50 * GIB, unused=12 * GIB),
        host=HostResources(cpus=6, memory_bytes=32 * GIB, shared_memory_bytes=8 * GIB),
        lifecycle=Lifecycle(
            startup_seconds=110.0,
            first_startup_seconds=400.0,
            pre_stop_seconds=10,
            shutdown_seconds=60,
            grace_seconds=80,
        ),
        regions=regions,
        scaling=Scaling(
            waiting_target=4.0,
            running_target=48.0,
            gpu_utilisation_target=75,
            up=ScalePolicy(stabilization_seconds=0, pods=4, percent=100, period_seconds=60),
            down=ScalePolicy(stabilization_seconds=600, pods=1, percent=10, period_seconds=120),
        ),
        disruption=Disruption(max_unavailable=1, headroom_pods=1),
        expectation=Expectation(
            ttft_seconds=0.6,
            tpot_seconds=0.03,
            running_per_replica=30.0,
            utilisation=0.7,
            requests_per_second_per_replica=5.0,
            output_tokens_per_second=1800.0,
            source="roofline",
            known_error="30 %",
        ),
        cost=Cost(per_hour=4.0, per_hour_at_peak=8.0, per_month=2920.0, per_million_tokens=0.2),
        reasons=(Reason(path="engine.max_num_seqs", why="64 sequences fit."),),
        candidates=(),
    )


_MISTRAL = "hf://mistralai/Mistral-7B-Instruct-v0.3"
_NEMO = "hf://mistralai/Mistral-Nemo-Instruct-2407"

PLANS: Mapping[str, Callable[[], Plan]] = {
    "one-l40s": lambda: make_plan(
        "mistral-7b",
        _MISTRAL,
        Shape(accelerator="L40S"),
        _region("", _pool("l40s-on-demand", "L40S", 2, per_node=4)),
        provider="eks",
    ),
    "spot": lambda: make_plan(
        "nemo-12b",
        _NEMO,
        Shape(accelerator="H100"),
        _region(
            "",
            _pool("h100-on-demand", "H100", 2, zones=("a", "b")),
            _pool("h100-spot", "H100", 4, capacity="spot"),
        ),
        provider="gke",
        quantisation="fp8",
    ),
    "two-gpus": lambda: make_plan(
        "nemo-tp2",
        _NEMO,
        Shape(accelerator="L4", tensor_parallel=2),
        _region("", _pool("l4-on-demand", "L4", 2, per_node=2)),
        provider="aks",
    ),
    "two-nodes": lambda: make_plan(
        "wide",
        _NEMO,
        Shape(accelerator="H100", tensor_parallel=4, pipeline_parallel=2, nodes=2),
        _region("", _pool("h100-on-demand", "H100", 2, per_node=4)),
    ),
    "amd": lambda: make_plan(
        "instinct",
        _NEMO,
        Shape(accelerator="MI300X"),
        _region("", _pool("mi300x-on-demand", "MI300X", 2, per_node=8)),
    ),
    "amd-two-nodes": lambda: make_plan(
        "instinct-wide",
        _NEMO,
        Shape(accelerator="MI300X", tensor_parallel=4, pipeline_parallel=2, nodes=2),
        _region("", _pool("mi300x-spot", "MI300X", 1, per_node=4, capacity="spot")),
    ),
    "regions": lambda: make_plan(
        "global",
        _MISTRAL,
        Shape(accelerator="L40S"),
        _region("eu", _pool("l40s-on-demand-eu", "L40S", 2)),
        _region("us", _pool("l40s-spot-us", "L40S", 3, capacity="spot")),
        more="  regions: [eu, us]\n",
    ),
}


def choose(plan: Plan, choices: str) -> Plan:
    """Return the plan with further lines below `spec` of its service file: `gateway: {mode: daemonset}`."""
    spec = yaml.safe_load(choices)
    plain = dump(plan.service)
    old = plain["spec"]
    assert isinstance(old, dict)
    for key, value in spec.items():
        before = old.get(key)
        old[key] = {**before, **value} if isinstance(value, dict) and isinstance(before, dict) else value
    return plan.model_copy(update={"service": parse(yaml.safe_dump(plain))})


# What the service file may choose, each at least once.
CHOICES = (
    "{}",
    "{gateway: {mode: daemonset}, scaling: {metrics: keda}, scheduling: {gates: true}, storage: {kind: none}}",
    (
        "{gateway: {replicas: 3, expose: {kind: ingress, host: a.b, className: nginx, tlsSecret: t}},"
        " scaling: {metrics: beaufort}, storage: {kind: ebs}, scheduling: {zones: required}}"
    ),
    (
        "{gateway: {expose: {kind: gateway-api, host: a.b, gateway: g, gatewayNamespace: n1, listener: https}},"
        " scaling: {gpuUtilisation: false}, storage: {kind: hyperdisk}, images: {pullSecret: regcred}}"
    ),
    "{storage: {kind: azure}, cluster: {provider: aks}, engine: emulated}",
    "{storage: {kind: class, className: efs}, cluster: {provider: eks, featureGates: [ServiceTrafficDistribution]}}",
    "{storage: {kind: class, className: block, shared: false}, model: {source: /srv/models/nemo}}",
    "{nodes: {gpuOperator: true, timeSlicing: 2}, scheduling: {profile: spread, gates: true}, cluster: {cni: cilium}}",
    (
        "{nodes: {topology: none, shutdownBy: priority}, scheduling: {profile: pack}, network: {policy: none},"
        " monitoring: {prometheus: false, dashboards: false}}"
    ),
)


@pytest.fixture(params=PLANS)
def plan(request: pytest.FixtureRequest) -> Plan:
    """Every named plan, one after the other."""
    return PLANS[request.param]()


@pytest.fixture(params=[OLDEST, NEWEST], ids=lambda minor: f"1.{minor}")
def minor(request: pytest.FixtureRequest) -> int:
    """The oldest and the newest version that is tested."""
    return int(request.param)


@pytest.fixture
def setting(plan: Plan, minor: int) -> Setting:
    """The first region of every plan in every version."""
    return Setting(plan, plan.regions[0], minor)


@pytest.fixture
def named() -> Callable[..., Setting]:
    """Return the setting of one plan by its name."""

    def make(name: str, choices: str = "{}", minor: int = OLDEST, region: int = 0) -> Setting:
        plan = choose(PLANS[name](), choices)
        return Setting(plan, plan.regions[region], minor)

    return make


@pytest.fixture
def at() -> Callable[..., Json]:
    """Return a function that follows keys and positions into an object."""

    def follow(value: Json, *path: str | int) -> Json:
        for part in path:
            if isinstance(part, str):
                assert isinstance(value, Mapping), f"no mapping above {part}: {value}"
                value = value[part]
            else:
                assert isinstance(value, Sequence), f"no list above {part}: {value}"
                value = value[part]
        return value

    return follow


def adjust(plan: Plan, **parts: Mapping[str, object]) -> Plan:
    """Return a plan with other values in parts of its service file."""
    spec = plan.service.spec
    changed = {name: _with(getattr(spec, name), values) for name, values in parts.items()}
    service = plan.service.model_copy(update={"spec": spec.model_copy(update=changed)})
    return plan.model_copy(update={"service": service})


@pytest.fixture
def adjusted() -> Callable[..., Plan]:
    """Return ``adjust``."""
    return adjust


def _with(part: Part, values: Mapping[str, object]) -> Part:
    """Return a part with other values, checked as those of a file are."""
    return type(part).model_validate(_merged(part.model_dump(), values))


def _merged(old: dict[str, object], new: Mapping[str, object]) -> dict[str, object]:
    below = {
        name: _merged(held, value) if isinstance(held := old.get(name), dict) and isinstance(value, Mapping) else value
        for name, value in new.items()
    }
    return old | below
