"""What is recorded, so that alerts, dashboards and people ask the same question."""

from __future__ import annotations

from beaufort.plan.capacity import Pool
from beaufort.render.manifest import Json
from beaufort.render.monitoring import series
from beaufort.render.setting import Setting


def rules(setting: Setting) -> tuple[Json, ...]:
    """Return the recording rules."""
    known, engine = series.engine_series(setting), series.engine(setting)
    expressions = {
        "beaufort:engines_up:sum": f"sum(up{{{engine}}})",
        "beaufort:requests_waiting:sum": f"sum({known.waiting}{{{engine}}})",
        "beaufort:requests_running:sum": f"sum({known.running}{{{engine}}})",
        "beaufort:requests_waiting:per_engine": f"sum({known.waiting}{{{engine}}}) / (sum(up{{{engine}}}) > 0)",
        "beaufort:prompt_tokens:rate5m": f"sum(rate({known.prompt_tokens}{{{engine}}}[5m]))",
        "beaufort:output_tokens:rate5m": f"sum(rate({known.output_tokens}{{{engine}}}[5m]))",
        **({"beaufort:kv_usage:max": f"max({known.kv_usage}{{{engine}}})"} if known.kv_usage else {}),
        "beaufort:cost:per_hour": "\n+ ".join(_cost(setting, pool) for pool in setting.region.pools),
    }
    labels = {"namespace": setting.namespace, "service": setting.name}
    return tuple({"record": name, "expr": expr, "labels": labels} for name, expr in expressions.items())


def _cost(setting: Setting, pool: Pool) -> str:
    """Return what the running pods of a pool cost an hour, in the currency of the prices."""
    running = f'kube_pod_status_phase{{{series.engine_pods(setting, pool)},phase="Running"}}'
    price = pool.price_per_hour * setting.plan.shape.accelerators_per_node
    return f"(sum({running}) or vector(0)) * {price:.6g}"
