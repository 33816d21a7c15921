"""Alerts about the gateway, and about what it finds behind it."""

from __future__ import annotations

from beaufort.render import pools
from beaufort.render.manifest import Json
from beaufort.render.monitoring import series
from beaufort.render.monitoring.alert import alert
from beaufort.render.setting import Setting


def rules(setting: Setting) -> tuple[Json, ...]:
    """Return the alerts."""
    return _down(setting), _no_ready_engine(setting), _errors(setting)


def _down(setting: Setting) -> Json:
    return alert(
        setting,
        "BeaufortGatewayDown",
        f"absent(up{{{series.gateway(setting)}}} == 1)",
        lasting="2m",
        severity="critical",
        summary="No gateway answers",
        description="No gateway has answered Prometheus for 2 minutes: clients get nothing.",
    )


def _no_ready_engine(setting: Setting) -> Json:
    gateway = series.gateway(setting)
    # A gateway that knows no engine at all tells no series of them: it counts as none, while it is up.
    ready = f"(sum(beaufort_gateway_endpoint_healthy{{{gateway}}}) or 0 * sum(up{{{gateway}}} == 1)) == 0"
    asleep = not any(
        each.min for each in pools.bounds(setting)
    )  # no engine is then no fault, unless somebody waits for one
    waited_for = f"\nand on () sum(beaufort_gateway_waiting{{{gateway}}}) > 0" if asleep else ""
    return alert(
        setting,
        "BeaufortNoReadyEngine",
        f"{ready}{waited_for}",
        lasting=f"{int(setting.plan.lifecycle.startup_seconds) + 120}s" if asleep else "2m",
        severity="critical",
        summary="No engine is ready",
        description="The gateways know no engine that takes requests: clients get 503.",
    )


def _errors(setting: Setting) -> Json:
    return alert(
        setting,
        "BeaufortGatewayErrors",
        f'beaufort:slo_failures:ratio_rate5m{{{series.recorded(setting)},slo="availability"}} > 0.05',
        lasting="5m",
        severity="warning",
        summary="The gateway answers with errors",
        description="{{ $value | humanizePercentage }} of the requests fail or break off.",
    )
