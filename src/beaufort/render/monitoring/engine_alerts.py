"""Alerts about engines: gone, full, behind."""

from __future__ import annotations

from beaufort.render import pools
from beaufort.render.manifest import Json
from beaufort.render.monitoring import series
from beaufort.render.monitoring.alert import alert
from beaufort.render.setting import Setting


def rules(setting: Setting) -> tuple[Json, ...]:
    """Return the alerts."""
    return (
        _down(setting),
        *((_metrics_missing(setting),) if any(each.min for each in pools.bounds(setting)) else ()),
        _restarting(setting),
        _queue_growing(setting),
        *_kv_cache_saturated(setting),
        *_preemptions(setting),
    )


def _down(setting: Setting) -> Json:
    return alert(
        setting,
        "BeaufortEngineDown",
        f"up{{{series.engine(setting)}}} == 0",
        lasting="5m",
        severity="warning",
        summary="An engine does not answer",
        description="{{ $labels.pod }} has not answered Prometheus for 5 minutes.",
    )


def _metrics_missing(setting: Setting) -> Json:
    return alert(
        setting,
        "BeaufortEngineMetricsMissing",
        f"absent(up{{{series.engine(setting)}}})",
        lasting="15m",
        severity="critical",
        summary="Prometheus knows no engine",
        description="There is no engine, or nobody asks it: no other alert about engines can fire.",
    )


def _restarting(setting: Setting) -> Json:
    return alert(
        setting,
        "BeaufortEngineRestarting",
        f"increase(kube_pod_container_status_restarts_total{{{series.engine_pods(setting)}}}[30m]) > 2",
        lasting="0m",
        severity="warning",
        summary="An engine starts over and over",
        description="{{ $labels.container }} of {{ $labels.pod }} started {{ $value | humanize }} times in 30 minutes.",
    )


def _queue_growing(setting: Setting) -> Json:
    target = setting.plan.scaling.waiting_target
    waiting = f"beaufort:requests_waiting:per_engine{{{series.recorded(setting)}}}"
    return alert(
        setting,
        "BeaufortQueueGrowing",
        f"{waiting} > {2 * target:g}\nand deriv({waiting}[15m]) > 0",
        lasting="10m",
        severity="warning",
        summary="Requests wait for engines, and ever more of them",
        description=f"{{{{ $value | humanize }}}} requests wait for each engine; autoscaling aims at {target:g}.",
    )


def _kv_cache_saturated(setting: Setting) -> tuple[Json, ...]:
    usage = series.engine_series(setting).kv_usage
    if usage is None:
        return ()
    return (
        alert(
            setting,
            "BeaufortKvCacheSaturated",
            f"{usage}{{{series.engine(setting)}}} > 0.95",
            lasting="10m",
            severity="warning",
            summary="An engine has no room for keys and values",
            description="{{ $value | humanizePercentage }} of the KV cache of {{ $labels.pod }} is in use.",
        ),
    )


def _preemptions(setting: Setting) -> tuple[Json, ...]:
    known, engine = series.engine_series(setting), series.engine(setting)
    if known.preemptions is None:
        return ()
    put_back = f"sum(rate({known.preemptions}{{{engine}}}[10m]))"
    return (
        alert(
            setting,
            "BeaufortPreemptions",
            f"{put_back} / (sum(rate({known.finished}{{{engine}}}[10m])) > 0) > 0.05",
            lasting="10m",
            severity="warning",
            summary="Engines put requests back and compute them again",
            description="{{ $value | humanizePercentage }} of the requests were put back for lack of KV cache.",
        ),
    )
