"""The alerts on how fast the budgets of the objectives burn, and what is recorded for them.

An objective of 95 % leaves a budget of 5 %: so many requests may miss it. An alert on a single bad minute wakes people
for nothing, one on a bad month comes too late. So each objective is watched over two windows at once, a long one that
tells that it matters and a short one that tells that it still goes on, at four rates (Google's Site Reliability
Workbook, chapter 5). A budget of 10 % cannot burn 14.4 times as fast as it may, since no more than all requests can
miss: the threshold is capped below that.
"""

from __future__ import annotations

from dataclasses import dataclass

from beaufort.render.manifest import Json
from beaufort.render.monitoring import series
from beaufort.render.monitoring.alert import alert
from beaufort.render.monitoring.objectives import Objective, objectives
from beaufort.render.setting import Setting

WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d", "30d")
_MOST = 0.9  # of the requests: a threshold above it would hardly ever be crossed


@dataclass(frozen=True, slots=True)
class Burn:
    """One rate at which a budget burns.

    Attributes:
        factor: How many times as fast as allowed.
        short: The window that tells that it still goes on.
        long: The window that tells that it matters.
        lasting: How long it has to be so.
        severity: `critical` wakes somebody, `warning` waits for the morning.
    """

    factor: float
    short: str
    long: str
    lasting: str
    severity: str


BURNS = (
    Burn(14.4, "5m", "1h", "2m", "critical"),
    Burn(6, "30m", "6h", "15m", "critical"),
    Burn(3, "2h", "1d", "1h", "warning"),
    Burn(1, "6h", "3d", "3h", "warning"),
)


def threshold(objective: Objective, burn: Burn) -> float:
    """Return the share of failures above which a budget burns so fast."""
    return min(burn.factor * objective.budget, _MOST)


def recording_rules(setting: Setting) -> tuple[Json, ...]:
    """Return what is recorded of each objective, for each window."""
    return tuple(
        {
            "record": f"beaufort:slo_failures:ratio_rate{window}",
            "expr": each.failures(window),
            "labels": {"namespace": setting.namespace, "service": setting.name, "slo": each.name},
        }
        for each in objectives(setting)
        for window in WINDOWS
    )


def alerting_rules(setting: Setting) -> tuple[Json, ...]:
    """Return the alerts."""
    return tuple(_burning(setting, each, burn) for each in objectives(setting) for burn in BURNS) + tuple(
        _spent(setting, each) for each in objectives(setting)
    )


def _burning(setting: Setting, objective: Objective, burn: Burn) -> Json:
    labels = f'{series.recorded(setting)},slo="{objective.name}"'
    limit = f"{threshold(objective, burn):.6g}"
    return alert(
        setting,
        objective.alert,
        f"beaufort:slo_failures:ratio_rate{burn.long}{{{labels}}} > {limit}\n"
        f"and beaufort:slo_failures:ratio_rate{burn.short}{{{labels}}} > {limit}",
        lasting=burn.lasting,
        severity=burn.severity,
        window=burn.long,
        summary=f"The budget of the objective {objective.name} burns {burn.factor:g} times as fast as it may",
        description=f"Promised: {objective.promise}. Over {burn.long}, {{{{ $value | humanizePercentage }}}} did not.",
    )


def _spent(setting: Setting, objective: Objective) -> Json:
    labels = f'{series.recorded(setting)},slo="{objective.name}"'
    return alert(
        setting,
        "BeaufortErrorBudgetSpent",
        f"beaufort:slo_failures:ratio_rate30d{{{labels}}} > {objective.budget:.6g}",
        lasting="1h",
        severity="warning",
        slo=objective.name,
        summary=f"The budget of the objective {objective.name} is spent",
        description=f"Promised: {objective.promise}. Over 30 days, {{{{ $value | humanizePercentage }}}} did not.",
    )
