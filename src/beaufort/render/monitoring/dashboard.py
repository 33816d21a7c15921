"""The dashboard: is the promise kept, what waits, what is full, what it costs.

Made with Grafana's own library, so that panels have the fields that Grafana reads.
"""

from __future__ import annotations

from grafana_foundation_sdk.builders.common import VizLegendOptions
from grafana_foundation_sdk.builders.dashboard import Dashboard, DatasourceVariable, Row, ThresholdsConfig
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.builders.timeseries import Panel
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import LegendDisplayMode, LegendPlacement
from grafana_foundation_sdk.models.dashboard import DataSourceRef, Threshold, ThresholdsMode

from beaufort.render.manifest import Manifest
from beaufort.render.monitoring import series
from beaufort.render.setting import Setting

_DATASOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")
_WIDTH, _HEIGHT = 8, 7  # of a panel: three in a row of 24


def config_map(setting: Setting) -> Manifest:
    """Return the dashboard as Grafana's sidecar finds it."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            **setting.metadata("monitoring", setting.names.dashboard, {"grafana_folder": "Beaufort"}),
            "labels": {**setting.labels("monitoring"), "grafana_dashboard": "1"},
        },
        "data": {f"{setting.names.dashboard}.json": dashboard(setting)},
    }


def dashboard(setting: Setting) -> str:
    """Return the dashboard as JSON."""
    made = (
        Dashboard(f"Beaufort: {setting.name}")
        .uid(setting.names.dashboard)
        .tags(["beaufort", setting.namespace])
        .refresh("30s")
        .time("now-6h", "now")
        .timezone("browser")
        .with_variable(DatasourceVariable("datasource").label("Prometheus").type("prometheus"))
    )
    for title, panels in _rows(setting).items():
        made = made.with_row(Row(title))
        for panel in panels:
            made = made.with_panel(panel)
    return JSONEncoder(sort_keys=True, indent=1).encode(made.build()) + "\n"


def _rows(setting: Setting) -> dict[str, list[Panel]]:
    return {
        "Promises": _promises(setting),
        "Load": _load(setting),
        **({"Accelerators": _accelerators(setting)} if setting.accelerated else {}),
        "Replicas and cost": _replicas(setting),
    }


def _promises(setting: Setting) -> list[Panel]:
    wanted, known, engine = setting.spec.objectives, series.engine_series(setting), series.engine(setting)
    ratio = f"beaufort:slo_failures:ratio_rate%s{{{series.recorded(setting)}}}"
    ttft = known.ttft
    return [
        *(
            [_panel("Time to first token", "s", _quantiles(ttft.name, engine), limit=wanted.ttft.within)]
            if ttft is not None
            else []
        ),
        _panel("Time per output token", "s", _quantiles(known.tpot.name, engine), limit=wanted.tpot.within),
        _panel("Requests that missed a promise", "percentunit", {"{{slo}}, 1 h": ratio % "1h"}),
        _panel("The same over 30 days", "percentunit", {"{{slo}}": ratio % "30d"}),
        _panel(
            "Answers",
            "reqps",
            {
                "{{status}}": "sum by (status) (rate(beaufort_gateway_requests_total"
                f"{{{series.gateway(setting)}}}[$__rate_interval]))"
            },
        ),
    ]


def _load(setting: Setting) -> list[Panel]:
    known, engine, recorded = series.engine_series(setting), series.engine(setting), series.recorded(setting)
    return [
        _panel("Requests waiting", "short", {"{{pod}}": f"{known.waiting}{{{engine}}}"}),
        _panel("Requests running", "short", {"{{pod}}": f"{known.running}{{{engine}}}"}),
        _panel(
            "Tokens per second",
            "short",
            {
                "prompt": f"beaufort:prompt_tokens:rate5m{{{recorded}}}",
                "output": f"beaufort:output_tokens:rate5m{{{recorded}}}",
            },
        ),
        *(
            [_panel("KV cache in use", "percentunit", {"{{pod}}": f"{known.kv_usage}{{{engine}}}"}, limit=0.95)]
            if known.kv_usage
            else []
        ),
        *(
            [
                _panel(
                    "Requests put back",
                    "reqps",
                    {"{{pod}}": f"rate({known.preemptions}{{{engine}}}[$__rate_interval])"},
                )
            ]
            if known.preemptions
            else []
        ),
        _panel(
            "Requests at the gateways",
            "short",
            {
                "in flight": f"sum(beaufort_gateway_in_flight{{{series.gateway(setting)}}})",
                "waiting for an engine": f"sum(beaufort_gateway_waiting{{{series.gateway(setting)}}})",
            },
        ),
    ]


def _accelerators(setting: Setting) -> list[Panel]:
    known, pods = series.accelerator_series(setting), f"{{{series.engine_pods(setting)}}}"
    busy = {"{{pod}}: engine active": known.busy.replace("{}", pods)} if known.busy else {}
    total = known.memory_total.replace("{}", pods)
    return [
        _panel("Accelerator", "percent", {"{{pod}}: a kernel resident": f"{known.utilisation}{pods}", **busy}),
        _panel("Accelerator memory", "percentunit", {"{{pod}}": f"{known.memory_used}{pods} / {total}"}),
        _panel("Power", "watt", {"{{pod}}": f"{known.power}{pods}"}),
    ]


def _replicas(setting: Setting) -> list[Panel]:
    pods = series.engine_pods(setting)
    names = "|".join(setting.names.engine(pool.name) for pool in setting.region.pools)
    scalers = f'namespace="{setting.namespace}",horizontalpodautoscaler=~"(keda-hpa-)?({names})"'
    return [
        _panel(
            "Engines",
            "short",
            {
                "wanted": f"sum(kube_horizontalpodautoscaler_status_desired_replicas{{{scalers}}})",
                "at most": f"sum(kube_horizontalpodautoscaler_spec_max_replicas{{{scalers}}})",
                "pods": f"count(kube_pod_info{{{pods}}})",
                "ready": f'sum(kube_pod_status_ready{{{pods},condition="true"}})',
            },
        ),
        _panel("Ready to the gateways", "short", {"{{endpoint}}": _healthy(setting)}),
        _panel(
            f"Cost per hour, {setting.plan.cost.currency}",
            "short",
            {"now": f"beaufort:cost:per_hour{{{series.recorded(setting)}}}"},
            limit=setting.plan.cost.per_hour_at_peak,
        ),
    ]


def _healthy(setting: Setting) -> str:
    return f"min by (endpoint) (beaufort_gateway_endpoint_healthy{{{series.gateway(setting)}}})"


def _quantiles(histogram: str, matchers: str) -> dict[str, str]:
    buckets = f"sum by (le) (rate({histogram}_bucket{{{matchers}}}[$__rate_interval]))"
    return {f"p{quantile:g}": f"histogram_quantile({quantile / 100:g}, {buckets})" for quantile in (50, 95, 99)}


def _panel(title: str, unit: str, queries: dict[str, str], *, limit: float | None = None) -> Panel:
    """Return a panel with a line for each query, by its legend; above ``limit`` the ground is red."""
    panel = Panel().title(title).unit(unit).min(0).span(_WIDTH).height(_HEIGHT).datasource(_DATASOURCE)
    panel = panel.legend(
        VizLegendOptions()
        .show_legend(show_legend=True)
        .placement(LegendPlacement.BOTTOM)
        .display_mode(LegendDisplayMode.LIST)
    )
    if limit is not None:
        steps = [Threshold(value=None, color="green"), Threshold(value=limit, color="red")]
        panel = panel.thresholds(ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps))
    for position, (legend, expr) in enumerate(queries.items()):
        query = Dataquery().expr(expr).legend_format(legend).ref_id(chr(ord("A") + position))
        panel = panel.with_target(query.datasource(_DATASOURCE))
    return panel
