"""What KEDA asks Prometheus, for each pool.

A query without a result is an error here, not a zero (`ignoreNullValues: false`): a wrong label or a dead exporter
would else look like an idle service. While a pool has no replica there is no series of it: then the whole service's
stand in, so that a pool that may be empty also wakes.
"""

from __future__ import annotations

from beaufort.render.adapter import UTILISATION, whose
from beaufort.render.manifest import Json
from beaufort.render.pools import Bounds
from beaufort.render.server import Server
from beaufort.render.setting import Setting


def triggers(setting: Setting, bounds: Bounds, server: Server) -> list[Json]:
    """Return the triggers of a ScaledObject."""
    scaling = setting.plan.scaling
    asked = [
        _trigger(setting, "waiting", _sum(setting, bounds, server.waiting), scaling.waiting_target),
        _trigger(setting, "running", _sum(setting, bounds, server.running), scaling.running_target),
    ]
    if setting.guarded:
        series = UTILISATION[setting.vendor]
        namespace, pod = whose(setting)
        busy = f'sum({series}{{{namespace}="{setting.namespace}",{pod}=~"{_pods(setting, bounds)}"}})'
        accelerators = setting.plan.shape.accelerators
        # Each replica adds as many series as it has accelerators.
        query = busy if accelerators == 1 else f"{busy} / {accelerators}"
        asked.append(_trigger(setting, "utilisation", query, scaling.gpu_utilisation_target))
    if bounds.min == 0:
        asked.append(_trigger(setting, "held", _held(setting), 1))
    return asked


def _trigger(setting: Setting, name: str, query: str, target: float) -> Json:
    return {
        "type": "prometheus",
        "name": name,
        "metricType": "AverageValue",
        "metadata": {
            "serverAddress": setting.spec.scaling.prometheus,
            "query": query,
            "threshold": f"{target:g}",
            "activationThreshold": "0",
            "ignoreNullValues": "false",
        },
    }


def _sum(setting: Setting, bounds: Bounds, series: str) -> str:
    pool = f'sum({series}{{namespace="{setting.namespace}",pod=~"{_pods(setting, bounds)}"}})'
    if bounds.min > 0:
        return pool
    every = f'sum({series}{{namespace="{setting.namespace}",pod=~"{setting.names.engines}-.*"}})'
    return f"{pool} or {every}"


def _held(setting: Setting) -> str:
    """Return the query for the requests that wait at the gateways because no engine is ready."""
    return f'sum(beaufort_gateway_waiting{{namespace="{setting.namespace}",pod=~"{setting.names.gateway}-.*"}})'


def _pods(setting: Setting, bounds: Bounds) -> str:
    return f"{setting.names.engine(bounds.pool.name)}-.*"
