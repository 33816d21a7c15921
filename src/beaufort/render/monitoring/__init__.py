"""The layer ``monitoring``: what is asked, recorded, shown, and worth waking somebody for.

| Module | Holds |
|---|---|
| `series` | which series are the service's, and what each engine and vendor calls them |
| `monitors` | what Prometheus asks |
| `recording` | what is recorded |
| `objectives` | the objectives as ratios |
| `burning` | how fast their budgets burn |
| `alert` | what all alerts have in common |
| `engine_alerts` `gateway_alerts` `node_alerts` | the other alerts |
| `dashboard` | the dashboard |

Every alert has a runbook of its name in ``docs/how-to/runbooks``.
"""

from __future__ import annotations

from beaufort.render.layer import Layer
from beaufort.render.manifest import Json, Manifest, yaml_text
from beaufort.render.monitoring import (
    burning,
    dashboard,
    engine_alerts,
    gateway_alerts,
    monitors,
    node_alerts,
    recording,
    series,
)
from beaufort.render.setting import Setting

_RARELY = "5m"  # windows of days need no look every 15 s


def render(setting: Setting) -> Layer:
    """Return the layer."""
    monitoring = setting.spec.monitoring
    files = {
        "prometheus-rules.yaml": yaml_text({"groups": groups(setting)}),
        "prometheus-scrape.yaml": yaml_text(monitors.scrape_file(setting)),
    }
    return Layer(
        "monitoring",
        manifests=(
            *((*monitors.manifests(setting), _rule(setting)) if monitoring.prometheus else ()),
            *((dashboard.config_map(setting),) if monitoring.dashboards else ()),
        ),
        files={} if monitoring.prometheus else files,
        notes=_notes(setting),
    )


def groups(setting: Setting) -> list[Json]:
    """Return the groups of rules, as the operator's object and Prometheus' own file hold them."""
    name = f"{setting.namespace}.{setting.name}"
    return [
        {"name": f"{name}.recording", "rules": recording.rules(setting)},
        {"name": f"{name}.objectives", "interval": "1m", "rules": _recorded_objectives(setting, slow=False)},
        {"name": f"{name}.budgets", "interval": _RARELY, "rules": _recorded_objectives(setting, slow=True)},
        {"name": f"{name}.burning", "interval": "1m", "rules": burning.alerting_rules(setting)},
        {
            "name": f"{name}.alerts",
            "rules": (
                *engine_alerts.rules(setting),
                *gateway_alerts.rules(setting),
                *node_alerts.rules(setting),
            ),
        },
    ]


def _recorded_objectives(setting: Setting, *, slow: bool) -> list[Json]:
    rules = burning.recording_rules(setting)
    return [rule for rule in rules if isinstance(rule, dict) and (str(rule["record"]).endswith("d") is slow)]


def _rule(setting: Setting) -> Manifest:
    metadata = setting.metadata("monitoring", setting.names.rules)
    labels = {**setting.labels("monitoring"), **setting.spec.monitoring.labels}
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {**metadata, "labels": labels},
        "spec": {"groups": groups(setting)},
    }


def _notes(setting: Setting) -> tuple[str, ...]:
    known = series.engine_series(setting)
    found = []
    if setting.spec.monitoring.prometheus:
        found.append(
            "The cluster needs the Prometheus Operator (monitoring.coreos.com/v1); spec.monitoring.prometheus: false "
            "writes the same as files for a Prometheus without it."
        )
    found.append("Alerts about pods, nodes and autoscaling need kube-state-metrics in the same Prometheus.")
    if known.ttft is None:
        found.append("The engine does not tell the time to first token: nothing watches that objective.")
    if not known.tpot.bounds:
        found.append("The engine's buckets are not known: nothing watches the objective for the time per token.")
    if not setting.spec.monitoring.prometheus:
        jobs = f"{series.engine_job(setting)} and {series.gateway_job(setting)}"
        found.append(f"The rules tell the service's series by the jobs {jobs}: keep the names of the scrape file.")
    return tuple(found)
